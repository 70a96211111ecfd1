import { expect, test } from "vitest";
import { cover as coverRows } from "../../src/explain/cover.ts";
import type { Table } from "../../src/explain/encode.ts";

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
