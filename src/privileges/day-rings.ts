/**
 * Sets of days side by side, `RING_WORDS` each: of the newest day of a set and those up to `RING_DAYS` - 1 before it. The order of
 * adding does not matter. A set of zeros is empty.
 */
export type DayRings = Int32Array;

export const RING_DAYS = 512;
/** The newest day + 1, and a bit a day. */
export const RING_WORDS = 1 + (RING_DAYS >> 5);

/** The newest day of a set; -1 without any. */
export const newestDay = (rings: DayRings, ring: number): number => (rings[RING_WORDS * ring] ?? 0) - 1;

export function emptyRing(rings: DayRings, ring: number): void {
  rings.fill(0, RING_WORDS * ring, RING_WORDS * (ring + 1));
}

/** Adds a day; those that fall out of the ring by it are gone. */
export function addDay(rings: DayRings, ring: number, day: number): void {
  const newest = newestDay(rings, ring);
  if (day === newest) return;
  const bits = RING_WORDS * ring + 1;
  if (day > newest) {
    if (newest < 0 || day - newest >= RING_DAYS) emptyRing(rings, ring);
    else for (let between = newest + 1; between < day; between++) clear(rings, bits, between);
    rings[bits - 1] = day + 1;
  } else if (newest - day >= RING_DAYS) return;
  const word = bits + ((day % RING_DAYS) >> 5);
  rings[word] = (rings[word] ?? 0) | (1 << (day & 31));
}

function clear(rings: DayRings, bits: number, day: number): void {
  const word = bits + ((day % RING_DAYS) >> 5);
  rings[word] = (rings[word] ?? 0) & ~(1 << (day & 31));
}

/** Oldest first. */
export function daysIn(rings: DayRings, ring: number): Int32Array {
  const newest = newestDay(rings, ring);
  const days: number[] = [];
  for (let day = Math.max(0, newest - RING_DAYS + 1); day <= newest; day++) {
    const word = RING_WORDS * ring + 1 + ((day % RING_DAYS) >> 5);
    if (((rings[word] ?? 0) & (1 << (day & 31))) !== 0) days.push(day);
  }
  return Int32Array.from(days);
}
