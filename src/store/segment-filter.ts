import { hash64 } from "../lib/hash.ts";

/** Bits of one line of the filter: what one read of the disk brings. */
export const LINE_BYTES = 64;
const LINE_BITS = 8 * LINE_BYTES;
/** One id in some thousand that was never added looks as if it was. */
const BITS_PER_ID = 20;
const BITS_SET = 8;
const SEED = 0x5e6e17;

const linesFor = (ids: number): number => Math.max(1, Math.ceil((ids * BITS_PER_ID) / LINE_BITS));

/** A Bloom filter for so many ids, with none; the bits of one id are all on one line of 64 bytes. */
export const emptyFilter = (count: number): Uint8Array => new Uint8Array(LINE_BYTES * linesFor(count));

export function buildFilter(ids: Iterable<string>, count: number): Uint8Array {
  const filter = emptyFilter(count);
  addToFilter(filter, ids);
  return filter;
}

/** For how many ids a filter of so many bytes was made, at most. */
export const idsOfFilter = (bytes: number): number => Math.floor((bytes * 8) / BITS_PER_ID);

export function addToFilter(filter: Uint8Array, ids: Iterable<string>): void {
  for (const id of ids) {
    const { offset, bits } = bitsOf(id, filter.length);
    for (const bit of bits) {
      const at = offset + (bit >> 3);
      filter[at] = (filter[at] ?? 0) | (1 << (bit & 7));
    }
  }
}

/** Where in a filter of so many bytes the line of an id is. */
export const lineOf = (id: string, filterBytes: number): { readonly offset: number; readonly bytes: number } => ({
  offset: bitsOf(id, filterBytes).offset,
  bytes: LINE_BYTES,
});

/** Whether an id may have been added; `line` is the one that `lineOf` names. */
export const mayHold = (line: Uint8Array, id: string): boolean =>
  bitsOf(id, LINE_BYTES).bits.every((bit) => ((line[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0);

function bitsOf(id: string, filterBytes: number): { readonly offset: number; readonly bits: readonly number[] } {
  const [high, low] = hash64(id, SEED);
  const step = low | 1;
  const bits = Array.from({ length: BITS_SET }, (_, i) => ((high >>> 9) + Math.imul(i, step)) & (LINE_BITS - 1));
  return { offset: LINE_BYTES * (high % (filterBytes / LINE_BYTES)), bits };
}
