import type { Analysis } from "./analysis.ts";
import { giveBack } from "./decode/scan/scanner.ts";
import { hash64 } from "./lib/hash.ts";
import { Fingerprint } from "./correlate/fingerprint.ts";
import { forgetSeen, sawBefore } from "./correlate/seen.ts";
import {
  countAccepted,
  countDuplicate,
  countFiltered,
  countReject,
  countTime,
  createTally,
  type Tally,
} from "./findings/input-counts.ts";
import {
  CATEGORY,
  createEventTable,
  type EventTable,
  fitted,
  GATEWAY_KIND,
  KEY,
  keepRows,
  kindOf,
  OPERATION_KIND,
  timeOf,
  WORDS,
} from "./model/event-table.ts";
import { nameId, type Names, nameText } from "./model/names.ts";
import type { RawRecord, Reject } from "./model/record.ts";
import { epochMs } from "./model/time.ts";
import { putEvent } from "./normalize/event-row.ts";
import type { JoinPath } from "./normalize/join-path.ts";
import { doubtOf } from "./normalize/doubt.ts";
import { DATA_PLANE_REQUESTS, GATEWAY_LOGS, normalize, type Normalized } from "./normalize/normalize.ts";
import { putScanned, ScanMemo } from "./normalize/scanned.ts";
import type { Settings } from "./settings.ts";
import type { Batch } from "./sources/source.ts";

/** A record that is no event of a moment: of a role inventory, or of a table that has added operations up. */
export interface Fact {
  readonly what: Extract<Normalized, { kind: "role" | "total" }>;
  /** Its fingerprint. */
  readonly mark: readonly [high: number, low: number];
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
  readonly unsure?: NonNullable<Batch["unsure"]>;
  readonly facts?: readonly Fact[];
  readonly lists?: NonNullable<Batch["lists"]>;
  /** Partitions that are about to be read: at the start of a source. */
  readonly expects?: readonly string[];
  /** Partitions that are behind and silent: the watermark waits for them no longer. */
  readonly silent?: readonly string[];
  /** Whether these are silent because nobody reads them any more. */
  readonly left?: boolean;
  /** What the analysis goes by from now on. */
  readonly settings?: Settings;
}

const fingerprint = new Fingerprint();

interface From {
  readonly source?: string;
  readonly joinBy?: JoinPath | undefined;
  readonly memo?: ScanMemo;
  /** An empty table that the events are put into, with more room than they need; without it, they have one of their own that fits. */
  readonly room?: EventTable;
  /** Told of each reject, and of the record where there is one. */
  readonly onReject?: (reject: Reject, record?: RawRecord) => void;
}

/** decode → normalize: a batch to new events; repeats, other categories and unreadable records are counted. */
export function accept(analysis: Analysis, batch: Batch, from: From = {}): Accepted {
  const { source, room } = from;
  const { texts } = analysis.names;
  const known = texts.length;
  const events = room ?? createEventTable(batch.records.length);
  const { tally, facts } = putBatch(analysis.names, batch, events, from);
  keepNew(analysis, events, tally);
  const { caughtUp, enqueued, gap, lists, unsure } = batch;
  const partition = source === undefined ? batch.partition : `${source}/${batch.partition}`;
  const kept = newFacts(analysis, facts, tally);
  return {
    partition,
    events: room ?? fitted(events),
    texts: texts.slice(known),
    tally,
    caughtUp,
    enqueued,
    gap,
    // Of a list the repeats belong to it, too.
    facts: lists === undefined ? kept : facts,
    ...(lists === undefined ? {} : { lists }),
    ...(unsure === undefined ? {} : { unsure }),
  };
}

/** What `putBatch` found beside events. */
export interface Put {
  readonly tally: Tally;
  /** Repeats too; not counted yet. */
  readonly facts: readonly Fact[];
}

/** Puts the events of a batch, repeats too, behind the rows of a table; what is neither event nor fact is counted. */
export function putBatch(names: Names, batch: Batch, events: EventTable, from: From): Put {
  const { joinBy, memo = new ScanMemo(), onReject } = from;
  const tally = createTally();
  const facts: Fact[] = [];
  tally.bytes = batch.bytes;
  for (const reject of batch.rejects) {
    countReject(tally, reject);
    onReject?.(reject);
  }
  for (const record of batch.records) {
    const normalized = normalize(record, joinBy);
    const doubt = record.last === undefined ? undefined : doubtOf(record, normalized, joinBy);
    if (doubt !== undefined) {
      countReject(tally, doubt);
      onReject?.(doubt);
    }
    if (normalized.kind === "reject") {
      countReject(tally, normalized.reject);
      onReject?.(normalized.reject, record);
    } else if (normalized.kind === "filtered") countFiltered(tally, normalized.category);
    else if (normalized.kind === "event") putEvent(events, names, normalized.event, normalized.category);
    else facts.push({ what: normalized, mark: hash64(contentOf(record, normalized), names.seed) });
  }
  for (const columns of batch.scans ?? []) {
    putScanned(columns, events, names, memo);
    giveBack(columns);
  }
  return { tally, facts };
}

/** One role of two inventories is one fact, whatever else they say of it; rows of a table are told apart by all they say. */
const contentOf = (record: RawRecord, what: Fact["what"]): string =>
  JSON.stringify(what.kind === "role" ? what.role : record.value);

/** Of the facts those that were not seen before. */
export function newFacts({ seen }: Analysis, facts: readonly Fact[], tally: Tally): readonly Fact[] {
  return facts.filter(({ what, mark }) => {
    if (sawBefore(seen, ...mark)) {
      countDuplicate(tally);
      return false;
    }
    countAccepted(tally, what.category, what.kind === "total" ? what.total.time : undefined);
    return true;
  });
}

/** Of the rows those stay that were not seen before. */
function keepNew(analysis: Analysis, events: EventTable, tally: Tally): void {
  keepRows(events, (place) => {
    const isKept = isNew(analysis, events, place);
    if (!isKept) countDuplicate(tally);
    return isKept;
  });
  countRows(tally, events, analysis.names);
}

/** Whether the record that a row came from was not seen before; from now on it was. */
function isNew({ names, seen }: Analysis, events: EventTable, place: number): boolean {
  fingerprint.of(events, place, names);
  return !sawBefore(seen, fingerprint.high, fingerprint.low);
}

/**
 * Of rows in the order of event time those stay that were not there before: repeats are of one millisecond, so that no
 * more needs to be remembered. `last`: the millisecond of the row before the first; gives that of the last.
 */
export function keepDistinct(analysis: Analysis, events: EventTable, last: number): number {
  const { names, seen, input } = analysis;
  let before = last;
  let distinctUntil = 0;
  keepRows(events, (place) => {
    const ms = msOf(events, place);
    if (ms !== before) {
      forgetSeen(seen);
      distinctUntil = endOfDistinct(events, place, ms);
    }
    before = ms;
    const isKept = place < distinctUntil || isNew(analysis, events, place);
    if (!isKept) countDuplicate(input);
    return isKept;
  });
  countRows(input, events, names);
  return before;
}

/** Rows of one millisecond that are compared by kind and id, each with each, before their fingerprints are. */
const FEW = 8;

/**
 * The end of the rows of a millisecond, which begin at `first`, where each has another kind or id, so that none is a repeat;
 * else `first`. Those at the end of the table may go on in the next one.
 */
function endOfDistinct(events: EventTable, first: number, ms: number): number {
  let end = first + 1;
  while (end < events.count && end - first <= FEW && msOf(events, end) === ms) end += 1;
  if (end === events.count || end - first > FEW) return first;
  for (let a = first + 1; a < end; a++) for (let b = first; b < a; b++) if (mayBeOne(events, a, b)) return first;
  return end;
}

/** A request and its operation have one id. Other events than calls have no id, all of them the same one. */
function mayBeOne(events: EventTable, a: number, b: number): boolean {
  if (kindOf(events, a) !== kindOf(events, b)) return false;
  const { words } = events;
  const keyA = WORDS * a + KEY;
  const keyB = WORDS * b + KEY;
  for (let i = 0; i < 4; i++) if (words[keyA + i] !== words[keyB + i]) return false;
  return true;
}

const msOf = (events: EventTable, place: number): number => epochMs(timeOf(events, place));

/** Counts the records that rows came from, as if one by one: categories in the order of their first rows. */
function countRows(tally: Tally, events: EventTable, names: Names): void {
  if (events.count === 0) return;
  let from = timeOf(events, 0);
  let to = from;
  let gateways = 0;
  let operations = 0;
  for (let place = 0; place < events.count; place++) {
    const time = timeOf(events, place);
    if (time < from) from = time;
    if (time > to) to = time;
    const kind = kindOf(events, place);
    if (kind === GATEWAY_KIND && gateways++ > 0) continue;
    if (kind === OPERATION_KIND && operations++ > 0) continue;
    countAccepted(tally, categoryOf(events, place, names), undefined);
  }
  if (gateways > 1) countAccepted(tally, GATEWAY_LOGS, undefined, gateways - 1);
  if (operations > 1) countAccepted(tally, DATA_PLANE_REQUESTS, undefined, operations - 1);
  countTime(tally, from);
  countTime(tally, to);
}

/** The category of the record that a row came from. */
function categoryOf(events: EventTable, place: number, names: Names): string {
  const kind = kindOf(events, place);
  if (kind === GATEWAY_KIND) return GATEWAY_LOGS;
  if (kind === OPERATION_KIND) return DATA_PLANE_REQUESTS;
  return nameText(names, events.words[WORDS * place + CATEGORY] ?? 0) ?? "";
}

/** What `accept` did to the analysis, done again by its outcome. */
export function acceptAgain(analysis: Analysis, { events, texts, facts }: Accepted): void {
  for (const { mark } of facts ?? []) sawBefore(analysis.seen, ...mark);
  for (const text of texts) nameId(analysis.names, text);
  for (let place = 0; place < events.count; place++) isNew(analysis, events, place);
}
