import type { Reject } from "../model/record.ts";
import type { InputCounts, RejectSummary } from "../model/report.ts";
import type { Instant } from "../model/time.ts";

/** What became of the records of one batch. `records = accepted + duplicate + filtered + rejected`. */
export interface Tally {
  bytes: number;
  records: number;
  accepted: number;
  duplicate: number;
  filtered: number;
  rejected: number;
  readonly byCategory: Map<string, number>;
  /** By stage and reason; the first sample is kept. */
  readonly rejects: Map<string, RejectSummary>;
  from: Instant | null;
  to: Instant | null;
}

/** Categories counted by name; further ones are counted together. */
const MAX_CATEGORIES = 200;
const OTHER = "(other categories)";

export const createTally = (): Tally => ({
  bytes: 0,
  records: 0,
  accepted: 0,
  duplicate: 0,
  filtered: 0,
  rejected: 0,
  byCategory: new Map(),
  rejects: new Map(),
  from: null,
  to: null,
});

function countCategory(tally: Tally, category: string, count = 1): void {
  const name = tally.byCategory.has(category) || tally.byCategory.size < MAX_CATEGORIES ? category : OTHER;
  tally.byCategory.set(name, (tally.byCategory.get(name) ?? 0) + count);
}

export function countReject(tally: Tally, reject: Reject): void {
  tally.records += 1;
  tally.rejected += 1;
  const key = `${reject.stage}|${reject.reason}`;
  const known = tally.rejects.get(key);
  const { source, partition, sequence, index } = reject.position;
  const sample =
    `${source}/${partition}:${sequence}${index === 0 ? "" : `[${index}]`}: ${reject.detail} ${reject.sample}`.slice(
      0,
      400,
    );
  tally.rejects.set(key, {
    stage: reject.stage,
    reason: reject.reason,
    count: (known?.count ?? 0) + 1,
    sample: known?.sample ?? sample,
  });
}

export function countFiltered(tally: Tally, category: string): void {
  tally.records += 1;
  tally.filtered += 1;
  countCategory(tally, category);
}

export function countDuplicate(tally: Tally): void {
  tally.records += 1;
  tally.duplicate += 1;
}

/** `time` is undefined for what is of no time, a role inventory, or was counted by itself. */
export function countAccepted(tally: Tally, category: string, time: Instant | undefined, count = 1): void {
  tally.records += count;
  tally.accepted += count;
  countCategory(tally, category, count);
  if (time !== undefined) countTime(tally, time);
}

export function countTime(tally: Tally, time: Instant): void {
  if (tally.from === null || time < tally.from) tally.from = time;
  if (tally.to === null || time > tally.to) tally.to = time;
}

/** Adds what one batch counted to the whole. */
export function addTally(into: Tally, from: Tally): void {
  into.bytes += from.bytes;
  into.records += from.records;
  into.accepted += from.accepted;
  into.duplicate += from.duplicate;
  into.filtered += from.filtered;
  into.rejected += from.rejected;
  for (const [category, count] of from.byCategory) countCategory(into, category, count);
  for (const [key, summary] of from.rejects) {
    const known = into.rejects.get(key);
    into.rejects.set(key, known === undefined ? summary : { ...known, count: known.count + summary.count });
  }
  if (from.from !== null) countTime(into, from.from);
  if (from.to !== null) countTime(into, from.to);
}

export const inputCounts = (tally: Tally): InputCounts => ({
  bytes: tally.bytes,
  records: tally.records,
  accepted: tally.accepted,
  duplicate: tally.duplicate,
  filtered: tally.filtered,
  rejected: tally.rejected,
  byCategory: Object.fromEntries([...tally.byCategory].toSorted((a, b) => b[1] - a[1])),
  rejects: [...tally.rejects.values()].toSorted((a, b) => b.count - a.count),
  from: tally.from,
  to: tally.to,
});
