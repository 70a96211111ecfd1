import { freeNumbers, larger } from "../lib/larger.ts";

/**
 * Units by their keys, hashes of 64 bits, in the order in which they were noted last: open addressing over typed arrays, and
 * all that is known of a unit in 32 bytes, which a processor fetches at once. Plain data: survives a structured clone.
 */
export interface RecentUnits {
  /** Eight words a slot. */
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  /** By hash, two words each: slot + 1, 0 is empty, and the key's low word, so that other units are not looked at. At most half full. */
  index: Int32Array;
  size: number;
  /** Slots that were ever used. */
  used: number;
  /** First of the free slots; -1 where there is none. */
  free: number;
  /** Slots as they were noted, each with how often that slot had been noted: an older note of it tells nothing any more. */
  ring: Int32Array;
  /** Notes that were ever taken from the ring and put into it. */
  taken: number;
  put: number;
}

const STRIDE = 8;
const HIGH = 0;
const LOW = 1;
const AT_D = 1;
const OTHER_HIGH = 4;
const OTHER_LOW = 5;
const CELL = 6;
const NOTES = 7;
const STRIDE_D = STRIDE / 2;

const FIRST_SLOTS = 64;

export function createRecentUnits(): RecentUnits {
  const words = new Int32Array(STRIDE * FIRST_SLOTS);
  return {
    words,
    doubles: new Float64Array(words.buffer),
    index: new Int32Array(4 * FIRST_SLOTS),
    size: 0,
    used: 0,
    free: -1,
    ring: new Int32Array(4 * FIRST_SLOTS),
    taken: 0,
    put: 0,
  };
}

/** The unit's slot; -1 where it has none. */
export function findUnit({ words, index }: RecentUnits, high: number, low: number): number {
  const mask = index.length - 1;
  for (let at = (low << 1) & mask; ; at = (at + 2) & mask) {
    const slot = (index[at] ?? 0) - 1;
    if (slot < 0) return -1;
    if (index[at + 1] === low && words[STRIDE * slot + HIGH] === high) return slot;
  }
}

/** What `fetchUnits` read last: kept, so that it is read at all. */
const fetched = new Int32Array(8);

/**
 * Fetches what is known of the first few units of a call, whose keys are two words each: the processor waits once for the
 * memory of all of them, where it would wait for one after another. No result changes.
 */
export function fetchUnits({ words, index }: RecentUnits, keys: Int32Array, count: number): void {
  const mask = index.length - 1;
  const most = Math.min(count, fetched.length);
  for (let i = 0; i < most; i++) fetched[i] = index[((keys[2 * i + 1] ?? 0) << 1) & mask] ?? 0;
  for (let i = 0; i < most; i++) fetched[i] = words[STRIDE * Math.max(0, (fetched[i] ?? 0) - 1)] ?? 0;
}

/** A slot for a unit that has none, of which nothing is known and which is noted next; both words are signed. */
export function addUnit(units: RecentUnits, high: number, low: number): number {
  let slot = units.free;
  if (slot >= 0) units.free = units.words[STRIDE * slot + HIGH] ?? -1;
  else {
    slot = units.used;
    units.used += 1;
    if (STRIDE * units.used > units.words.length) grow(units);
  }
  const at = STRIDE * slot;
  units.words[at + HIGH] = high;
  units.words[at + LOW] = low;
  units.words[at + CELL] = 0;
  units.size += 1;
  place(units, slot);
  return slot;
}

function place({ words, index }: RecentUnits, slot: number): void {
  const mask = index.length - 1;
  const low = words[STRIDE * slot + LOW] ?? 0;
  let at = (low << 1) & mask;
  while (index[at] !== 0) at = (at + 2) & mask;
  index[at] = slot + 1;
  index[at + 1] = low;
}

/** When the unit in a slot was noted last, in ticks. */
export const notedAt = ({ doubles }: RecentUnits, slot: number): number => doubles[STRIDE_D * slot + AT_D] ?? 0;

/** Notes a unit at a time that is later than that of its last note, together with the key of another, or of itself. */
export function noteUnit(units: RecentUnits, slot: number, at: number, other: Int32Array): void {
  const { words, doubles } = units;
  const word = STRIDE * slot;
  doubles[STRIDE_D * slot + AT_D] = at;
  words[word + OTHER_HIGH] = other[0] ?? 0;
  words[word + OTHER_LOW] = other[1] ?? 0;
  const notes = ((words[word + NOTES] ?? 0) + 1) | 0;
  words[word + NOTES] = notes;
  if (2 * (units.put - units.taken) >= units.ring.length) dropOldNotes(units);
  const { ring } = units;
  const end = (2 * units.put) & (ring.length - 1);
  ring[end] = slot;
  ring[end + 1] = notes;
  units.put += 1;
}

/** The key that was noted with the unit in a slot. */
export const otherOf = ({ words }: RecentUnits, slot: number): { readonly high: number; readonly low: number } => ({
  high: words[STRIDE * slot + OTHER_HIGH] ?? 0,
  low: words[STRIDE * slot + OTHER_LOW] ?? 0,
});

/** The cell that is remembered with the unit in a slot; -1 for none. */
export const cellOfUnit = ({ words }: RecentUnits, slot: number): number => (words[STRIDE * slot + CELL] ?? 0) - 1;

export function rememberCell({ words }: RecentUnits, slot: number, cell: number): void {
  words[STRIDE * slot + CELL] = cell + 1;
}

/** Forgets the unit whose last note is the oldest. */
export function forgetOldest(units: RecentUnits): void {
  const { ring } = units;
  while (units.taken < units.put) {
    const at = (2 * units.taken) & (ring.length - 1);
    units.taken += 1;
    if (!isLast(units, at)) continue;
    remove(units, ring[at] ?? 0);
    return;
  }
}

/** Whether the note at a place of the ring is the last one of its unit, which then was not forgotten. */
const isLast = ({ words, ring }: RecentUnits, at: number): boolean =>
  words[STRIDE * (ring[at] ?? 0) + NOTES] === ring[at + 1];

/** The ring has twice as many places as there are slots: half of them become free at least. */
function dropOldNotes(units: RecentUnits): void {
  const { ring, taken, put } = units;
  const mask = ring.length - 1;
  let kept = taken;
  for (let note = taken; note < put; note++) {
    const from = (2 * note) & mask;
    if (!isLast(units, from)) continue;
    const to = (2 * kept) & mask;
    ring[to] = ring[from] ?? 0;
    ring[to + 1] = ring[from + 1] ?? 0;
    kept += 1;
  }
  units.put = kept;
}

/** Entries behind it move up, so that no probe ends too early. */
function remove(units: RecentUnits, slot: number): void {
  const { words, index } = units;
  const mask = index.length - 1;
  let hole = ((words[STRIDE * slot + LOW] ?? 0) << 1) & mask;
  while (index[hole] !== slot + 1) hole = (hole + 2) & mask;
  for (let at = (hole + 2) & mask; index[at] !== 0; at = (at + 2) & mask) {
    const low = index[at + 1] ?? 0;
    if (((at - (low << 1)) & mask) < ((at - hole) & mask)) continue;
    index[hole] = index[at] ?? 0;
    index[hole + 1] = low;
    hole = at;
  }
  index[hole] = 0;
  words[STRIDE * slot + HIGH] = units.free;
  units.free = slot;
  units.size -= 1;
}

/** Only called when no slot is free, so that every slot below is in use. */
function grow(units: RecentUnits): void {
  const { index, ring, taken, put } = units;
  const slots = units.words.length / STRIDE;
  units.words = larger(units.words, 2 * units.words.length);
  units.doubles = new Float64Array(units.words.buffer);
  units.index = new Int32Array(8 * slots);
  for (let slot = 0; slot < slots; slot++) place(units, slot);
  units.ring = new Int32Array(2 * ring.length);
  for (let note = taken; note < put; note++) {
    const from = (2 * note) & (ring.length - 1);
    units.ring[2 * (note - taken)] = ring[from] ?? 0;
    units.ring[2 * (note - taken) + 1] = ring[from + 1] ?? 0;
  }
  units.put -= taken;
  units.taken = 0;
  for (const old of [index, ring]) freeNumbers(old);
}
