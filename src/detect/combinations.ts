import { tokenAgeCode } from "../correlate/bands.ts";
import type { CallRow } from "../correlate/call-row.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, WORDS } from "../model/event-table.ts";
import { type Cells, countTrials } from "./cells.ts";
import { WIDTH } from "./columns.ts";
import type { Units } from "./units.ts";

/**
 * Most successes repeat one before in all that they are compared by. What was worked out for the first one is kept by the
 * words it was worked out from, and such trials are counted as one number until it is spread over the cells: the cells
 * then hold to the bit what they would hold had each trial been counted in each of them.
 */
export interface Combinations {
  /** A power of two. */
  size: number;
  /** `KEY` words of the rows that a combination is known by; the last of them is never 0 where there is one. */
  keys: Int32Array;
  /** `WIDTH` a combination: value ids, and the cells that a trial counts in (-1: none). */
  ids: Int32Array;
  cells: Int32Array;
  /** Id of the unit, and the units that a success is noted for: eight words, and how many there are. */
  unit: Int32Array;
  units: Int32Array;
  unitCount: Uint8Array;
  /** When the success that was noted longest ago of those units was noted, and the epoch in which that was looked at. */
  noted: Float64Array;
  epoch: Float64Array;
  /** Trials that are not spread yet, and which combinations have some. */
  pending: Int32Array;
  touched: Int32Array;
  touchedCount: number;
  /** Combinations that were given up for others since the last growth. */
  replaced: number;
  /** The words of the trial that was looked for last, and where it goes when it is not there. */
  readonly probe: Int32Array;
  place: number;
}

const FIRST_SIZE = 256;
const MOST = 8_192;
const GATEWAY_FIRST = row.RESOURCE;
const GATEWAY_WORDS = row.ROLES - row.RESOURCE + 1;
const OPERATION_FIRST = row.RESOURCE;
const OPERATION_WORDS = row.ROLE_ASSIGNMENT - row.RESOURCE + 1;
const KEY = GATEWAY_WORDS + OPERATION_WORDS + 1;
const UNIT_WORDS = 8;

const roomFor = (size: number) => ({
  size,
  keys: new Int32Array(KEY * size),
  ids: new Int32Array(WIDTH * size),
  cells: new Int32Array(WIDTH * size),
  unit: new Int32Array(size),
  units: new Int32Array(UNIT_WORDS * size),
  unitCount: new Uint8Array(size),
  noted: new Float64Array(size),
  epoch: new Float64Array(size),
  pending: new Int32Array(size),
  touched: new Int32Array(size),
  touchedCount: 0,
  replaced: 0,
});

export const createCombinations = (): Combinations => ({
  ...roomFor(FIRST_SIZE),
  probe: new Int32Array(KEY),
  place: 0,
});

/**
 * The combination of a succeeded call with the operation at a place, as its first or a further trial; -1 when there is
 * none, and then `learn` may make it.
 */
export function findCombination(all: Combinations, call: CallRow, operation: number, first: 0 | 1): number {
  const { probe, keys, size } = all;
  const hash = fillProbe(probe, call, operation, first);
  const at = hash & (size - 1);
  if (isAt(keys, KEY * at, probe)) return at;
  const other = at ^ 1;
  if (isAt(keys, KEY * other, probe)) return other;
  const isFree = keys[KEY * at + KEY - 1] === 0;
  all.place = isFree || (hash & 0x40_00_00_00) !== 0 ? at : other;
  return -1;
}

function fillProbe(probe: Int32Array, { table, gateway, time }: CallRow, operation: number, first: number): number {
  const { words, doubles } = table;
  let flags = 1 | (first << 1);
  let hash = 0;
  if (gateway >= 0) {
    const from = WORDS * gateway + GATEWAY_FIRST;
    for (let i = 0; i < GATEWAY_WORDS; i++) {
      const word = words[from + i] ?? 0;
      probe[i] = word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const traits = words[WORDS * gateway + row.TRAITS] ?? 0;
    flags |= 4 | (traits & (row.HAS_CLAIMS | row.CLAIMS_VALIDATED));
    const expires = doubles[DOUBLES * gateway + row.EXPIRES_D] ?? Number.NaN;
    const issued = doubles[DOUBLES * gateway + row.ISSUED_D] ?? Number.NaN;
    if ((traits & row.HAS_CLAIMS) !== 0) flags |= (tokenAgeCode(time, expires, issued) + 1) << 8;
  } else probe.fill(0, 0, GATEWAY_WORDS);
  if (operation >= 0) {
    const from = WORDS * operation + OPERATION_FIRST;
    for (let i = 0; i < OPERATION_WORDS; i++) {
      const word = words[from + i] ?? 0;
      probe[GATEWAY_WORDS + i] = word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    flags |= 8;
  } else probe.fill(0, GATEWAY_WORDS, GATEWAY_WORDS + OPERATION_WORDS);
  probe[KEY - 1] = flags;
  hash = Math.imul(hash ^ flags, 0x85ebca6b);
  return hash ^ (hash >>> 16);
}

function isAt(keys: Int32Array, at: number, probe: Int32Array): boolean {
  for (let i = KEY - 1; i >= 0; i--) if (keys[at + i] !== probe[i]) return false;
  return true;
}

/** Keeps what was worked out for the trial that was looked for last and not found. */
export function learn(
  all: Combinations,
  cells: Cells,
  trial: {
    readonly bin: number;
    readonly trial: Int32Array;
    readonly compared: Uint8Array;
    readonly unit: number;
    readonly unitCell: number;
    readonly units: Units;
    /** Where the values' ids are. */
    readonly ids: Int32Array;
    readonly at: number;
    readonly noted: number;
    readonly epoch: number;
  },
): void {
  const place = all.place;
  if (all.keys[KEY * place + KEY - 1] !== 0) {
    all.replaced += 1;
    if (all.replaced > all.size && all.size < MOST) {
      grow(all, cells, trial.bin);
      return;
    }
    spreadOne(all, cells, place, trial.bin);
  }
  all.keys.set(all.probe, KEY * place);
  let unitCell = trial.unitCell;
  for (let column = 0; column < WIDTH; column++) {
    all.ids[WIDTH * place + column] = trial.ids[trial.at + column] ?? -1;
    const isCounted = trial.compared[column] === 1;
    // The unit's cell stands in the first column that is not compared.
    all.cells[WIDTH * place + column] = isCounted ? (trial.trial[column] ?? -1) : unitCell;
    if (!isCounted) unitCell = -1;
  }
  all.unit[place] = trial.unit;
  all.units.set(trial.units.keys, UNIT_WORDS * place);
  all.unitCount[place] = trial.units.count;
  all.noted[place] = trial.noted;
  all.epoch[place] = trial.epoch;
}

/** The units that a success of a combination is noted for. */
export function takeUnits({ units, unitCount }: Combinations, place: number, into: Units): void {
  for (let i = 0; i < UNIT_WORDS; i++) into.keys[i] = units[UNIT_WORDS * place + i] ?? 0;
  into.count = unitCount[place] ?? 0;
}

/** Counts one trial of a combination in the bin that is being filled, and writes its values' ids. */
export function countCombination(all: Combinations, place: number, ids: Int32Array, at: number): void {
  const pending = all.pending[place] ?? 0;
  all.pending[place] = pending + 1;
  if (pending === 0) all.touched[all.touchedCount++] = place;
  const from = WIDTH * place;
  const known = all.ids;
  for (let column = 0; column < WIDTH; column++) ids[at + column] = known[from + column] ?? -1;
}

/** Spreads all pending trials over their cells; before a bin is closed. */
export function spread(all: Combinations, cells: Cells, bin: number): void {
  for (let i = 0; i < all.touchedCount; i++) spreadOne(all, cells, all.touched[i] ?? 0, bin);
  all.touchedCount = 0;
}

function spreadOne({ pending, cells: counted }: Combinations, cells: Cells, place: number, bin: number): void {
  const count = pending[place] ?? 0;
  if (count === 0) return;
  pending[place] = 0;
  for (let column = 0; column < WIDTH; column++) {
    const cell = counted[WIDTH * place + column] ?? -1;
    if (cell >= 0) countTrials(cells, cell, bin, count);
  }
}

/** Forgets all combinations; what is pending is spread. */
export function forgetCombinations(all: Combinations, cells: Cells, bin: number): void {
  spread(all, cells, bin);
  all.keys.fill(0);
}

function grow(all: Combinations, cells: Cells, bin: number): void {
  spread(all, cells, bin);
  Object.assign(all, roomFor(2 * all.size));
}
