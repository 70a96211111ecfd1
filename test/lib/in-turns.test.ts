import fc from "fast-check";
import { expect, test } from "vitest";
import { atOnce, flatInTurns, type InTurns, sortedInTurns } from "../../src/lib/in-turns.ts";

function partsOf<T>(work: InTurns<T>): number {
  let parts = 1;
  while (work.next().done !== true) parts += 1;
  return parts;
}

test("what is sorted in turns is as if it were sorted at once, and what is equal stays in its order", () => {
  const lists = fc.array(fc.record({ key: fc.nat(50) }), { maxLength: 60 });
  fc.assert(
    fc.property(lists, fc.integer({ min: 0, max: 300 }), (few, times) => {
      const all = Array.from({ length: times }, () => few)
        .flat()
        .map(({ key }, place) => ({ key, place }));
      const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key;
      expect(atOnce(sortedInTurns(all, compare))).toEqual(all.toSorted(compare));
    }),
    { numRuns: 50 },
  );
});

test("long work has many parts, of so many each", () => {
  const all = Array.from({ length: 10_000 }, (_, i) => i);
  expect(partsOf(sortedInTurns(all, (a, b) => b - a))).toBeGreaterThan(10);
  expect(partsOf(flatInTurns(all, 100, (one) => [one, one]))).toBe(101);
  expect(atOnce(flatInTurns([1, 2, 3], 1, (one) => (one === 2 ? [] : [one, -one])))).toEqual([1, -1, 3, -3]);
});
