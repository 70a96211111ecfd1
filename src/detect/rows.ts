import { lowerBound } from "../lib/lower-bound.ts";
import { keyText } from "../model/key128.ts";
import { type DurationMs, type Instant, instantFromTicks, plusMs } from "../model/time.ts";
import { WIDTH } from "./columns.ts";
import { drawLots, lotOfText } from "./lots.ts";
import { type Thinned, thinBusy } from "./thin.ts";

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
  /** `WIDTH` value ids a row, which a dictionary has few enough of; -1 lies there as `NO_VALUE`. */
  ids: Uint16Array;
  /** Correlation or activity id, four words a row; by serial number the text of one that is no GUID. */
  call: Int32Array;
  readonly odd: Map<number, string>;
  /** What a row drew by its call's id, of the first `drawn` rows. */
  lot: Uint32Array;
  drawn: number;
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
  ids: new Uint16Array(FIRST_ROOM * WIDTH),
  call: new Int32Array(FIRST_ROOM * 4),
  odd: new Map(),
  lot: new Uint32Array(FIRST_ROOM),
  drawn: 0,
  facts: [],
});

/** A new row at the end, of one trial; gives its place. What else it tells, the caller writes into the arrays. */
export function addRow<Facts>(rows: Rows<Facts>, time: Instant, unit: number, weight: number): number {
  if (rows.count >= rows.room) {
    if (rows.room < rows.capacity) grow(rows);
    else compact(rows, plusMs(time, -KEPT_MS));
  }
  const at = rows.count;
  rows.serial[at] = rows.written;
  rows.time[at] = time;
  rows.unit[at] = unit;
  rows.weight[at] = weight;
  rows.trials[at] = 1;
  rows.count += 1;
  rows.written += 1;
  return at;
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
const placeOf = ({ serial, count }: Rows<unknown>, wanted: number): number => lowerBound(serial, wanted, count);

/** Places of the rows since `from` in the arrays, oldest first. */
export function placesSince(rows: Rows<unknown>, from: Instant): Int32Array {
  const found = new Int32Array(rows.count);
  let count = 0;
  for (let place = 0; place < rows.count; place++) if ((rows.time[place] ?? 0) >= from) found[count++] = place;
  return found.subarray(0, count);
}

const NO_VALUE = 0xffff;

/** Id of a row's value in a column; -1 where it is absent. */
export function valueAt({ ids }: Rows<unknown>, place: number, column: number): number {
  const id = ids[place * WIDTH + column] ?? NO_VALUE;
  return id === NO_VALUE ? -1 : id;
}

export const timeAt = (rows: Rows<unknown>, place: number): Instant => instantFromTicks(rows.time[place] ?? 0);

/** Correlation or activity id of the row's call. */
export const callAt = (rows: Rows<unknown>, place: number): string =>
  rows.odd.get(rows.serial[place] ?? -1) ?? keyText(rows.call, 4 * place);

/** At most about `most` of the rows since `from`: see `thinBusy`. */
export function thinSince(rows: Rows<unknown>, from: Instant, most: number): Thinned {
  drawAll(rows);
  return thinBusy(rows, placesSince(rows, from), most);
}

/** Every row has its lot from now on, until another is added. */
function drawAll(rows: Rows<unknown>): void {
  if (rows.drawn >= rows.count) return;
  drawLots(rows.call, rows.drawn, rows.count, rows.lot);
  for (const [serial, id] of rows.odd) {
    const place = placeOf(rows, serial);
    if (place >= rows.drawn && rows.serial[place] === serial) rows.lot[place] = lotOfText(id);
  }
  rows.drawn = rows.count;
}

/** Moves the rows that stay to the front; where even the small units are too many, the oldest rows go. */
function compact<Facts>(rows: Rows<Facts>, since: Instant): void {
  const kept = thinSince(rows, since, rows.capacity / 2);
  let at = 0;
  for (let i = Math.max(0, kept.count - rows.capacity / 2); i < kept.count; i++, at++) {
    const place = kept.place[i] ?? 0;
    rows.serial[at] = rows.serial[place] ?? 0;
    rows.time[at] = rows.time[place] ?? 0;
    rows.unit[at] = rows.unit[place] ?? -1;
    rows.weight[at] = kept.weight[i] ?? 0;
    rows.trials[at] = kept.trials[i] ?? 0;
    rows.status[at] = rows.status[place] ?? 0;
    rows.lot[at] = rows.lot[place] ?? 0;
    moveWords(rows.ids, WIDTH, place, at);
    moveWords(rows.call, 4, place, at);
    const facts = rows.facts[place];
    if (facts !== undefined) rows.facts[at] = facts;
  }
  rows.count = at;
  rows.drawn = at;
  rows.facts.length = Math.min(rows.facts.length, at);
  for (const serial of rows.odd.keys()) if (!isThere(rows, serial)) rows.odd.delete(serial);
}

function isThere(rows: Rows<unknown>, serial: number): boolean {
  const place = placeOf(rows, serial);
  return place < rows.count && rows.serial[place] === serial;
}

function moveWords(words: Int32Array | Uint16Array, width: number, from: number, to: number): void {
  const source = width * from;
  const target = width * to;
  for (let i = 0; i < width; i++) words[target + i] = words[source + i] ?? 0;
}

function grow(rows: Rows<unknown>): void {
  const room = Math.min(rows.capacity, rows.room * 2);
  rows.serial = extended(new Float64Array(room), rows.serial);
  rows.time = extended(new Float64Array(room), rows.time);
  rows.weight = extended(new Float64Array(room), rows.weight);
  rows.trials = extended(new Float64Array(room), rows.trials);
  rows.unit = extended(new Int32Array(room), rows.unit);
  rows.status = extended(new Int16Array(room), rows.status);
  rows.ids = extended(new Uint16Array(room * WIDTH), rows.ids);
  rows.call = extended(new Int32Array(room * 4), rows.call);
  rows.lot = extended(new Uint32Array(room), rows.lot);
  rows.room = room;
}

function extended<A extends Float64Array | Int32Array | Int16Array | Uint16Array | Uint32Array>(into: A, from: A): A {
  into.set(from);
  return into;
}
