import {
  addEDetector,
  beginEDetector,
  createEDetectors,
  decayOf,
  type EDetectors,
  isRising,
  learnedBy,
  resetEDetector,
  stepEDetector,
  tellTrials,
} from "./e-detector.ts";

/**
 * Counts of one value of one column (or of one unit) in the bin that is being filled, 32 bytes a cell in one buffer; what
 * a refusal needs beyond that, its detectors above all, is beside the cells. Plain data: survives a structured clone.
 */
export interface Cells {
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  count: number;
  readonly watched: Watched;
  readonly watchings: Watchings;
  /** Places in `watched` of the cells to be stepped at the end of the bin. */
  readonly touched: number[];
}

/** Cells that ever had a refusal. */
interface Watched {
  /** Four words each: the cell, its first watching, its last, and flags. */
  words: Int32Array;
  /** Trials since the first refusal, in the bins before that which the cell counted in last. */
  trials: Float64Array;
  count: number;
}

/** One a cell and symptom, of a cell in the order of the first refusals; each has the detector of its place. */
interface Watchings {
  /** Four words each: the symptom, refusals in the bin, the cell's next watching + 1, whether its detector has begun. */
  words: Int32Array;
  /** The cell's trials that the detector knows of: what comes while it does not rise is told to it before its next step. */
  told: Float64Array;
  readonly detectors: EDetectors;
  /** Names of symptoms. */
  readonly symptoms: string[];
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

// Words of a watched cell.
const WATCH = 4;
const CELL = 0;
const FIRST = 1;
const LAST = 2;
const FLAGS = 3;
const IS_TOUCHED = 1;
/** Some detector is rising. */
const RISES = 2;

// Words of a watching.
const WATCHING = 4;
const SYMPTOM = 0;
const REFUSED = 1;
const NEXT = 2;
const HAS_BEGUN = 3;
const FIRST_WATCHED = 16;

export function createCells(): Cells {
  const words = new Int32Array(STRIDE * FIRST_ROOM);
  return {
    words,
    doubles: new Float64Array(words.buffer),
    count: 0,
    watched: {
      words: new Int32Array(WATCH * FIRST_WATCHED),
      trials: new Float64Array(FIRST_WATCHED),
      count: 0,
    },
    watchings: {
      words: new Int32Array(WATCHING * FIRST_WATCHED),
      told: new Float64Array(FIRST_WATCHED),
      detectors: createEDetectors(),
      symptoms: [],
    },
    touched: [],
  };
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
  ids: Uint16Array,
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
  if (place >= 0) {
    watched.trials[place] = (watched.trials[place] ?? 0) + (words[STRIDE * cell + N] ?? 0);
    if (((watched.words[WATCH * place + FLAGS] ?? 0) & RISES) !== 0) touchWatched(touched, watched, place);
  }
  words[STRIDE * cell + N] = 0;
}

function touchWatched(touched: number[], { words }: Watched, place: number): void {
  const at = WATCH * place + FLAGS;
  const flags = words[at] ?? 0;
  if ((flags & IS_TOUCHED) !== 0) return;
  words[at] = flags | IS_TOUCHED;
  touched.push(place);
}

/** The trial that was counted in a cell last was refused. */
export function countRefused(cells: Cells, cell: number, symptom: string): void {
  const { words, watched, watchings, touched } = cells;
  let place = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  if (place < 0) {
    place = addWatched(watched, cell);
    words[STRIDE * cell + WATCHED] = place + 1;
  }
  touchWatched(touched, watched, place);
  const id = watchings.symptoms.indexOf(symptom);
  let watching = id < 0 ? -1 : watchingOf(cells, place, id);
  if (watching < 0) watching = addWatching(cells, place, id < 0 ? watchings.symptoms.push(symptom) - 1 : id);
  const at = WATCHING * watching + REFUSED;
  watchings.words[at] = (watchings.words[at] ?? 0) + 1;
}

function addWatched(watched: Watched, cell: number): number {
  const place = watched.count;
  watched.words = roomFor(watched.words, WATCH * (place + 1));
  watched.trials = roomFor(watched.trials, place + 1);
  watched.words[WATCH * place + CELL] = cell;
  watched.words[WATCH * place + FIRST] = -1;
  watched.count += 1;
  return place;
}

function addWatching({ watched, watchings }: Cells, place: number, symptom: number): number {
  const watching = addEDetector(watchings.detectors);
  watchings.words = roomFor(watchings.words, WATCHING * (watching + 1));
  watchings.told = roomFor(watchings.told, watching + 1);
  watchings.words[WATCHING * watching + SYMPTOM] = symptom;
  const at = WATCH * place;
  if ((watched.words[at + FIRST] ?? -1) < 0) watched.words[at + FIRST] = watching;
  else watchings.words[WATCHING * (watched.words[at + LAST] ?? 0) + NEXT] = watching + 1;
  watched.words[at + LAST] = watching;
  return watching;
}

/** The watching of a symptom in a watched cell; -1 where there is none. */
function watchingOf({ watched, watchings: { words } }: Cells, place: number, symptom: number): number {
  let watching = watched.words[WATCH * place + FIRST] ?? -1;
  while (watching >= 0 && words[WATCHING * watching + SYMPTOM] !== symptom)
    watching = (words[WATCHING * watching + NEXT] ?? 0) - 1;
  return watching;
}

function roomFor<A extends Int32Array | Float64Array>(from: A, needed: number): A {
  if (needed <= from.length) return from;
  const larger = from instanceof Int32Array ? new Int32Array(2 * from.length) : new Float64Array(2 * from.length);
  larger.set(from);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return larger as A;
}

/** Trials in the bin that the cell counted in last, and decayed trials since it was first seen. */
export const tallyOf = ({ words, doubles }: Cells, cell: number): { bin: number; n: number; total: number } => ({
  bin: doubles[STRIDE_D * cell + BIN_D] ?? 0,
  n: words[STRIDE * cell + N] ?? 0,
  total: doubles[STRIDE_D * cell + TOTAL_D] ?? 0,
});

/** What the detector of a symptom in a cell learned, if there was ever a refusal, as of the bins before `bin`, which is being filled. */
export function learnedIn(
  cells: Cells,
  cell: number,
  symptom: string,
  bin: number,
): ReturnType<typeof learnedBy> | undefined {
  const { words, doubles, watched, watchings } = cells;
  const place = (words[STRIDE * cell + WATCHED] ?? 0) - 1;
  const watching = place < 0 ? -1 : watchingOf(cells, place, watchings.symptoms.indexOf(symptom));
  if (watching < 0 || watchings.words[WATCHING * watching + HAS_BEGUN] === 0) return undefined;
  const isClosed = doubles[STRIDE_D * cell + BIN_D] !== bin;
  tell(watchings, watching, (watched.trials[place] ?? 0) + (isClosed ? (words[STRIDE * cell + N] ?? 0) : 0));
  return learnedBy(watchings.detectors, watching);
}

/** The detector hears of the trials up to a number of them, in all of which nothing was refused. */
function tell({ told, detectors }: Watchings, watching: number, trials: number): void {
  tellTrials(detectors, watching, trials - (told[watching] ?? 0));
  told[watching] = trials;
}

/** Steps the detectors of the cells that the bin touched: those that are rising, and those of symptoms that were refused. */
export function stepCells(cells: Cells, bin: number): readonly CellAlarm[] {
  const alarms: CellAlarm[] = [];
  for (const place of cells.touched) stepWatched(cells, place, bin, alarms);
  cells.touched.length = 0;
  return alarms;
}

function stepWatched(cells: Cells, place: number, bin: number, alarms: CellAlarm[]): void {
  const { watched, watchings } = cells;
  const { words, detectors, symptoms } = watchings;
  const n = cells.words[STRIDE * (watched.words[WATCH * place + CELL] ?? 0) + N] ?? 0;
  let flags = 0;
  let watching = watched.words[WATCH * place + FIRST] ?? -1;
  for (; watching >= 0; watching = (words[WATCHING * watching + NEXT] ?? 0) - 1) {
    const at = WATCHING * watching;
    const f = words[at + REFUSED] ?? 0;
    if (f === 0 && !isRising(detectors, watching)) continue;
    if (words[at + HAS_BEGUN] === 0) begin(cells, place, watching, bin);
    tell(watchings, watching, watched.trials[place] ?? 0);
    watchings.told[watching] = (watchings.told[watching] ?? 0) + n;
    words[at + REFUSED] = 0;
    const start = stepEDetector(detectors, watching, { bin, f, n });
    if (start !== undefined) {
      alarms.push({ symptom: symptoms[words[at + SYMPTOM] ?? 0] ?? "", start });
      resetEDetector(detectors, watching);
    }
    if (isRising(detectors, watching)) flags = RISES;
  }
  watched.words[WATCH * place + FLAGS] = flags;
}

/** At the end of the bin of the first refusal. */
function begin({ words, doubles, watched, watchings }: Cells, place: number, watching: number, bin: number): void {
  const cell = watched.words[WATCH * place + CELL] ?? 0;
  const before = (doubles[STRIDE_D * cell + TOTAL_D] ?? 0) - (words[STRIDE * cell + N] ?? 0);
  watchings.told[watching] = watched.trials[place] ?? 0;
  watchings.words[WATCHING * watching + HAS_BEGUN] = 1;
  beginEDetector(watchings.detectors, watching, Math.max(0, before), bin);
}
