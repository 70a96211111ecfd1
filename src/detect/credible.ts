import { addKey, clearTable, createTable64, findKey, removeSlot, slotsOf, type Table64 } from "../lib/table64.ts";
import { type DurationMs, type Instant, instantFromTicks, msBetween } from "../model/time.ts";
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
  /** Units that succeeded. By slot: when last, and the key of the unit that successes of it are counted under. */
  readonly succeeded: Table64;
  at: Float64Array;
  unit: Int32Array;
  /** By slot: the slots whose success was noted next and before; -1 at the ends. */
  next: Int32Array;
  previous: Int32Array;
  oldest: number;
  newest: number;
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
  succeeded: createTable64(),
  at: new Float64Array(),
  unit: new Int32Array(),
  next: new Int32Array(),
  previous: new Int32Array(),
  oldest: -1,
  newest: -1,
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

/** Notes a success of all the units that a call belongs to; it is counted under the first. */
export function noteSuccess(state: Credibility, units: Units, at: Instant): void {
  const { keys, count } = units;
  const { succeeded, refused } = state;
  for (let i = 0; i < count; i++) {
    const high = keys[2 * i] ?? 0;
    const low = keys[2 * i + 1] ?? 0;
    if (refused.size > 0) endRun(state, high, low);
    let slot = findKey(succeeded, high, low);
    if (slot < 0) {
      slot = addKey(succeeded, high, low);
      ensureSlots(state);
    } else {
      if (msBetween(at, instantFromTicks(state.at[slot] ?? 0)) < REFRESH_MS) continue;
      unlink(state, slot);
    }
    append(state, slot);
    state.at[slot] = at;
    state.unit[2 * slot] = keys[0] ?? 0;
    state.unit[2 * slot + 1] = keys[1] ?? 0;
  }
  if (succeeded.size > state.limit) evict(state);
}

function endRun(state: Credibility, high: number, low: number): void {
  const slot = findKey(state.refused, high, low);
  if (slot < 0) return;
  removeSlot(state.refused, slot);
  state.runs[slot] = undefined;
}

/** Whether a refusal counts, and as what. */
export function judgeRefusal(state: Credibility, units: Units, at: Instant): Verdict {
  const slot = lately(state, units, at);
  if (slot < 0) {
    state.never += 1;
    return { kind: "never-succeeded" };
  }
  const unit = { high: state.unit[2 * slot] ?? 0, low: state.unit[2 * slot + 1] ?? 0 };
  const run = state.runs[findKey(state.refused, unit.high, unit.low)];
  if (run !== undefined) {
    const since = msBetween(at, run.lastCounted);
    const collapsed = since < RETRY_MS || (run.counted >= RUN_COUNTED && since < RUN_SPACING_MS);
    if (collapsed) return { kind: "collapsed", unit, row: run.row, symptom: run.symptom };
  }
  return { kind: "trial", unit };
}

/** Slot of the first of the units that succeeded within the memory; -1 for none. */
function lately({ succeeded, at: times }: Credibility, { keys, count }: Units, at: Instant): number {
  for (let i = 0; i < count; i++) {
    const slot = findKey(succeeded, keys[2 * i] ?? 0, keys[2 * i + 1] ?? 0);
    if (slot >= 0 && msBetween(at, instantFromTicks(times[slot] ?? 0)) <= MEMORY_MS) return slot;
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
  while (state.succeeded.size > state.limit * 0.9 && state.oldest >= 0) {
    const slot = state.oldest;
    unlink(state, slot);
    removeSlot(state.succeeded, slot);
    state.evicted += 1;
  }
}

function append(state: Credibility, slot: number): void {
  state.previous[slot] = state.newest;
  state.next[slot] = -1;
  if (state.newest >= 0) state.next[state.newest] = slot;
  else state.oldest = slot;
  state.newest = slot;
}

function unlink(state: Credibility, slot: number): void {
  const next = state.next[slot] ?? -1;
  const previous = state.previous[slot] ?? -1;
  if (previous >= 0) state.next[previous] = next;
  else state.oldest = next;
  if (next >= 0) state.previous[next] = previous;
  else state.newest = previous;
}

function ensureSlots(state: Credibility): void {
  const slots = slotsOf(state.succeeded);
  if (slots <= state.at.length) return;
  const { at, unit, next, previous } = state;
  state.at = new Float64Array(slots);
  state.at.set(at);
  state.unit = new Int32Array(2 * slots);
  state.unit.set(unit);
  state.next = new Int32Array(slots);
  state.next.set(next);
  state.previous = new Int32Array(slots);
  state.previous.set(previous);
}
