import { larger } from "../lib/larger.ts";

/**
 * Remembers which records were seen: 64-bit fingerprints in two generations of a fixed size, so that memory is bounded
 * and the oldest are forgotten together. The newest are in a small table, all others in order, without free slots.
 * Plain data: survives a structured clone.
 */
export interface Seen {
  /** Twice the fingerprints of one generation, a power of two. */
  readonly slots: number;
  /** Slots by hash; it begins small and doubles, then it is put in order with those of its generation. */
  recent: Uint32Array;
  /** Slots of `recent` that are in use. */
  used: number;
  /** In order, the first `count` of its room. */
  current: Uint32Array;
  count: number;
  /** In order, `previousCount` of them. */
  previous: Uint32Array;
  previousCount: number;
  /** How often a generation was forgotten: from then on a repeat that is older than both is not recognised. */
  forgotten: number;
}

const FIRST_SLOTS = 4_096;
const RECENT_SLOTS = 65_536;

export function createSeen(slots: number): Seen {
  return {
    slots,
    recent: new Uint32Array(2 * Math.min(slots, FIRST_SLOTS)),
    used: 0,
    current: new Uint32Array(0),
    count: 0,
    previous: new Uint32Array(0),
    previousCount: 0,
    forgotten: 0,
  };
}

/** True when the fingerprint, two unsigned words, was there already; it is there afterwards. */
export function sawBefore(seen: Seen, high: number, low: number): boolean {
  const a = high === 0 && low === 0 ? 1 : high;
  if (find(seen.recent, a, low) >= 0) return true;
  if (isAmong(seen.current, seen.count, a, low) || isAmong(seen.previous, seen.previousCount, a, low)) return true;
  if (seen.used * 4 >= seen.recent.length) makeRoom(seen);
  const slot = ~find(seen.recent, a, low);
  seen.recent[2 * slot] = a;
  seen.recent[2 * slot + 1] = low;
  seen.used += 1;
  return false;
}

/** The slot that holds the fingerprint, or the complement of the free slot where it belongs. */
function find(table: Uint32Array, a: number, b: number): number {
  const mask = (table.length >> 1) - 1;
  let slot = (a ^ b) & mask;
  for (;;) {
    const x = table[2 * slot];
    const y = table[2 * slot + 1];
    if (x === a && y === b) return slot;
    if (x === 0 && y === 0) return ~slot;
    slot = (slot + 1) & mask;
  }
}

/** The fingerprints of a table, by their second word, then by their first. */
function inOrder(table: Uint32Array, used: number): Uint32Array {
  const ordered = new BigUint64Array(used);
  const words = new Uint32Array(ordered.buffer);
  let count = 0;
  for (let at = 0; at < table.length; at += 2) {
    const [a, b] = [table[at] ?? 0, table[at + 1] ?? 0];
    if (a === 0 && b === 0) continue;
    words[2 * count] = a;
    words[2 * count + 1] = b;
    count += 1;
  }
  ordered.sort();
  return words;
}

/** The words are hashes: a place is guessed from the second one, and the guess is narrowed from there. */
function isAmong(ordered: Uint32Array, count: number, a: number, b: number): boolean {
  if (count === 0) return false;
  const isLess = (place: number): boolean => {
    const second = ordered[2 * place + 1] ?? 0;
    return second === b ? (ordered[2 * place] ?? 0) < a : second < b;
  };
  const guess = Math.floor((b / 2 ** 32) * count);
  let step = 64;
  let low = guess;
  while (low > 0 && !isLess(low)) low = Math.max(0, low - (step *= 2));
  step = 64;
  let high = Math.max(low, guess);
  while (high < count && isLess(high)) high = Math.min(count, high + (step *= 2));
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isLess(middle)) low = middle + 1;
    else high = middle;
  }
  return low < count && ordered[2 * low] === a && ordered[2 * low + 1] === b;
}

/** Twice the room, until the table is large; then what is in it joins its generation. */
function makeRoom(seen: Seen): void {
  if (seen.recent.length < 2 * Math.min(seen.slots, RECENT_SLOTS)) seen.recent = doubled(seen.recent);
  else settle(seen);
}

function doubled(table: Uint32Array): Uint32Array {
  const into = new Uint32Array(2 * table.length);
  for (let at = 0; at < table.length; at += 2) {
    const a = table[at] ?? 0;
    const b = table[at + 1] ?? 0;
    if (a === 0 && b === 0) continue;
    const slot = ~find(into, a, b);
    into[2 * slot] = a;
    into[2 * slot + 1] = b;
  }
  return into;
}

/** Puts the newest in order with those of their generation; where that is whole then, the older one is forgotten. */
function settle(seen: Seen): void {
  const most = seen.slots / 2;
  const needed = seen.count + seen.used;
  if (2 * needed > seen.current.length) {
    seen.current = larger(seen.current, 2 * Math.max(needed, Math.min(most, 2 * needed)));
  }
  putInOrder(seen.current, seen.count, inOrder(seen.recent, seen.used));
  seen.count = needed;
  seen.recent.fill(0);
  seen.used = 0;
  if (seen.count >= most) turn(seen);
}

/** The room of the generation that is forgotten is that of the next one. */
function turn(seen: Seen): void {
  const { previous } = seen;
  if (seen.previousCount > 0) seen.forgotten += 1;
  seen.previous = seen.current;
  seen.previousCount = seen.count;
  seen.current = previous;
  seen.count = 0;
}

/** Puts fingerprints in order between those that are there, from the last on: each moves once. */
function putInOrder(into: Uint32Array, count: number, ordered: Uint32Array): void {
  let to = 2 * count + ordered.length - 2;
  let from = 2 * count - 2;
  for (let next = ordered.length - 2; next >= 0; to -= 2) {
    const isNext = from < 0 || isBefore(into, from, ordered, next);
    into[to] = (isNext ? ordered[next] : into[from]) ?? 0;
    into[to + 1] = (isNext ? ordered[next + 1] : into[from + 1]) ?? 0;
    if (isNext) next -= 2;
    else from -= 2;
  }
}

function isBefore(one: Uint32Array, at: number, other: Uint32Array, place: number): boolean {
  const second = one[at + 1] ?? 0;
  const otherSecond = other[place + 1] ?? 0;
  return second === otherSecond ? (one[at] ?? 0) < (other[place] ?? 0) : second < otherSecond;
}

/** Nothing was seen. */
export function forgetSeen(seen: Seen): void {
  if (seen.used > 0) seen.recent.fill(0);
  if (seen.recent.length > 2 * FIRST_SLOTS) seen.recent = new Uint32Array(2 * Math.min(seen.slots, FIRST_SLOTS));
  seen.used = 0;
  if (seen.current.length > 0) seen.current = new Uint32Array(0);
  if (seen.previous.length > 0) seen.previous = new Uint32Array(0);
  seen.count = 0;
  seen.previousCount = 0;
}

/** What earlier versions kept: a generation as one table, the one before it in order. */
interface OldSeen {
  readonly slots: number;
  readonly current: Uint32Array;
  readonly previous: Uint32Array;
  readonly used: number;
  readonly forgotten: number;
}

/** What was seen, of what an earlier version kept too. */
export function seenOf(kept: Seen | OldSeen): Seen {
  if ("recent" in kept) return kept;
  const { slots, current, used, previous, forgotten } = kept;
  return Object.assign(createSeen(slots), {
    current: inOrder(current, used),
    count: used,
    previous,
    previousCount: previous.length >> 1,
    forgotten,
  });
}
