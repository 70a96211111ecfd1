import { expect, test } from "vitest";
import { larger } from "../../src/lib/larger.ts";

test.each([Int32Array, Uint32Array, Float64Array, Uint8Array])(
  "%o: the numbers are there, and their old memory is free",
  (Numbers) => {
    const small = Numbers.of(1, 2, 3);
    expect(larger(small, 6)).toEqual(Numbers.of(1, 2, 3, 0, 0, 0));
    const large = new Numbers(100_000).fill(7);
    const grown = larger(large, 150_000);
    expect(grown).toBeInstanceOf(Numbers);
    expect([grown[0], grown[99_999], grown[100_000], grown.length]).toEqual([7, 7, 0, 150_000]);
    expect(large.length).toBe(0);
  },
);
