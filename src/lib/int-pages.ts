/**
 * Several columns of numbers by a dense id, of which most columns know few: pages of 256 are made as they are written to.
 * What was never written is 0. Plain data.
 */
export interface IntPages {
  readonly width: number;
  /** By id / 256 and column: where the page begins in `pool`. Page 0 is all zeros and stands for those that are not made. */
  pages: Int32Array;
  pool: Int32Array;
  used: number;
}

const PAGE = 256;
const PAGE_BITS = 8;

export const createIntPages = (width: number): IntPages => ({
  width,
  pages: new Int32Array(width),
  pool: new Int32Array(8 * PAGE),
  used: PAGE,
});

/** Ids below `count` may be asked for from now on. */
export function coverIds(ints: IntPages, count: number): void {
  const needed = ((count + PAGE - 1) >> PAGE_BITS) * ints.width;
  if (needed > ints.pages.length) ints.pages = extended(ints.pages, needed);
}

/** The id must be covered. */
export const intAt = ({ width, pages, pool }: IntPages, id: number, column: number): number =>
  pool[(pages[(id >> PAGE_BITS) * width + column] ?? 0) + (id & (PAGE - 1))] ?? 0;

/** The id must be covered. */
export function setInt(ints: IntPages, id: number, column: number, value: number): void {
  const at = (id >> PAGE_BITS) * ints.width + column;
  if (ints.pages[at] === 0) {
    if (ints.used + PAGE > ints.pool.length) ints.pool = extended(ints.pool, ints.used + PAGE);
    ints.pages[at] = ints.used;
    ints.used += PAGE;
  }
  ints.pool[(ints.pages[at] ?? 0) + (id & (PAGE - 1))] = value;
}

export function clearPages(ints: IntPages): void {
  ints.pages = new Int32Array(ints.width);
  ints.pool = new Int32Array(8 * PAGE);
  ints.used = PAGE;
}

function extended(words: Int32Array, least: number): Int32Array {
  const larger = new Int32Array(Math.max(least, 2 * words.length));
  larger.set(words);
  return larger;
}
