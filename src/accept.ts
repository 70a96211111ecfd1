import type { Analysis } from "./analysis.ts";
import { hash64 } from "./lib/hash.ts";
import { Fingerprint } from "./correlate/fingerprint.ts";
import { sawBefore } from "./correlate/seen.ts";
import {
  countAccepted,
  countDuplicate,
  countFiltered,
  countReject,
  createTally,
  type Tally,
} from "./findings/input-counts.ts";
import {
  copyRow,
  createEventTable,
  type EventTable,
  fitted,
  GATEWAY_KIND,
  kindOf,
  takeBack,
  timeOf,
} from "./model/event-table.ts";
import type { RoleRecord } from "./model/grant.ts";
import { nameId } from "./model/names.ts";
import type { RawRecord } from "./model/record.ts";
import type { UseTotal } from "./model/use-total.ts";
import { putEvent } from "./normalize/event-row.ts";
import type { JoinPath } from "./normalize/join-path.ts";
import { DATA_PLANE_REQUESTS, GATEWAY_LOGS, normalize, type Normalized } from "./normalize/normalize.ts";
import { putScanned, ScanMemo } from "./normalize/scanned.ts";
import type { Batch } from "./sources/source.ts";

/** Records that are no events of a moment: role inventories, and operations that a table has added up. */
export interface Facts {
  readonly roles: RoleRecord[];
  readonly totals: UseTotal[];
  /** Their fingerprints. */
  readonly marks: (readonly [high: number, low: number])[];
}

/** What is left of a batch once it is normalized: new events, redacted, and what was counted. */
export interface Accepted {
  readonly partition: string;
  readonly events: EventTable;
  /** Texts that came with the batch: the analysis' names go on with them. */
  readonly texts: readonly string[];
  readonly tally: Tally;
  readonly caughtUp: boolean;
  readonly enqueued: Batch["enqueued"];
  readonly gap: Batch["gap"];
  readonly facts?: Facts;
  /** Partitions that are about to be read: at the start of a source. */
  readonly expects?: readonly string[];
  /** Partitions that are behind and silent: the watermark waits for them no longer. */
  readonly silent?: readonly string[];
}

const fingerprint = new Fingerprint();

/** decode → normalize: a batch to new events; repeats, other categories and unreadable records are counted. */
export function accept(
  analysis: Analysis,
  batch: Batch,
  from: { readonly source?: string; readonly joinBy?: JoinPath | undefined; readonly memo?: ScanMemo } = {},
): Accepted {
  const { source, joinBy, memo = new ScanMemo() } = from;
  const { names, seen } = analysis;
  const known = names.texts.length;
  const tally = createTally();
  const events = createEventTable(batch.records.length);
  const facts: Facts = { roles: [], totals: [], marks: [] };
  tally.bytes = batch.bytes;
  for (const reject of batch.rejects) countReject(tally, reject);
  for (const record of batch.records) {
    const normalized = normalize(record, joinBy);
    if (normalized.kind === "reject") countReject(tally, normalized.reject);
    else if (normalized.kind === "filtered") countFiltered(tally, normalized.category);
    else if (normalized.kind !== "event") keepFact(analysis, record, normalized, { facts, tally });
    else {
      const place = putEvent(events, names, normalized.event);
      fingerprint.of(events, place, names);
      if (sawBefore(seen, fingerprint.high, fingerprint.low)) {
        takeBack(events);
        countDuplicate(tally);
      } else countAccepted(tally, normalized.category, normalized.event.time);
    }
  }
  for (const columns of batch.scans ?? []) {
    const first = events.count;
    putScanned(columns, events, names, memo);
    keepNew(analysis, events, first, tally);
  }
  const { caughtUp, enqueued, gap } = batch;
  const partition = source === undefined ? batch.partition : `${source}/${batch.partition}`;
  return { partition, events: fitted(events), texts: names.texts.slice(known), tally, caughtUp, enqueued, gap, facts };
}

/** A fact that is no event stays unless the very same record was there before. */
function keepFact(
  { names, seen }: Analysis,
  record: RawRecord,
  fact: Extract<Normalized, { kind: "role" | "total" }>,
  { facts, tally }: { readonly facts: Facts; readonly tally: Tally },
): void {
  const mark = hash64(JSON.stringify(fact.kind === "role" ? fact.role : record.value), names.seed);
  if (sawBefore(seen, ...mark)) return countDuplicate(tally);
  facts.marks.push(mark);
  if (fact.kind === "role") facts.roles.push(fact.role);
  else facts.totals.push(fact.total);
  countAccepted(tally, fact.category, fact.kind === "total" ? fact.total.time : undefined);
}

/** Of the rows from `first` on those stay that were not seen before. */
function keepNew({ names, seen }: Analysis, events: EventTable, first: number, tally: Tally): void {
  const { count } = events;
  events.count = first;
  for (let place = first; place < count; place++) {
    fingerprint.of(events, place, names);
    if (sawBefore(seen, fingerprint.high, fingerprint.low)) {
      countDuplicate(tally);
      continue;
    }
    const category = kindOf(events, place) === GATEWAY_KIND ? GATEWAY_LOGS : DATA_PLANE_REQUESTS;
    countAccepted(tally, category, timeOf(events, place));
    if (place !== events.count) copyRow(events, place, events, events.count);
    events.count += 1;
  }
}

/** What `accept` did to the analysis, done again by its outcome. */
export function acceptAgain({ names, seen }: Analysis, { events, texts, facts }: Accepted): void {
  for (const mark of facts?.marks ?? []) sawBefore(seen, ...mark);
  for (const text of texts) nameId(names, text);
  for (let place = 0; place < events.count; place++) {
    fingerprint.of(events, place, names);
    sawBefore(seen, fingerprint.high, fingerprint.low);
  }
}
