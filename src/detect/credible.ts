import { addKey, clearTable, createTable64, findKey, removeSlot, type Table64 } from "../lib/table64.ts";
import { type DurationMs, type Instant, instantFromTicks, msBetween } from "../model/time.ts";
import {
  addUnit,
  createRecentUnits,
  fetchUnits,
  findUnit,
  forgetOldest,
  notedAt,
  noteUnit,
  otherOf,
  type RecentUnits,
} from "./recent-units.ts";
import type { Units } from "./units.ts";

/** A unit by its key. */
export interface UnitKey {
  readonly high: number;
  readonly low: number;
}

/** Refusals of one unit without a success in between. */
interface Run {
  readonly counted: number;
  readonly lastCounted: Instant;
  /** Serial number of the row of the last counted refusal, to weigh retries on it. */
  readonly row: number;
  readonly symptom: string;
}

/**
 * Who succeeded lately, and who is being refused again and again.
 * A refusal says something about an outage only when the same unit (caller, operation) has succeeded within a day.
 */
export interface Credibility {
  readonly limit: number;
  /** Units that succeeded, each noted with the key of the unit that its successes are counted under. */
  readonly succeeded: RecentUnits;
  /** Units that are being refused; what is known of each, by slot. */
  readonly refused: Table64;
  readonly runs: (Run | undefined)[];
  /** Refusals of units that never succeeded: scanners, callers without any right, APIs that are down for all. */
  never: number;
  /** Units forgotten because `limit` was reached. */
  evicted: number;
}

export const createCredibility = (limit: number): Credibility => ({
  limit,
  succeeded: createRecentUnits(),
  refused: createTable64(),
  runs: [],
  never: 0,
  evicted: 0,
});

export type Verdict =
  | { readonly kind: "trial"; readonly unit: UnitKey }
  /** A retry or one of a long run: weigh it on the row that was written for the run. */
  | { readonly kind: "collapsed"; readonly unit: UnitKey; readonly row: number; readonly symptom: string }
  | { readonly kind: "never-succeeded" };

const MEMORY_MS: DurationMs = 86_400_000;
const RETRY_MS: DurationMs = 5_000;
const RUN_COUNTED = 4;
const RUN_SPACING_MS: DurationMs = 10_000;
/** A success is noted again only when the last note is this old. */
const REFRESH_MS: DurationMs = 60_000;

/**
 * Notes a success of all the units that a call belongs to; it is counted under the first, whose slot among those that
 * succeeded is given: -1 where it has none.
 */
export function noteSuccess(state: Credibility, units: Units, at: Instant): number {
  const { keys, count } = units;
  const { succeeded, refused } = state;
  fetchUnits(succeeded, keys, count);
  let first = -1;
  for (let i = 0; i < count; i++) {
    const high = keys[2 * i] ?? 0;
    const low = keys[2 * i + 1] ?? 0;
    if (refused.size > 0) endRun(state, high, low);
    let slot = findUnit(succeeded, high, low);
    if (slot < 0) slot = addUnit(succeeded, high, low);
    else if (msBetween(at, instantFromTicks(notedAt(succeeded, slot))) < REFRESH_MS) {
      if (i === 0) first = slot;
      continue;
    }
    noteUnit(succeeded, slot, at, keys);
    if (i === 0) first = slot;
  }
  if (succeeded.size <= state.limit) return first;
  evict(state);
  return -1;
}

function endRun(state: Credibility, high: number, low: number): void {
  const slot = findKey(state.refused, high, low);
  if (slot < 0) return;
  removeSlot(state.refused, slot);
  state.runs[slot] = undefined;
}

/** Whether a refusal counts, and as what; `isVouched`: what else speaks for a caller whose units never succeeded. */
export function judgeRefusal(
  state: Credibility,
  units: Units,
  at: Instant,
  isVouched: () => boolean = () => false,
): Verdict {
  const slot = lately(state, units, at);
  if (slot < 0 && !isVouched()) {
    state.never += 1;
    return { kind: "never-succeeded" };
  }
  const unit = slot < 0 ? { high: units.keys[0] ?? 0, low: units.keys[1] ?? 0 } : otherOf(state.succeeded, slot);
  const run = state.runs[findKey(state.refused, unit.high, unit.low)];
  if (run !== undefined) {
    const since = msBetween(at, run.lastCounted);
    const collapsed = since < RETRY_MS || (run.counted >= RUN_COUNTED && since < RUN_SPACING_MS);
    if (collapsed) return { kind: "collapsed", unit, row: run.row, symptom: run.symptom };
  }
  return { kind: "trial", unit };
}

/** Slot of the first of the units that succeeded within the memory; -1 for none. */
function lately({ succeeded }: Credibility, { keys, count }: Units, at: Instant): number {
  for (let i = 0; i < count; i++) {
    const slot = findUnit(succeeded, keys[2 * i] ?? 0, keys[2 * i + 1] ?? 0);
    if (slot >= 0 && msBetween(at, instantFromTicks(notedAt(succeeded, slot))) <= MEMORY_MS) return slot;
  }
  return -1;
}

/** Remembers where a counted refusal was written. */
export function noteRefusal(
  state: Credibility,
  unit: UnitKey,
  refusal: { at: Instant; row: number; symptom: string },
): void {
  const { refused, runs } = state;
  const counted = (runs[findKey(refused, unit.high, unit.low)]?.counted ?? 0) + 1;
  if (refused.size >= state.limit) {
    clearTable(refused);
    runs.length = 0;
  }
  const known = findKey(refused, unit.high, unit.low);
  const slot = known < 0 ? addKey(refused, unit.high, unit.low) : known;
  runs[slot] = { counted, lastCounted: refusal.at, row: refusal.row, symptom: refusal.symptom };
}

/** Units whose success was noted longest ago go, down to nine tenths of the limit. */
function evict(state: Credibility): void {
  const { succeeded } = state;
  const most = Math.floor(state.limit * 0.9);
  for (; succeeded.size > most; state.evicted += 1) forgetOldest(succeeded);
}
