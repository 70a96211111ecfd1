import { finish, hash64 } from "../lib/hash.ts";

const SEED = 11;
const LENGTH = 36;
const HYPHEN = 45;

/** The number in [0, 2^32) that a call draws by its id: the first hash of the text. */
export const lotOfText = (id: string): number => hash64(id, SEED)[0];

/**
 * The same of GUIDs that are four words each, of those at `from` up to `to`: as of their texts, which are not made. Four at
 * a time, because each step of one waits for the step before.
 */
export function drawLots(keys: Int32Array, from: number, to: number, lots: Uint32Array): void {
  for (let first = from; first < to; first += 4) drawFour(keys, first, to - 1, lots);
}

/** Those at `first` and after it, none after `last`. */
function drawFour(keys: Int32Array, first: number, last: number, lots: Uint32Array): void {
  const second = Math.min(first + 1, last);
  const third = Math.min(first + 2, last);
  const fourth = Math.min(first + 3, last);
  let a = SEED;
  let b = SEED;
  let c = SEED;
  let d = SEED;
  for (let word = 0; word < 4; word++) {
    let w = keys[4 * first + word] ?? 0;
    let x = keys[4 * second + word] ?? 0;
    let y = keys[4 * third + word] ?? 0;
    let z = keys[4 * fourth + word] ?? 0;
    for (let digit = 0; digit < 8; digit++) {
      if ((digit & 3) === 0 && (word === 1 || word === 2)) {
        a = mix(a, HYPHEN);
        b = mix(b, HYPHEN);
        c = mix(c, HYPHEN);
        d = mix(d, HYPHEN);
      }
      a = mix(a, hexDigit(w >>> 28));
      b = mix(b, hexDigit(x >>> 28));
      c = mix(c, hexDigit(y >>> 28));
      d = mix(d, hexDigit(z >>> 28));
      w <<= 4;
      x <<= 4;
      y <<= 4;
      z <<= 4;
    }
  }
  lots[first] = finish(a ^ LENGTH);
  lots[second] = finish(b ^ LENGTH);
  lots[third] = finish(c ^ LENGTH);
  lots[fourth] = finish(d ^ LENGTH);
}

/** Character code of a digit: a letter from 10 on. */
const hexDigit = (digit: number): number => digit + 48 + (((9 - digit) >> 31) & 39);

function mix(hash: number, unit: number): number {
  const a = Math.imul(hash ^ unit, 0xcc9e2d51);
  return (a << 15) | (a >>> 17);
}
