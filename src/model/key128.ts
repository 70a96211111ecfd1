import { hash64 } from "../lib/hash.ts";

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const OTHER_SEED = 0x2545f491;

/**
 * Writes an id as four words: the number that a GUID (lower-cased, with hyphens) is, or two hashes of any other text.
 * Gives whether it is a GUID.
 */
export function writeKey(words: Int32Array, at: number, id: string, seed: number): boolean {
  if (id.length === 36 && GUID.test(id)) {
    words[at] = Number.parseInt(id.slice(0, 8), 16);
    words[at + 1] = Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16);
    words[at + 2] = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16);
    words[at + 3] = Number.parseInt(id.slice(28), 16);
    return true;
  }
  words.set(hash64(id, seed), at);
  words.set(hash64(id, seed ^ OTHER_SEED), at + 2);
  return false;
}

const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
/** The GUID that is written last, as bytes; its hyphens stay. */
const GUID_BYTES = new Uint8Array(36).fill("-".charCodeAt(0));
/** By digit of the four words: its place among the bytes. */
const PLACES = Uint8Array.from({ length: 32 }, (_, digit) => digit + Math.min(4, Math.max(0, (digit >> 2) - 1)));
const ascii = new TextDecoder();

/** The GUID that four words are. Decoded at once: what is put together from parts keeps them, eight times its size. */
export function keyText(words: Int32Array, at: number): string {
  for (let digit = 0; digit < 32; digit++) {
    const word = words[at + (digit >> 3)] ?? 0;
    GUID_BYTES[PLACES[digit] ?? 0] = DIGITS[(word >>> (28 - 4 * (digit & 7))) & 15] ?? 0;
  }
  return ascii.decode(GUID_BYTES);
}
