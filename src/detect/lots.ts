import { hash64 } from "../lib/hash.ts";

const SEED = 11;
const LENGTH = 36;
/** By character of a GUID: how far to shift its word for the digit; -1 is a hyphen. */
const SHIFTS = Int8Array.from(
  [28, 24, 20, 16, 12, 8, 4, 0, -1, 28, 24, 20, 16, -1, 12, 8, 4, 0, -1, 28, 24, 20, 16, -1, 12, 8, 4, 0].concat([
    28, 24, 20, 16, 12, 8, 4, 0,
  ]),
);
const WORD_OF = Int8Array.from([...SHIFTS.keys()], (i) => (i < 8 ? 0 : i < 18 ? 1 : i < 28 ? 2 : 3));
const HYPHEN = 45;
const HEX = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** The number in [0, 2^32) that a call draws by its id: the first hash of the text. */
export const lotOfText = (id: string): number => hash64(id, SEED)[0];

/**
 * The same of GUIDs that are four words each, of those at `from` up to `to`: as of their texts, which are not made. Four at
 * a time, because each step of one waits for the step before.
 */
export function drawLots(keys: Int32Array, from: number, to: number, lots: Uint32Array): void {
  for (let first = from; first < to; first += 4) {
    const second = Math.min(first + 1, to - 1);
    const third = Math.min(first + 2, to - 1);
    const fourth = Math.min(first + 3, to - 1);
    let a = SEED;
    let b = SEED;
    let c = SEED;
    let d = SEED;
    for (let i = 0; i < LENGTH; i++) {
      const shift = SHIFTS[i] ?? -1;
      const word = WORD_OF[i] ?? 0;
      a = mix(a, unitAt(keys, 4 * first + word, shift));
      b = mix(b, unitAt(keys, 4 * second + word, shift));
      c = mix(c, unitAt(keys, 4 * third + word, shift));
      d = mix(d, unitAt(keys, 4 * fourth + word, shift));
    }
    lots[first] = finish(a ^ LENGTH);
    lots[second] = finish(b ^ LENGTH);
    lots[third] = finish(c ^ LENGTH);
    lots[fourth] = finish(d ^ LENGTH);
  }
}

const unitAt = (keys: Int32Array, at: number, shift: number): number =>
  shift < 0 ? HYPHEN : (HEX[((keys[at] ?? 0) >>> shift) & 15] ?? 0);

function mix(hash: number, unit: number): number {
  const a = Math.imul(hash ^ unit, 0xcc9e2d51);
  return (a << 15) | (a >>> 17);
}

function finish(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
