/**
 * Remembers which records were seen: 64-bit fingerprints in two generations of a fixed size, so that memory is bounded
 * and the oldest are forgotten together. Plain data: survives a structured clone.
 */
export interface Seen {
  /** Slots in one generation at the most, a power of two; it begins small and doubles. */
  readonly slots: number;
  current: Uint32Array;
  /** In order, without free slots: half the room. */
  previous: Uint32Array;
  used: number;
  /** How often a generation was forgotten: from then on a repeat that is older than both is not recognised. */
  forgotten: number;
}

const FIRST_SLOTS = 4_096;

export function createSeen(slots: number): Seen {
  const first = Math.min(slots, FIRST_SLOTS);
  return { slots, current: new Uint32Array(2 * first), previous: new Uint32Array(0), used: 0, forgotten: 0 };
}

/** True when the fingerprint, two unsigned words, was there already; it is there afterwards. */
export function sawBefore(seen: Seen, high: number, low: number): boolean {
  const a = high === 0 && low === 0 ? 1 : high;
  if (find(seen.current, a, low) >= 0) return true;
  if (seen.previous.length > 0 && isAmong(seen.previous, a, low)) return true;
  if (seen.used * 4 >= seen.current.length) makeRoom(seen);
  const slot = ~find(seen.current, a, low);
  seen.current[2 * slot] = a;
  seen.current[2 * slot + 1] = low;
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
function isAmong(ordered: Uint32Array, a: number, b: number): boolean {
  const count = ordered.length >> 1;
  const isBefore = (place: number): boolean => {
    const second = ordered[2 * place + 1] ?? 0;
    return second === b ? (ordered[2 * place] ?? 0) < a : second < b;
  };
  const guess = Math.floor((b / 2 ** 32) * count);
  let step = 64;
  let low = guess;
  while (low > 0 && !isBefore(low)) low = Math.max(0, low - (step *= 2));
  step = 64;
  let high = Math.max(low, guess);
  while (high < count && isBefore(high)) high = Math.min(count, high + (step *= 2));
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low < count && ordered[2 * low] === a && ordered[2 * low + 1] === b;
}

/** Twice the room, until a generation is full: then the older one is forgotten. */
function makeRoom(seen: Seen): void {
  if (seen.current.length < 2 * seen.slots) seen.current = doubled(seen.current);
  else turn(seen);
}

function doubled(table: Uint32Array): Uint32Array {
  const larger = new Uint32Array(2 * table.length);
  for (let at = 0; at < table.length; at += 2) {
    const a = table[at] ?? 0;
    const b = table[at + 1] ?? 0;
    if (a === 0 && b === 0) continue;
    const slot = ~find(larger, a, b);
    larger[2 * slot] = a;
    larger[2 * slot + 1] = b;
  }
  return larger;
}

function turn(seen: Seen): void {
  if (seen.previous.length > 0) seen.forgotten += 1;
  seen.previous = inOrder(seen.current, seen.used);
  seen.current = new Uint32Array(2 * seen.slots);
  seen.used = 0;
}

/** Nothing was seen. */
export function forgetSeen(seen: Seen): void {
  if (seen.used > 0) seen.current.fill(0);
  if (seen.previous.length > 0) seen.previous = new Uint32Array(0);
  if (seen.current.length > 2 * FIRST_SLOTS) seen.current = new Uint32Array(2 * Math.min(seen.slots, FIRST_SLOTS));
  seen.used = 0;
}
