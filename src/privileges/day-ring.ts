/** A set of days: of the newest and those up to `RING_DAYS` - 1 before it. The order of adding does not matter. Plain data. */
export interface DayRing {
  /** -1 without any. */
  newest: number;
  /** 32 days each: an array of its own buffer would be three times as large. */
  readonly bits: number[];
}

export const RING_DAYS = 512;

export const createDayRing = (): DayRing => ({ newest: -1, bits: Array<number>(RING_DAYS >> 5).fill(0) });

/** Adds a day; those that fall out of the ring by it are gone. */
export function addDay(ring: DayRing, day: number): void {
  const { newest } = ring;
  if (day === newest) return;
  const { bits } = ring;
  if (day > newest) {
    if (newest < 0 || day - newest >= RING_DAYS) bits.fill(0);
    else for (let between = newest + 1; between < day; between++) clear(bits, between);
    ring.newest = day;
  } else if (newest - day >= RING_DAYS) return;
  const at = day % RING_DAYS;
  bits[at >> 5] = (bits[at >> 5] ?? 0) | (1 << (at & 31));
}

function clear(bits: number[], day: number): void {
  const at = day % RING_DAYS;
  bits[at >> 5] = (bits[at >> 5] ?? 0) & ~(1 << (at & 31));
}

/** Oldest first. */
export function daysIn({ newest, bits }: DayRing): Int32Array {
  const days: number[] = [];
  for (let day = Math.max(0, newest - RING_DAYS + 1); day <= newest; day++) {
    const at = day % RING_DAYS;
    if (((bits[at >> 5] ?? 0) & (1 << (at & 31))) !== 0) days.push(day);
  }
  return Int32Array.from(days);
}
