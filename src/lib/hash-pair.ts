/**
 * A hash of 64 bits that is made of others, as two signed words; one is filled again and again. The others must be seeded
 * hashes already: who cannot foresee them cannot make two of these the same.
 */
export interface HashPair {
  high: number;
  low: number;
}

/** Begins a hash; `kind` tells apart what is made of the same parts. */
export function beginHash(pair: HashPair, kind: number): void {
  pair.high = Math.imul(kind, 0x9e3779b1);
  pair.low = Math.imul(kind, 0x85ebca77);
}

/** Adds a part; the order of parts counts. */
export function addHash(pair: HashPair, high: number, low: number): void {
  const a = Math.imul(pair.high ^ high, 0xcc9e2d51);
  const b = Math.imul(pair.low + low, 0x1b873593);
  pair.high = (a << 15) | (a >>> 17);
  pair.low = ((b << 13) | (b >>> 19)) ^ pair.high;
}
