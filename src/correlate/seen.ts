import {
  clearFingerprints,
  createFingerprints,
  type Fingerprints,
  isAmong,
  makeRoomFor,
  putInOrder,
} from "./fingerprints.ts";

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
  current: Fingerprints;
  previous: Fingerprints;
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
    current: createFingerprints(),
    previous: createFingerprints(),
    forgotten: 0,
  };
}

/** True when the fingerprint, two unsigned words, was there already; it is there afterwards. */
export function sawBefore(seen: Seen, high: number, low: number): boolean {
  const a = high === 0 && low === 0 ? 1 : high;
  if (find(seen.recent, a, low) >= 0) return true;
  if (isAmong(seen.current, a, low) || isAmong(seen.previous, a, low)) return true;
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
  const { current, recent, used } = seen;
  const most = seen.slots / 2;
  const needed = current.count + used;
  if (needed > current.firsts.length) makeRoomFor(current, Math.max(needed, Math.min(most, 2 * needed)));
  putInOrder(current, inOrder(recent, used));
  recent.fill(0);
  seen.used = 0;
  if (current.count >= most) turn(seen);
}

/** The room of the generation that is forgotten is that of the next one. */
function turn(seen: Seen): void {
  const { previous } = seen;
  if (previous.count > 0) seen.forgotten += 1;
  clearFingerprints(previous);
  seen.previous = seen.current;
  seen.current = previous;
}

/** Nothing was seen. */
export function forgetSeen(seen: Seen): void {
  if (seen.used > 0) seen.recent.fill(0);
  if (seen.recent.length > 2 * FIRST_SLOTS) seen.recent = new Uint32Array(2 * Math.min(seen.slots, FIRST_SLOTS));
  seen.used = 0;
  if (seen.current.count > 0) seen.current = createFingerprints();
  if (seen.previous.count > 0) seen.previous = createFingerprints();
}

/** What earlier versions kept: two words a fingerprint, a generation as one table or in order, the one before it in order. */
interface OldSeen {
  readonly slots: number;
  readonly recent?: Uint32Array;
  readonly used: number;
  readonly current: Uint32Array;
  readonly count?: number;
  readonly previous: Uint32Array;
  readonly previousCount?: number;
  readonly forgotten: number;
}

/** What was seen, of what an earlier version kept too. */
export function seenOf(kept: Seen | OldSeen): Seen {
  if (!isOld(kept)) return kept;
  const { slots, recent, current, used, count, previous, previousCount, forgotten } = kept;
  const seen = Object.assign(createSeen(slots), {
    current: inFingerprints(count === undefined ? inOrder(current, used) : current.subarray(0, 2 * count)),
    previous: inFingerprints(previous.subarray(0, 2 * (previousCount ?? previous.length / 2))),
    forgotten,
  });
  return recent === undefined ? seen : Object.assign(seen, { recent, used });
}

const isOld = (kept: Seen | OldSeen): kept is OldSeen => kept.current instanceof Uint32Array;

function inFingerprints(ordered: Uint32Array): Fingerprints {
  const prints = createFingerprints();
  makeRoomFor(prints, ordered.length / 2);
  putInOrder(prints, ordered);
  return prints;
}
