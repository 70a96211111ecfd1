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

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const hex = (word: number): string =>
  `${HEX[word >>> 24] ?? ""}${HEX[(word >>> 16) & 255] ?? ""}${HEX[(word >>> 8) & 255] ?? ""}${HEX[word & 255] ?? ""}`;

/** The GUID that four words are. */
export function keyText(words: Int32Array, at: number): string {
  const b = hex(words[at + 1] ?? 0);
  const c = hex(words[at + 2] ?? 0);
  return `${hex(words[at] ?? 0)}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${hex(words[at + 3] ?? 0)}`;
}
