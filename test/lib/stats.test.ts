import { expect, test } from "vitest";
import { kolmogorovSmirnov } from "../../src/lib/stats.ts";

const ascending = Array.from({ length: 50 }, (_, i) => i);

test.each([
  ["the same numbers, in any order", ascending, ascending.toReversed(), 0],
  ["numbers that lie wholly apart", ascending, ascending.map((one) => one + 50), 5],
  ["half of one lies beyond the other", ascending, ascending.map((one) => one + 25), 2.5],
  ["ties", [1, 1, 1, 2], [1, 2, 2, 2], Math.SQRT1_2],
  ["nothing against something", [], [1], 0],
])("how differently two samples lie: %s", (_name, a, b, distance) => {
  expect(kolmogorovSmirnov(a, b)).toBeCloseTo(distance, 12);
});
