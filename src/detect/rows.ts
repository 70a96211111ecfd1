import type { Instant } from "../model/time.ts";
import { WIDTH } from "./columns.ts";

/** A ring of compared trials in typed arrays; the oldest are overwritten. Plain data: survives a structured clone. */
export interface Rows {
  readonly capacity: number;
  /** Rows that the arrays can hold now; doubles up to `capacity`. */
  room: number;
  /** How many were ever written. */
  written: number;
  time: Float64Array;
  unit: Int32Array;
  /** Calls that a row stands for: collapsed retries, or 1/q when only a share q is kept; 0 for a further operation of a call. */
  weight: Float64Array;
  /** As `weight`, for rates: a further operation of a call counts here. */
  trials: Float64Array;
  status: Int16Array;
  /** `WIDTH` value ids a row. */
  ids: Int32Array;
  /** Correlation or activity id. */
  call: string[];
}

const FIRST_ROOM = 256;

export const createRows = (capacity: number): Rows => ({
  capacity,
  room: FIRST_ROOM,
  written: 0,
  time: new Float64Array(FIRST_ROOM),
  unit: new Int32Array(FIRST_ROOM),
  weight: new Float64Array(FIRST_ROOM),
  trials: new Float64Array(FIRST_ROOM),
  status: new Int16Array(FIRST_ROOM),
  ids: new Int32Array(FIRST_ROOM * WIDTH),
  call: [],
});

export interface Row {
  readonly time: Instant;
  readonly unit: number;
  readonly weight: number;
  readonly trials: number;
  readonly status: number;
  readonly ids: Int32Array;
  readonly call: string;
}

/** Writes a row and returns its ordinal, which stays valid while it is in the ring. */
export function pushRow(rows: Rows, row: Row): number {
  if (rows.written >= rows.room && rows.room < rows.capacity) grow(rows);
  const at = rows.written % rows.room;
  rows.time[at] = row.time;
  rows.unit[at] = row.unit;
  rows.weight[at] = row.weight;
  rows.trials[at] = row.trials;
  rows.status[at] = row.status;
  rows.ids.set(row.ids, at * WIDTH);
  rows.call[at] = row.call;
  rows.written += 1;
  return rows.written - 1;
}

/** Counts one more call on a row, if it is still there. */
export function addWeight(rows: Rows, ordinal: number, weight: number): void {
  if (ordinal < 0 || rows.written - ordinal > rows.room) return;
  const at = ordinal % rows.room;
  rows.weight[at] = (rows.weight[at] ?? 0) + weight;
}

export const rowCount = (rows: Rows): number => Math.min(rows.written, rows.room);

/** Places of the rows in the arrays, oldest first. */
export function* places(rows: Rows): Generator<number> {
  const count = rowCount(rows);
  for (let ordinal = rows.written - count; ordinal < rows.written; ordinal++) yield ordinal % rows.room;
}

/** Time of the oldest row that is kept; before it the ring knows nothing. */
export function oldestTime(rows: Rows): number {
  if (rows.written <= rows.room) return Number.NEGATIVE_INFINITY;
  return rows.time[rows.written % rows.room] ?? Number.NEGATIVE_INFINITY;
}

function grow(rows: Rows): void {
  const room = Math.min(rows.capacity, rows.room * 2);
  rows.time = copyInto(new Float64Array(room), rows.time);
  rows.weight = copyInto(new Float64Array(room), rows.weight);
  rows.trials = copyInto(new Float64Array(room), rows.trials);
  const unit = new Int32Array(room);
  unit.set(rows.unit);
  rows.unit = unit;
  const status = new Int16Array(room);
  status.set(rows.status);
  rows.status = status;
  const ids = new Int32Array(room * WIDTH);
  ids.set(rows.ids);
  rows.ids = ids;
  rows.room = room;
}

function copyInto(into: Float64Array, from: Float64Array): Float64Array {
  into.set(from);
  return into;
}
