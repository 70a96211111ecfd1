import { expect, test } from "vitest";
import { lowerBound } from "../../src/lib/lower-bound.ts";

const TIMES = Float64Array.of(10, 20, 20, 30, 0, 0);

test.each([
  [5, 0],
  [10, 0],
  [15, 1],
  [20, 1],
  [30, 3],
  [31, 4],
])("the first of four times that is not below %i is at %i", (value, place) => {
  expect(lowerBound(TIMES, value, 4)).toBe(place);
});

test("without a count it looks at all", () => {
  expect(lowerBound(Float64Array.of(1, 2), 3)).toBe(2);
  expect(lowerBound(new Float64Array(), 3)).toBe(0);
});
