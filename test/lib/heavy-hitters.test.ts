import fc from "fast-check";
import { expect, test } from "vitest";
import { addHit, createHeavyHitters, heaviest } from "../../src/lib/heavy-hitters.ts";

const stream = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.nat(6) }, { weight: 2, arbitrary: fc.nat(300) }).map((n) => `value-${n}`),
  { maxLength: 600, size: "max" },
);

test("the total is exact, no count is too low, none too high by more than its error, none that is frequent is missing", () => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 20 }), (texts, size) => {
      const hitters = createHeavyHitters(size);
      for (const text of texts) addHit(hitters, text);
      const truth = new Map([...Map.groupBy(texts, (text) => text)].map(([text, { length }]) => [text, length]));
      const told = heaviest(structuredClone(hitters), size);
      expect(hitters.total).toBe(texts.length);
      expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(texts.length);
      for (const { text, count, error } of told) {
        expect(count).toBeGreaterThanOrEqual(truth.get(text) ?? 0);
        expect(count - error).toBeLessThanOrEqual(truth.get(text) ?? 0);
        expect(error).toBeLessThanOrEqual(texts.length / size);
      }
      for (const [text, count] of truth)
        if (count > texts.length / size) expect(told.map((one) => one.text)).toContain(text);
      expect(told.map(({ count }) => count)).toEqual(told.map(({ count }) => count).toSorted((a, b) => b - a));
    }),
    { numRuns: 500 },
  );
});
