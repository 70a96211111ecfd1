import {
  ALTERNATIVES_COUNT,
  createEDetector,
  decayOf,
  type EDetector,
  resetEDetector,
  stepEDetector,
} from "./e-detector.ts";

/**
 * Counts of one value of one column (or of one unit) in the bin that is being filled, 32 bytes a cell in one buffer; what
 * a refusal needs beyond that, its detectors above all, is in buffers beside it: most cells have none. Plain data:
 * survives a structured clone.
 */
export interface Cells {
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  count: number;
  readonly watched: Watched;
  /** The first watchings of the cells to be stepped at the end of the bin. */
  readonly touched: number[];
}

/** What is watched in cells that ever had a refusal: one watching a cell and symptom, those of one cell in a list, by first refusal. */
interface Watched {
  /** By the number that stands for each in a watching. */
  readonly symptoms: string[];
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  count: number;
  /** What detectors know beyond their watchings while they rise: most are at rest. */
  rises: Float64Array;
  riseCount: number;
  readonly freeRises: number[];
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
// Words of a cell: trials in the bin, id of the value in its column or of the unit, its first watching + 1.
const STRIDE = 8;
const N = 4;
const ID = 5;
const WATCHED = 6;

// Words of a watching: its cell, the next one of the cell + 1, its symptom, refusals in the bin, flags, its rise + 1.
const WATCHING = 32;
const CELL = 0;
const NEXT = 1;
const SYMPTOM = 2;
const REFUSED = 3;
const FLAGS = 4;
const RISE = 5;
// Doubles of a watching, behind its words: trials of the cell since the first refusal, in the bins before that which the cell
// counted in last (of the first watching only); how many of these the detector knows of, which are told to it before its next
// step; the detector's counts, and a statistic for each alternative.
const WATCHING_D = 16;
const TRIALS_D = 3;
const TOLD_D = 4;
const COUNTS_D = 5;
const STATISTICS_D = 10;
// Flags. The first two are of the first watching of a cell: it is among the touched; some detector of the cell is rising.
const IS_TOUCHED = 1;
const IS_RISING = 2;
/** Made at the end of the bin of the first refusal. */
const HAS_DETECTOR = 4;
/** Doubles of a rise: what the detector knows of each alternative beside the statistic. */
const RISE_D = 3 * ALTERNATIVES_COUNT;

const FIRST_ROOM = 256;

export function createCells(): Cells {
  const words = new Int32Array(STRIDE * FIRST_ROOM);
  return { words, doubles: new Float64Array(words.buffer), count: 0, watched: createWatched(), touched: [] };
}

function createWatched(): Watched {
  const words = new Int32Array(WATCHING);
  const doubles = new Float64Array(words.buffer);
  return { symptoms: [], words, doubles, count: 0, rises: new Float64Array(RISE_D), riseCount: 0, freeRises: [] };
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
  const first = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  if (first >= 0) {
    const trials = WATCHING_D * first + TRIALS_D;
    watched.doubles[trials] = (watched.doubles[trials] ?? 0) + (words[STRIDE * cell + N] ?? 0);
    if (hasFlag(watched, first, IS_RISING)) touchWatched(touched, watched, first);
  }
  words[STRIDE * cell + N] = 0;
}

const hasFlag = ({ words }: Watched, watching: number, flag: number): boolean =>
  ((words[WATCHING * watching + FLAGS] ?? 0) & flag) !== 0;

function setFlag({ words }: Watched, watching: number, flag: number, isSet: boolean): void {
  const at = WATCHING * watching + FLAGS;
  words[at] = isSet ? (words[at] ?? 0) | flag : (words[at] ?? 0) & ~flag;
}

function touchWatched(touched: number[], watched: Watched, first: number): void {
  if (hasFlag(watched, first, IS_TOUCHED)) return;
  setFlag(watched, first, IS_TOUCHED, true);
  touched.push(first);
}

/** The trial that was counted in a cell last was refused. */
export function countRefused(cells: Cells, cell: number, symptom: string): void {
  const { words, watched, touched } = cells;
  const number = symptomNumber(watched, symptom);
  let first = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  if (first < 0) {
    first = newWatching(watched, cell, number);
    words[STRIDE * cell + WATCHED] = first + 1;
  }
  touchWatched(touched, watched, first);
  let watching = first;
  let last = first;
  for (; watching >= 0 && symptomAt(watched, watching) !== number; watching = nextOf(watched, watching))
    last = watching;
  if (watching < 0) {
    watching = newWatching(watched, cell, number);
    watched.words[WATCHING * last + NEXT] = watching + 1;
  }
  const at = WATCHING * watching + REFUSED;
  watched.words[at] = (watched.words[at] ?? 0) + 1;
}

const nextOf = ({ words }: Watched, watching: number): number => (words[WATCHING * watching + NEXT] ?? 0) - 1;
const symptomAt = ({ words }: Watched, watching: number): number => words[WATCHING * watching + SYMPTOM] ?? 0;

function symptomNumber({ symptoms }: Watched, symptom: string): number {
  const known = symptoms.indexOf(symptom);
  return known < 0 ? symptoms.push(symptom) - 1 : known;
}

function newWatching(watched: Watched, cell: number, symptom: number): number {
  const watching = watched.count;
  if (WATCHING * (watching + 1) > watched.words.length) {
    const words = new Int32Array(2 * watched.words.length);
    words.set(watched.words);
    watched.words = words;
    watched.doubles = new Float64Array(words.buffer);
  }
  watched.words[WATCHING * watching + CELL] = cell;
  watched.words[WATCHING * watching + SYMPTOM] = symptom;
  watched.count += 1;
  return watching;
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
  const number = watched.symptoms.indexOf(symptom);
  const first = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  let watching = first;
  while (watching >= 0 && symptomAt(watched, watching) !== number) watching = nextOf(watched, watching);
  if (watching < 0 || !hasFlag(watched, watching, HAS_DETECTOR)) return undefined;
  const isClosed = doubles[STRIDE_D * cell + BIN_D] !== bin;
  const trials =
    (watched.doubles[WATCHING_D * first + TRIALS_D] ?? 0) + (isClosed ? (words[STRIDE * cell + N] ?? 0) : 0);
  return readDetector(watched, watching, trials);
}

/** Steps the detectors of the cells that the bin touched: those that are rising, and those of symptoms that were refused. */
export function stepCells(cells: Cells, bin: number): readonly CellAlarm[] {
  const alarms: CellAlarm[] = [];
  for (const first of cells.touched) stepWatched(cells, first, bin, alarms);
  cells.touched.length = 0;
  return alarms;
}

function stepWatched(cells: Cells, first: number, bin: number, alarms: CellAlarm[]): void {
  const { watched } = cells;
  const { words, doubles, symptoms } = watched;
  const n = cells.words[STRIDE * (words[WATCHING * first + CELL] ?? 0) + N] ?? 0;
  const trials = doubles[WATCHING_D * first + TRIALS_D] ?? 0;
  let isRising = false;
  for (let watching = first; watching >= 0; watching = nextOf(watched, watching)) {
    const refused = words[WATCHING * watching + REFUSED] ?? 0;
    if (refused === 0 && words[WATCHING * watching + RISE] === 0) continue;
    const isNew = !hasFlag(watched, watching, HAS_DETECTOR);
    const detector = isNew ? newDetector(cells, first, bin) : readDetector(watched, watching, trials);
    words[WATCHING * watching + REFUSED] = 0;
    const start = stepEDetector(detector, bin, refused, n);
    if (start !== undefined) {
      alarms.push({ symptom: symptoms[symptomAt(watched, watching)] ?? "", start });
      resetEDetector(detector);
    }
    writeDetector(watched, watching, detector);
    doubles[WATCHING_D * watching + TOLD_D] = trials + n;
    isRising ||= detector.isRising;
  }
  setFlag(watched, first, IS_RISING, isRising);
  setFlag(watched, first, IS_TOUCHED, false);
}

function newDetector({ words, doubles, watched }: Cells, first: number, bin: number): EDetector {
  const cell = watched.words[WATCHING * first + CELL] ?? 0;
  const before = (doubles[STRIDE_D * cell + TOTAL_D] ?? 0) - (words[STRIDE * cell + N] ?? 0);
  return createEDetector(Math.max(0, before), bin);
}

/** The detector that is kept in a watching, once it has heard of the trials up to a number of them, in all of which nothing was refused. */
function readDetector({ words, doubles, rises }: Watched, watching: number, trials: number): EDetector {
  const at = WATCHING_D * watching;
  const numberAt = (place: number): number => doubles[at + place] ?? 0;
  const rise = (words[WATCHING * watching + RISE] ?? 0) - 1;
  const detector = createEDetector(0, numberAt(COUNTS_D + 4));
  for (let k = 0; k < ALTERNATIVES_COUNT; k++) {
    detector.tests[4 * k] = numberAt(STATISTICS_D + k);
    if (rise < 0) continue;
    for (let i = 0; i < 3; i++) detector.tests[4 * k + 1 + i] = rises[RISE_D * rise + 3 * k + i] ?? 0;
  }
  detector.isRising = rise >= 0;
  detector.f = numberAt(COUNTS_D);
  detector.f2 = numberAt(COUNTS_D + 1);
  detector.n = numberAt(COUNTS_D + 2) + (trials - numberAt(TOLD_D));
  detector.bins = numberAt(COUNTS_D + 3);
  return detector;
}

/** Of a detector at rest, the statistics are all that its next step looks at. */
function writeDetector(watched: Watched, watching: number, detector: EDetector): void {
  const { doubles } = watched;
  const { tests, f, f2, n, bins, lastBin } = detector;
  const at = WATCHING_D * watching;
  doubles.set([f, f2, n, bins, lastBin], at + COUNTS_D);
  const rise = riseOf(watched, watching, detector.isRising);
  for (let k = 0; k < ALTERNATIVES_COUNT; k++) {
    doubles[at + STATISTICS_D + k] = tests[4 * k] ?? 0;
    if (rise < 0) continue;
    for (let i = 0; i < 3; i++) watched.rises[RISE_D * rise + 3 * k + i] = tests[4 * k + 1 + i] ?? 0;
  }
  setFlag(watched, watching, HAS_DETECTOR, true);
}

/** Where a watching's rise is kept, -1 while it is at rest. */
function riseOf(watched: Watched, watching: number, isRising: boolean): number {
  const at = WATCHING * watching + RISE;
  const known = (watched.words[at] ?? 0) - 1;
  if (isRising === known >= 0) return known;
  if (!isRising) {
    watched.freeRises.push(known);
    watched.words[at] = 0;
    return -1;
  }
  const rise = watched.freeRises.pop() ?? watched.riseCount++;
  if (RISE_D * (rise + 1) > watched.rises.length) {
    const rises = new Float64Array(2 * watched.rises.length);
    rises.set(watched.rises);
    watched.rises = rises;
  }
  watched.words[at] = rise + 1;
  return rise;
}
