import { type DurationMs, type Instant, instantFromTicks, plusMs } from "../model/time.ts";
import { WIDTH } from "./columns.ts";
import { thinBusy } from "./thin.ts";

/**
 * Compared trials of the last twelve hours in typed arrays, in the order in which they came. When full, busy units are
 * thinned to half the room: what is left stands for what was lost. Plain data: survives a structured clone.
 */
export interface Rows<Facts = undefined> {
  readonly capacity: number;
  /** Rows that the arrays can hold now; doubles up to `capacity`. */
  room: number;
  count: number;
  /** Rows ever written, and of each row which it was. */
  written: number;
  serial: Float64Array;
  time: Float64Array;
  unit: Int32Array;
  /** Calls that a row stands for: collapsed retries and rows that were thinned; 0 for a further operation of a call. */
  weight: Float64Array;
  /** As `weight`, for rates: a further operation of a call counts here, retries do not. */
  trials: Float64Array;
  status: Int16Array;
  /** `WIDTH` value ids a row. */
  ids: Int32Array;
  /** Correlation or activity id. */
  readonly call: string[];
  readonly facts: Facts[];
}

const FIRST_ROOM = 256;
const KEPT_MS: DurationMs = 43_200_000;

export const createRows = <Facts>(capacity: number): Rows<Facts> => ({
  capacity,
  room: FIRST_ROOM,
  count: 0,
  written: 0,
  serial: new Float64Array(FIRST_ROOM),
  time: new Float64Array(FIRST_ROOM),
  unit: new Int32Array(FIRST_ROOM),
  weight: new Float64Array(FIRST_ROOM),
  trials: new Float64Array(FIRST_ROOM),
  status: new Int16Array(FIRST_ROOM),
  ids: new Int32Array(FIRST_ROOM * WIDTH),
  call: [],
  facts: [],
});

export interface Row<Facts> {
  readonly time: Instant;
  readonly unit: number;
  readonly weight: number;
  readonly trials: number;
  readonly status: number;
  readonly ids: Int32Array;
  readonly call: string;
  readonly facts: Facts;
}

/** Writes a row and returns its serial number. */
export function pushRow<Facts>(rows: Rows<Facts>, row: Row<Facts>): number {
  if (rows.count >= rows.room) {
    if (rows.room < rows.capacity) grow(rows);
    else compact(rows, plusMs(row.time, -KEPT_MS));
  }
  const at = rows.count;
  const serial = rows.written;
  rows.serial[at] = serial;
  rows.time[at] = row.time;
  rows.unit[at] = row.unit;
  rows.weight[at] = row.weight;
  rows.trials[at] = row.trials;
  rows.status[at] = row.status;
  rows.ids.set(row.ids, at * WIDTH);
  rows.call[at] = row.call;
  rows.facts[at] = row.facts;
  rows.count += 1;
  rows.written += 1;
  return serial;
}

/** Counts one more call of a unit on the row with the serial number, or on the unit's next one when that was thinned. */
export function addCall(rows: Rows<unknown>, serial: number, unit: number): void {
  for (let at = placeOf(rows, serial); at < rows.count; at++) {
    if (rows.unit[at] !== unit) continue;
    rows.weight[at] = (rows.weight[at] ?? 0) + 1;
    return;
  }
}

/** Place of the row with the serial number, or of the first one after it. */
function placeOf(rows: Rows<unknown>, serial: number): number {
  let low = 0;
  let high = rows.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows.serial[middle] ?? 0) < serial) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Places of the rows since `from` in the arrays, oldest first. */
export function placesSince(rows: Rows<unknown>, from: Instant): number[] {
  const found: number[] = [];
  for (let place = 0; place < rows.count; place++) if ((rows.time[place] ?? 0) >= from) found.push(place);
  return found;
}

export const timeAt = (rows: Rows<unknown>, place: number): Instant => instantFromTicks(rows.time[place] ?? 0);

/** Moves the rows that stay to the front; where even the small units are too many, the oldest rows go. */
function compact<Facts>(rows: Rows<Facts>, since: Instant): void {
  const kept = thinBusy(rows, placesSince(rows, since), rows.capacity / 2).slice(-rows.capacity / 2);
  let at = 0;
  for (const { place, weight, trials } of kept) {
    rows.serial[at] = rows.serial[place] ?? 0;
    rows.time[at] = rows.time[place] ?? 0;
    rows.unit[at] = rows.unit[place] ?? -1;
    rows.weight[at] = weight;
    rows.trials[at] = trials;
    rows.status[at] = rows.status[place] ?? 0;
    rows.ids.copyWithin(at * WIDTH, place * WIDTH, (place + 1) * WIDTH);
    rows.call[at] = rows.call[place] ?? "";
    const facts = rows.facts[place];
    if (facts !== undefined) rows.facts[at] = facts;
    at += 1;
  }
  rows.count = at;
  rows.call.length = at;
  rows.facts.length = at;
}

function grow(rows: Rows<unknown>): void {
  const room = Math.min(rows.capacity, rows.room * 2);
  rows.serial = extended(new Float64Array(room), rows.serial);
  rows.time = extended(new Float64Array(room), rows.time);
  rows.weight = extended(new Float64Array(room), rows.weight);
  rows.trials = extended(new Float64Array(room), rows.trials);
  rows.unit = extended(new Int32Array(room), rows.unit);
  rows.status = extended(new Int16Array(room), rows.status);
  rows.ids = extended(new Int32Array(room * WIDTH), rows.ids);
  rows.room = room;
}

function extended<A extends Float64Array | Int32Array | Int16Array>(into: A, from: A): A {
  into.set(from);
  return into;
}
