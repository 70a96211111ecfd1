import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addNumber,
  createDDSketch,
  type DDSketch,
  mergeSketch,
  quantile,
  RELATIVE_ACCURACY,
} from "../../src/lib/ddsketch.ts";

const sketchOf = (values: readonly number[]): DDSketch => {
  const sketch = createDDSketch();
  for (const value of values) addNumber(sketch, value);
  return sketch;
};

/** Within a factor of 10^8 of each other. */
const durations = fc.array(
  fc.oneof(fc.double({ min: 0.01, max: 100_000, noNaN: true }), fc.integer({ min: 1, max: 50 }), fc.constant(0)),
  { minLength: 1, maxLength: 400, size: "max" },
);
const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1];

/** What the quantiles are off, as a share of the numbers that have their ranks. */
function errorsOf(sketch: DDSketch, values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return SHARES.map((share) => {
    const exact = sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    const told = quantile(sketch, share) ?? Number.NaN;
    return told === exact ? 0 : Math.abs(told - exact) / exact;
  });
}

test("every quantile is told to one percent", () => {
  fc.assert(
    fc.property(durations, (values) => {
      for (const error of errorsOf(sketchOf(values), values))
        expect(error).toBeLessThanOrEqual(RELATIVE_ACCURACY * (1 + 1e-9));
    }),
    { numRuns: 500 },
  );
});

test("parts, merged, are the whole; a clone goes on", () => {
  fc.assert(
    fc.property(durations, durations, (a, b) => {
      const merged = structuredClone(sketchOf(a));
      mergeSketch(merged, sketchOf(b));
      const whole = sketchOf([...a, ...b]);
      expect(merged.count).toBe(whole.count);
      for (const share of SHARES) expect(quantile(merged, share)).toBe(quantile(whole, share));
    }),
  );
});

describe("numbers further apart than the bins reach", () => {
  test.each(["rising", "falling"])("the highest keep the promise, none is lost (%s)", (order) => {
    const values = Array.from({ length: 3_000 }, (_, i) => 1.02 ** i);
    const sketch = sketchOf(order === "rising" ? values : values.toReversed());
    expect(sketch.bins.length).toBeLessThanOrEqual(1_024);
    expect(sketch.bins.reduce((sum, count) => sum + count, 0)).toBe(3_000);
    for (const share of [0.7, 0.9, 0.99, 1]) {
      const exact = values[Math.floor(share * 2_999)] ?? Number.NaN;
      expect(Math.abs((quantile(sketch, share) ?? 0) / exact - 1)).toBeLessThanOrEqual(RELATIVE_ACCURACY * (1 + 1e-9));
    }
  });
});

test("what is no duration is not counted, and nothing has no quantile", () => {
  const sketch = sketchOf([Number.NaN, -1, Number.POSITIVE_INFINITY]);
  expect(sketch.count).toBe(0);
  expect(quantile(sketch, 0.5)).toBeUndefined();
  expect(quantile(sketchOf([0, 0, 5]), 0.5)).toBe(0);
});
