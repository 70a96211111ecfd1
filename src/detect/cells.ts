import { createEDetector, decayOf, type EDetector, resetEDetector, stepEDetector } from "./e-detector.ts";

/**
 * Counts of one value of one column (or of one unit) in the bin that is being filled, 32 bytes a cell in one buffer; what
 * a refusal needs beyond that, its detectors above all, is in an object beside the cell.
 */
export interface Cells {
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  count: number;
  readonly watched: Watched[];
  /** Places in `watched` of the cells to be stepped at the end of the bin. */
  readonly touched: number[];
}

/** A cell that ever had a refusal. */
interface Watched {
  readonly cell: number;
  /** One a symptom, in the order of the first refusals. */
  readonly watchings: Watching[];
  /** Trials since the first refusal, in the bins before that which the cell counted in last. */
  trials: number;
  /** Some detector is rising. */
  isRising: boolean;
  isTouched: boolean;
}

interface Watching {
  readonly symptom: string;
  /** Refusals in the bin. */
  refused: number;
  /** Made at the end of the bin of the first refusal. */
  detector: EDetector | undefined;
  /** The cell's trials that the detector knows of: what comes while it does not rise is told to it before its next step. */
  told: number;
}

export interface CellAlarm {
  readonly symptom: string;
  /** Bin in which the rise began. */
  readonly start: number;
}

// Doubles of a cell: the bin that is being filled, and decayed trials since the cell was first seen.
const STRIDE_D = 4;
const BIN_D = 0;
const TOTAL_D = 1;
// Words of a cell: trials in the bin, id of the value in its column or of the unit, place in `watched` + 1.
const STRIDE = 8;
const N = 4;
const ID = 5;
const WATCHED = 6;

const FIRST_ROOM = 256;

export function createCells(): Cells {
  const words = new Int32Array(STRIDE * FIRST_ROOM);
  return { words, doubles: new Float64Array(words.buffer), count: 0, watched: [], touched: [] };
}

export const idOfCell = ({ words }: Cells, cell: number): number => (cell < 0 ? -1 : (words[STRIDE * cell + ID] ?? -1));

/** A cell of the value or unit with the id. */
export function newCell(cells: Cells, id: number): number {
  const cell = cells.count;
  if (STRIDE * (cell + 1) > cells.words.length) {
    const words = new Int32Array(2 * cells.words.length);
    words.set(cells.words);
    cells.words = words;
    cells.doubles = new Float64Array(words.buffer);
  }
  cells.words[STRIDE * cell + ID] = id;
  cells.count += 1;
  return cell;
}

/** A trial as the cells of its values, by column; -1 where a value is absent. */
export interface Trial {
  readonly cells: Cells;
  readonly trial: Int32Array;
  /** By column: 1 where refused and succeeded calls may be compared by it. */
  readonly compared: Uint8Array;
  readonly bin: number;
}

/**
 * Counts one trial in its cells of some columns, those that are compared; writes the values' ids, whose row begins at
 * `at`, -1 where a value is absent.
 */
export function countColumns(
  { cells, trial, compared, bin }: Trial,
  columns: Uint8Array,
  ids: Int32Array,
  at: number,
): void {
  const { words, doubles } = cells;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] ?? 0;
    const cell = trial[column] ?? -1;
    if (cell < 0) {
      ids[at + column] = -1;
      continue;
    }
    const word = STRIDE * cell;
    ids[at + column] = words[word + ID] ?? -1;
    if (compared[column] === 0) continue;
    const double = STRIDE_D * cell;
    if (doubles[double + BIN_D] !== bin) touch(cells, cell, bin);
    words[word + N] = (words[word + N] ?? 0) + 1;
    doubles[double + TOTAL_D] = (doubles[double + TOTAL_D] ?? 0) + 1;
  }
}

/** Counts one trial in a cell. */
export function countIn(cells: Cells, cell: number, bin: number): void {
  const { doubles, words } = cells;
  const at = STRIDE_D * cell;
  const word = STRIDE * cell;
  if (doubles[at + BIN_D] !== bin) touch(cells, cell, bin);
  words[word + N] = (words[word + N] ?? 0) + 1;
  doubles[at + TOTAL_D] = (doubles[at + TOTAL_D] ?? 0) + 1;
}

/** Counts trials in a cell, as if one by one. */
export function countTrials(cells: Cells, cell: number, bin: number, trials: number): void {
  const { doubles, words } = cells;
  const at = STRIDE_D * cell;
  if (doubles[at + BIN_D] !== bin) touch(cells, cell, bin);
  words[STRIDE * cell + N] = (words[STRIDE * cell + N] ?? 0) + trials;
  let total = doubles[at + TOTAL_D] ?? 0;
  // A sum that does not more than double rounds once, as adding ones does; beyond that they round more often.
  if (total >= trials) total += trials;
  else for (let i = 0; i < trials; i++) total += 1;
  doubles[at + TOTAL_D] = total;
}

function touch({ doubles, words, watched, touched }: Cells, cell: number, bin: number): void {
  const at = STRIDE_D * cell;
  const total = doubles[at + TOTAL_D] ?? 0;
  if (total > 0) doubles[at + TOTAL_D] = total * decayOf(bin - (doubles[at + BIN_D] ?? 0));
  doubles[at + BIN_D] = bin;
  const place = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  const one = place < 0 ? undefined : watched[place];
  if (one !== undefined) {
    one.trials += words[STRIDE * cell + N] ?? 0;
    if (one.isRising) touchWatched(touched, one, place);
  }
  words[STRIDE * cell + N] = 0;
}

function touchWatched(touched: number[], one: Watched, place: number): void {
  if (one.isTouched) return;
  one.isTouched = true;
  touched.push(place);
}

/** The trial that was counted in a cell last was refused. */
export function countRefused(cells: Cells, cell: number, symptom: string): void {
  const { words, watched, touched } = cells;
  let place = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  if (place < 0) {
    place = watched.length;
    watched.push({ cell, watchings: [], trials: 0, isRising: false, isTouched: false });
    words[STRIDE * cell + WATCHED] = place + 1;
  }
  const one = watched[place];
  if (one === undefined) return;
  touchWatched(touched, one, place);
  const watching = watchingOf(one, symptom);
  if (watching === undefined) one.watchings.push({ symptom, refused: 1, detector: undefined, told: 0 });
  else watching.refused += 1;
}

function watchingOf({ watchings }: Watched, symptom: string): Watching | undefined {
  for (const watching of watchings) if (watching.symptom === symptom) return watching;
  return undefined;
}

/** Trials in the bin that the cell counted in last, and decayed trials since it was first seen. */
export const tallyOf = ({ words, doubles }: Cells, cell: number): { bin: number; n: number; total: number } => ({
  bin: doubles[STRIDE_D * cell + BIN_D] ?? 0,
  n: words[STRIDE * cell + N] ?? 0,
  total: doubles[STRIDE_D * cell + TOTAL_D] ?? 0,
});

/** The detector of a symptom in a cell, if there was ever a refusal, as of the bins before `bin`, which is being filled. */
export function detectorOf(cells: Cells, cell: number, symptom: string, bin: number): EDetector | undefined {
  const { words, doubles, watched } = cells;
  const one = watched[(words[STRIDE * cell + WATCHED] ?? 0) - 1];
  const watching = one === undefined ? undefined : watchingOf(one, symptom);
  if (one === undefined || watching?.detector === undefined) return undefined;
  const isClosed = doubles[STRIDE_D * cell + BIN_D] !== bin;
  tell(watching, watching.detector, one.trials + (isClosed ? (words[STRIDE * cell + N] ?? 0) : 0));
  return watching.detector;
}

/** The detector hears of the trials up to a number of them, in all of which nothing was refused. */
function tell(watching: Watching, detector: EDetector, trials: number): void {
  detector.n += trials - watching.told;
  watching.told = trials;
}

/** Steps the detectors of the cells that the bin touched: those that are rising, and those of symptoms that were refused. */
export function stepCells(cells: Cells, bin: number): readonly CellAlarm[] {
  const alarms: CellAlarm[] = [];
  for (const place of cells.touched) {
    const one = cells.watched[place];
    if (one !== undefined) stepWatched(cells, one, bin, alarms);
  }
  cells.touched.length = 0;
  return alarms;
}

function stepWatched(cells: Cells, one: Watched, bin: number, alarms: CellAlarm[]): void {
  const n = cells.words[STRIDE * one.cell + N] ?? 0;
  let isRising = false;
  for (const watching of one.watchings) {
    const { refused, symptom } = watching;
    if (refused === 0 && watching.detector?.isRising !== true) continue;
    const detector = (watching.detector ??= newDetector(cells, one, watching, bin));
    tell(watching, detector, one.trials);
    watching.told += n;
    watching.refused = 0;
    const start = stepEDetector(detector, bin, refused, n);
    if (start !== undefined) {
      alarms.push({ symptom, start });
      resetEDetector(detector);
    }
    isRising ||= detector.isRising;
  }
  one.isRising = isRising;
  one.isTouched = false;
}

function newDetector({ words, doubles }: Cells, { cell, trials }: Watched, watching: Watching, bin: number): EDetector {
  const before = (doubles[STRIDE_D * cell + TOTAL_D] ?? 0) - (words[STRIDE * cell + N] ?? 0);
  watching.told = trials;
  return createEDetector(Math.max(0, before), bin);
}
