/** How many bits of a 32-bit number are set. */
export function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Place of the lowest set bit; of 0, 32. */
export const lowestBit = (bits: number): number => (bits === 0 ? 32 : 31 - Math.clz32(bits & -bits));

/** Place of the highest set bit; of 0, -1. */
export const highestBit = (bits: number): number => 31 - Math.clz32(bits);
