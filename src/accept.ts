import type { Analysis } from "./analysis.ts";
import { giveBack } from "./decode/scan/scanner.ts";
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
import { nameId } from "./model/names.ts";
import { putEvent } from "./normalize/event-row.ts";
import type { JoinPath } from "./normalize/join-path.ts";
import { DATA_PLANE_REQUESTS, GATEWAY_LOGS, normalize } from "./normalize/normalize.ts";
import { putScanned, ScanMemo } from "./normalize/scanned.ts";
import type { Batch } from "./sources/source.ts";

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
  /** Partitions that are about to be read: at the start of a source. */
  readonly expects?: readonly string[];
  /** Partitions that are behind and silent: the watermark waits for them no longer. */
  readonly silent?: readonly string[];
}

const fingerprint = new Fingerprint();

interface From {
  readonly source?: string;
  readonly joinBy?: JoinPath | undefined;
  readonly memo?: ScanMemo;
}

/** decode → normalize: a batch to new events; repeats, other categories and unreadable records are counted. */
export function accept(analysis: Analysis, batch: Batch, from: From = {}): Accepted {
  const { source } = from;
  const { texts } = analysis.names;
  const known = texts.length;
  const events = createEventTable(batch.records.length);
  const tally = acceptInto(analysis, batch, events, from);
  const { caughtUp, enqueued, gap } = batch;
  const partition = source === undefined ? batch.partition : `${source}/${batch.partition}`;
  return { partition, events: fitted(events), texts: texts.slice(known), tally, caughtUp, enqueued, gap };
}

/** As `accept`, with the new events behind the rows that a table has. */
export function acceptInto(analysis: Analysis, batch: Batch, events: EventTable, from: From): Tally {
  const { joinBy, memo = new ScanMemo() } = from;
  const { names, seen } = analysis;
  const tally = createTally();
  tally.bytes = batch.bytes;
  for (const reject of batch.rejects) countReject(tally, reject);
  for (const record of batch.records) {
    const normalized = normalize(record, joinBy);
    if (normalized.kind === "reject") countReject(tally, normalized.reject);
    else if (normalized.kind === "filtered") countFiltered(tally, normalized.category);
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
    giveBack(columns);
    keepNew(analysis, events, first, tally);
  }
  return tally;
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
export function acceptAgain({ names, seen }: Analysis, { events, texts }: Accepted): void {
  for (const text of texts) nameId(names, text);
  for (let place = 0; place < events.count; place++) {
    fingerprint.of(events, place, names);
    sawBefore(seen, fingerprint.high, fingerprint.low);
  }
}
