/** Two independent 32-bit hashes of a text (UTF-16 units), seeded; not for secrets. After MurmurHash3's mixing steps. */
export function hash64(text: string, seed: number): readonly [number, number] {
  let a = seed | 0 || 0x9747b28c;
  let b = Math.imul(a, 0x85ebca6b) ^ 0x3c6ef372;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b + unit, 0x1b873593);
    b = (b << 13) | (b >>> 19);
    b ^= a;
  }
  return [finish(a ^ text.length), finish(b + a)];
}

/** The last step of MurmurHash3: each bit of the number in each of the hash. */
export function finish(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [0, 1) that is the same for the same text: for sampling that replay repeats. */
export const unitHash = (text: string, seed: number): number => hash64(text, seed)[0] / 4_294_967_296;

const BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** `length` (at most 12) letters and digits from a text; Crockford's alphabet, no I L O U. */
export function shortId(text: string, length: number): string {
  const [a, b] = hash64(text, 0x5c09e);
  let bits = (BigInt(a) << 32n) | BigInt(b);
  let id = "";
  for (let i = 0; i < length; i++) {
    id += BASE32[Number(bits & 31n)] ?? "0";
    bits >>= 5n;
  }
  return id;
}
