/** Seeded randomness (xoshiro128**): the same seed gives the same bytes; identifiers come from a table, as a corpus has millions. */
export interface Dice {
  /** In [0, 1). */
  real(): number;
  /** A whole number in [0, n). */
  below(n: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Eight hexadecimal digits. */
  hex8(): string;
  guid(): string;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const hexOf = (word: number): string =>
  `${HEX[word >>> 24]}${HEX[(word >>> 16) & 255]}${HEX[(word >>> 8) & 255]}${HEX[word & 255]}`;

export function createDice(seed: number): Dice {
  const next = xoshiro(seed);
  const dice: Dice = {
    real: () => next() / 4_294_967_296,
    below: (n) => next() % n,
    chance: (probability) => next() / 4_294_967_296 < probability,
    pick(list) {
      const item = list[next() % list.length];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    hex8: () => hexOf(next()),
    guid() {
      const [a, b, c, d] = [hexOf(next()), hexOf(next()), hexOf(next()), hexOf(next())];
      return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
  };
  return dice;
}

/** Blackman and Vigna, https://prng.di.unimi.it/xoshiro128starstar.c */
function xoshiro(seed: number): () => number {
  let [s0, s1, s2, s3] = [seed | 1, 0x9e3779b9 ^ seed, 0x243f6a88, 0xb7e15162];
  return () => {
    let x = Math.imul(s1, 5);
    x = Math.imul((x << 7) | (x >>> 25), 9);
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    return x >>> 0;
  };
}

/** Draws ranks from 0 to n - 1; the share of rank r falls with (r + 1) to the power of 0.9. */
export function zipf(dice: Dice, n: number): () => number {
  const sums = new Float64Array(n);
  let total = 0;
  for (let rank = 0; rank < n; rank++) {
    total += 1 / (rank + 1) ** 0.9;
    sums[rank] = total;
  }
  return () => {
    const at = dice.real() * total;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
