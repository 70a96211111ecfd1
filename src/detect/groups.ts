import { type Cells, countTrials, idOfCell, type Trial } from "./cells.ts";

/**
 * Columns whose values come from few words of a row, and in few combinations: what was called, who called, an operation's
 * target. What a combination means is kept by the words it came from, and its trials are counted as one number until it
 * is spread over the cells: they then hold to the bit what they would hold had each trial been counted in each of them.
 */
export interface Group {
  /** Words of a row that the values come from. */
  readonly words: Uint8Array;
  readonly columns: Uint8Array;
  /** Combinations there is room for, a power of two. */
  size: number;
  /** By combination: its words and flags, which are never 0; ids of its values; their cells, -1 where none is counted in. */
  keys: Int32Array;
  ids: Int32Array;
  cells: Int32Array;
  /** Trials that are not spread yet. */
  pending: Int32Array;
  /** The combinations that were counted since all were spread; 1 for each of them. */
  isTouched: Uint8Array;
  touched: Int32Array;
  touchedCount: number;
  /** Combinations that were given up for others since the last growth. */
  replaced: number;
  /** Hash of the combination that was looked for last. */
  hash: number;
}

const FIRST_SIZE = 64;
const MOST = 16_384;

/** Combinations that had to give way, of which one place in so many, before there is more room. */
const SHARE_REPLACED = 8;

const FLAGS_MULTIPLIER = 0x85ebca6b;
/** Odd numbers, one a word: a sum of products does not wait for the word before. */
const MULTIPLIERS = Int32Array.from({ length: 32 }, (_, i) => Math.imul(2 * i + 1, 0x9e3779b1) | 1);

const roomFor = (size: number, words: number, columns: number) => ({
  size,
  keys: new Int32Array((words + 1) * size),
  ids: new Int32Array(columns * size),
  cells: new Int32Array(columns * size),
  pending: new Int32Array(size),
  isTouched: new Uint8Array(size),
  touched: new Int32Array(size),
  touchedCount: 0,
  replaced: 0,
});

export const createGroup = (words: readonly number[], columns: readonly number[]): Group => ({
  words: Uint8Array.from(words),
  columns: Uint8Array.from(columns),
  ...roomFor(FIRST_SIZE, words.length, columns.length),
  hash: 0,
});

function mixed(sum: number): number {
  const hash = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** The combination of the words of the row that begins at `at`, and of flags, which are not 0; -1 when it is not known. */
export function findCombination(group: Group, row: Int32Array, at: number, flags: number): number {
  const { words, keys, size } = group;
  const width = words.length + 1;
  let sum = Math.imul(flags, FLAGS_MULTIPLIER);
  for (let i = 0; i < words.length; i++)
    sum = (sum + Math.imul(row[at + (words[i] ?? 0)] ?? 0, MULTIPLIERS[i] ?? 1)) | 0;
  const hash = mixed(sum);
  const first = hash & (size - 1);
  for (let place = first, tries = 0; tries < 2; place ^= 1, tries++) {
    const key = width * place;
    if (keys[key + words.length] !== flags) continue;
    let i = 0;
    while (i < words.length && keys[key + i] === row[at + (words[i] ?? 0)]) i += 1;
    if (i === words.length) return place;
  }
  group.hash = hash;
  return -1;
}

/** Where a combination that is not there goes: one of its two places, a free one if there is one. */
function placeFor(group: Group, hash: number): number {
  const first = hash & (group.size - 1);
  if (isFree(group, first)) return first;
  return isFree(group, first ^ 1) || (hash & 0x40_00_00_00) === 0 ? first ^ 1 : first;
}

const isFree = ({ words, keys }: Group, place: number): boolean => keys[(words.length + 1) * (place + 1) - 1] === 0;

/** Counts one trial of a combination, and writes its values' ids, whose row begins at `at`. */
export function countCombination(group: Group, place: number, into: Uint16Array, at: number): void {
  const { columns, ids, pending } = group;
  pending[place] = (pending[place] ?? 0) + 1;
  if (group.isTouched[place] === 0) touch(group, place);
  const from = columns.length * place;
  for (let i = 0; i < columns.length; i++) into[at + (columns[i] ?? 0)] = ids[from + i] ?? -1;
}

function touch(group: Group, place: number): void {
  group.isTouched[place] = 1;
  group.touched[group.touchedCount] = place;
  group.touchedCount += 1;
}

/** Keeps the combination that was looked for last and not found, as the trial that was encoded; gives its place. */
export function learnCombination(
  group: Group,
  from: { readonly row: Int32Array; readonly at: number; readonly flags: number },
  { trial, compared, cells, bin }: Trial,
): number {
  const place = makeRoom(group, cells, bin);
  const { words, columns } = group;
  const key = (words.length + 1) * place;
  for (let i = 0; i < words.length; i++) group.keys[key + i] = from.row[from.at + (words[i] ?? 0)] ?? 0;
  group.keys[key + words.length] = from.flags;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] ?? 0;
    const cell = trial[column] ?? -1;
    group.ids[columns.length * place + i] = idOfCell(cells, cell);
    group.cells[columns.length * place + i] = compared[column] === 1 ? cell : -1;
  }
  return place;
}

/** A place for the combination that was looked for last; nothing is pending there. */
function makeRoom(group: Group, cells: Cells, bin: number): number {
  const place = placeFor(group, group.hash);
  if (isFree(group, place)) return place;
  group.replaced += 1;
  spreadOne(group, cells, place, bin);
  if (group.replaced <= group.size / SHARE_REPLACED || group.size >= MOST) return place;
  spread(group, cells, bin);
  enlarge(group);
  return placeFor(group, group.hash);
}

/** Twice the room, for the combinations that are known; nothing is pending. Where two meet, the later one gives way. */
function enlarge(group: Group): void {
  const { words, columns, size, keys, ids, cells } = group;
  Object.assign(group, roomFor(2 * size, words.length, columns.length));
  for (let from = 0; from < size; from++) {
    const key = (words.length + 1) * from;
    const flags = keys[key + words.length] ?? 0;
    if (flags === 0) continue;
    let sum = Math.imul(flags, FLAGS_MULTIPLIER);
    for (let i = 0; i < words.length; i++) sum = (sum + Math.imul(keys[key + i] ?? 0, MULTIPLIERS[i] ?? 1)) | 0;
    const place = placeFor(group, mixed(sum));
    if (!isFree(group, place)) continue;
    const first = columns.length * from;
    group.keys.set(keys.subarray(key, key + words.length + 1), (words.length + 1) * place);
    group.ids.set(ids.subarray(first, first + columns.length), columns.length * place);
    group.cells.set(cells.subarray(first, first + columns.length), columns.length * place);
  }
}

/** Spreads all pending trials over their cells; before a bin is closed. */
export function spread(group: Group, cells: Cells, bin: number): void {
  for (let i = 0; i < group.touchedCount; i++) {
    const place = group.touched[i] ?? 0;
    spreadOne(group, cells, place, bin);
    group.isTouched[place] = 0;
  }
  group.touchedCount = 0;
}

function spreadOne(group: Group, cells: Cells, place: number, bin: number): void {
  const trials = group.pending[place] ?? 0;
  if (trials === 0) return;
  group.pending[place] = 0;
  const { length } = group.columns;
  for (let i = length * place; i < length * (place + 1); i++) {
    const cell = group.cells[i] ?? -1;
    if (cell >= 0) countTrials(cells, cell, bin, trials);
  }
}

/** Forgets all combinations; what is pending is spread. */
export function forgetCombinations(group: Group, cells: Cells, bin: number): void {
  spread(group, cells, bin);
  group.keys.fill(0);
}
