import { expect, test } from "vitest";
import { cover as coverRows } from "../../src/explain/cover.ts";
import { type Encoded, encode, type Table } from "../../src/explain/encode.ts";
import { matching, NO_RULE, type Rule } from "../../src/explain/rule.ts";
import { Search } from "../../src/explain/search.ts";
import { binomialLogLikelihood } from "../../src/lib/stats.ts";

const cover = (calls: Table, options: typeof OPTIONS) => coverRows(calls, Array.from(calls.f.keys()), options);
const OPTIONS = { maxRules: 5, maxConditions: 3, minRefused: 3, dispersion: 1 };

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** 4,000 calls over five columns of 4 values; the last column repeats the first, so that the two are confounded. */
function table(refused: (row: readonly number[], chance: number) => boolean, seed = 1): Table {
  const next = random(seed);
  const rows = Array.from({ length: 4_000 }, () => {
    const values = Array.from({ length: 4 }, () => Math.floor(next() * 4));
    return [...values, values[0] ?? 0];
  });
  return {
    columns: [0, 1, 2, 3, 4].map((column) => Int32Array.from(rows, (row) => row[column] ?? -1)),
    f: Float64Array.from(rows, (row) => Number(refused(row, next()))),
    n: Float64Array.from(rows, () => 1),
  };
}

const conditions = (found: ReturnType<typeof cover>) =>
  found.map(({ rule }) => rule.conditions.map(({ column, value }) => `${column}=${value}`).join("&"));

test("one attribute", () => {
  expect(
    conditions(
      cover(
        table((row, chance) => row[1] === 2 && chance < 0.4),
        OPTIONS,
      ),
    ),
  ).toEqual(["1=2"]);
});

test("a pair of attributes", () => {
  expect(
    conditions(
      cover(
        table((row) => row[1] === 2 && row[2] === 1),
        OPTIONS,
      ),
    ),
  ).toEqual(["1=2&2=1"]);
});

test("two faults at once are two rules, the larger first", () => {
  const faults = table((row, chance) => row[1] === 2 || (row[3] === 0 && row[2] === 3 && chance < 0.8));
  expect(conditions(cover(faults, OPTIONS))).toEqual(["1=2", "2=3&3=0"]);
});

test("confounded attributes are listed together", () => {
  const [found] = cover(
    table((row) => row[0] === 3),
    OPTIONS,
  );
  expect(found?.aliases.map(({ conditions: [first] }) => first?.column)).toEqual([
    found?.rule.conditions[0]?.column === 0 ? 4 : 0,
  ]);
});

test("random refusals are no rule", () => {
  for (let seed = 1; seed <= 5; seed++)
    expect(
      cover(
        table((_, chance) => chance < 0.1, seed),
        OPTIONS,
      ),
    ).toEqual([]);
});

test("an absent value is never a condition", () => {
  const calls = table((row) => row[1] === 2);
  const column = calls.columns[1];
  column?.forEach((value, row) => {
    if (value === 2) column[row] = -1;
  });
  expect(conditions(cover(calls, OPTIONS)).filter((rule) => rule.includes("-1"))).toEqual([]);
});

test("no pair that may win is passed over (seeds 1 to 20)", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const blurred = (row: readonly number[], chance: number): boolean =>
      chance < (row[1] === 2 && row[2] === 1 ? 0.5 : row[3] === 0 ? 0.3 : 0.2);
    const calls = table(seed % 2 === 0 ? blurred : (row) => row[0] === 3, seed);
    const encoded = encode(calls, Array.from(calls.f.keys()));
    const search = new Search(encoded, OPTIONS);
    search.singles();
    search.pairs();
    const best = Math.max(...search.candidates.map(({ score }) => score));
    const found = new Map(search.candidates.map((rule) => [nameOf(rule), rule]));
    const missed = everyPair(encoded).filter((pair) => {
      const rule = found.get(nameOf(pair));
      return pair.score >= best - 12 && (rule?.refused !== pair.refused || rule.trials !== pair.trials);
    });
    expect(missed).toEqual([]);
  }
});

const nameOf = (rule: Pick<Rule, "conditions">): string =>
  rule.conditions.map(({ column, value }) => `${column}=${value}`).join("&");

/** All pairs that raise the refused share, each counted by itself. */
function everyPair(encoded: Encoded): readonly Omit<Rule, "gain">[] {
  const { columns, values, f, n, refused, trials } = encoded;
  const costs = values.map((ids) => Math.log(Math.max(2, ids.length)) + Math.log(columns.length));
  const sum = (weights: Float64Array, rows: readonly number[]) => rows.reduce((s, row) => s + (weights[row] ?? 0), 0);
  return columns.flatMap((_, a) =>
    columns.slice(a + 1).flatMap((_column, i) => {
      const b = a + 1 + i;
      return (values[a] ?? []).flatMap((_x, x) =>
        (values[b] ?? []).flatMap((_y, y) => {
          const pair = [
            { column: a, value: x },
            { column: b, value: y },
          ];
          const rows = matching({ ...NO_RULE, conditions: pair }, encoded);
          const [inF, inN] = [sum(f, rows), sum(n, rows)];
          const [inside, outside] = [inF / inN, (refused - inF) / (trials - inN)];
          if (inF < OPTIONS.minRefused || !(inside > outside)) return [];
          const gain =
            binomialLogLikelihood(inF, inN) +
            binomialLogLikelihood(refused - inF, trials - inN) -
            binomialLogLikelihood(refused, trials);
          const score = gain - (costs[a] ?? 0) - (costs[b] ?? 0);
          return [{ conditions: pair, score, refused: inF, trials: inN, inside, outside }];
        }),
      );
    }),
  );
}
