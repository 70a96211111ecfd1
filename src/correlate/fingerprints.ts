import { larger } from "../lib/larger.ts";

/**
 * Fingerprints of 64 bits in the order of their second word, six bytes each: the upper half of that word is told by where they
 * are. Plain data.
 */
export interface Fingerprints {
  /** By the upper half of the second word: how many lie before it; one more at the end. Empty as long as there are none. */
  starts: Uint32Array;
  /** Lower halves of the second words, and the first words; the first `count` of their room. */
  lows: Uint16Array;
  firsts: Uint32Array;
  count: number;
}

const HALF = 16;
const HALVES = 1 << HALF;
const LOW = HALVES - 1;

export const createFingerprints = (): Fingerprints => ({
  starts: new Uint32Array(0),
  lows: new Uint16Array(0),
  firsts: new Uint32Array(0),
  count: 0,
});

/** Some thirty of them share the upper half. */
export function isAmong({ starts, lows, firsts, count }: Fingerprints, first: number, second: number): boolean {
  if (count === 0) return false;
  const wanted = second & LOW;
  let low = starts[second >>> HALF] ?? 0;
  const end = starts[(second >>> HALF) + 1] ?? 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lows[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  for (; low < end && lows[low] === wanted; low++) if (firsts[low] === first) return true;
  return false;
}

/** Room for so many; what is there stays. */
export function makeRoomFor(prints: Fingerprints, count: number): void {
  if (count <= prints.firsts.length) return;
  prints.lows = larger(prints.lows, count);
  prints.firsts = larger(prints.firsts, count);
}

/** Puts fingerprints, two words each and in the order of the second, between those that are there, from the last on: each moves once. There is room. */
export function putInOrder(prints: Fingerprints, ordered: Uint32Array): void {
  if (prints.starts.length === 0) prints.starts = new Uint32Array(HALVES + 1);
  const { starts, lows, firsts, count } = prints;
  let from = count - 1;
  let half = LOW;
  let to = from + ordered.length / 2;
  for (let next = ordered.length - 2; next >= 0; to--) {
    while ((starts[half] ?? 0) > Math.max(0, from)) half -= 1;
    const second = ordered[next + 1] ?? 0;
    const before = from < 0 ? -1 : half * HALVES + (lows[from] ?? 0);
    if (before < second) {
      lows[to] = second & LOW;
      firsts[to] = ordered[next] ?? 0;
      next -= 2;
    } else {
      lows[to] = lows[from] ?? 0;
      firsts[to] = firsts[from] ?? 0;
      from -= 1;
    }
  }
  moveStarts(starts, ordered);
  prints.count = count + ordered.length / 2;
}

function moveStarts(starts: Uint32Array, ordered: Uint32Array): void {
  let next = 1;
  for (let half = 0; half < starts.length; half++) {
    while (next < ordered.length && (ordered[next] ?? 0) >>> HALF < half) next += 2;
    starts[half] = (starts[half] ?? 0) + (next - 1) / 2;
  }
}

/** None of them; the room stays. */
export function clearFingerprints(prints: Fingerprints): void {
  prints.starts.fill(0);
  prints.count = 0;
}
