import fc from "fast-check";
import { expect, test } from "vitest";
import { pairProbabilities } from "../../src/correlate/marginals.ts";

/** Weights of all ways to pair rows with columns one to one, each with its pairs. */
function waysOf(weights: readonly (readonly number[])[]): { weight: number; pairs: (readonly [number, number])[] }[] {
  const [row, ...rest] = weights.map((cells, i) => ({ cells, i }));
  if (row === undefined) return [{ weight: 1, pairs: [] }];
  const below = (taken: readonly number[]) =>
    waysOf(rest.map(({ cells }) => cells.map((weight, column) => (taken.includes(column) ? 0 : weight)))).map(
      ({ weight, pairs }) => ({ weight, pairs: pairs.map(([i, column]) => [i + 1, column] as const) }),
    );
  return [
    ...below([]),
    ...row.cells.flatMap((weight, column) =>
      weight === 0
        ? []
        : below([column]).map((way) => ({ weight: weight * way.weight, pairs: [[0, column] as const, ...way.pairs] })),
    ),
  ];
}

const matrices = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).chain(([rows, columns]) =>
  fc.array(
    fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e4, noNaN: true })), {
      minLength: columns,
      maxLength: columns,
    }),
    { minLength: rows, maxLength: rows },
  ),
);

test("a pair's probability is its share of all ways to pair", () => {
  fc.assert(
    fc.property(matrices, (weights) => {
      const ways = waysOf(weights);
      const total = ways.reduce((sum, { weight }) => sum + weight, 0);
      const given = pairProbabilities(weights);
      weights.forEach((row, i) => {
        row.forEach((_, j) => {
          const with_ = ways.filter(({ pairs }) => pairs.some(([r, c]) => r === i && c === j));
          expect(given[i]?.[j]).toBeCloseTo(with_.reduce((sum, { weight }) => sum + weight, 0) / total, 9);
        });
      });
    }),
    { numRuns: 300 },
  );
});

test.each<[string, number[][], number[][]]>([
  ["one that is as likely as none", [[1]], [[0.5]]],
  ["one that is nine times as likely as none", [[9]], [[0.9]]],
  ["one that cannot be", [[0]], [[0]]],
  ["two requests of one operation share it", [[9], [9]], [[9 / 19], [9 / 19]]],
  [
    "a request that has one candidate leaves the other one to its rival",
    [
      [1e9, 0],
      [1e9, 1e9],
    ],
    [
      [1, 0],
      [0, 1],
    ],
  ],
])("%s", (_, weights, probabilities) => {
  pairProbabilities(weights).forEach((row, i) => {
    row.forEach((probability, j) => {
      expect(probability).toBeCloseTo(probabilities[i]?.[j] ?? Number.NaN, 6);
    });
  });
});
