import { describe, expect, test } from "vitest";
import { divide } from "../../src/explain/divide.ts";
import type { Table } from "../../src/explain/encode.ts";
import { random } from "../traffic.ts";

/** Calls over three columns: five backends, a thousand clients, four operations. */
function table(refused: (row: readonly number[], chance: number) => boolean, size = 3_000): Table {
  const next = random(5);
  const rows = Array.from({ length: size }, () => [5, 1_000, 4].map((values) => Math.floor(next() * values)));
  return {
    columns: [0, 1, 2].map((column) => Int32Array.from(rows, (row) => row[column] ?? -1)),
    f: Float64Array.from(rows, (row) => Number(refused(row, next()))),
    n: Float64Array.from(rows, () => 1),
  };
}

const parts = (calls: Table, taken: { column: number; value: number }[] = []): string[] =>
  divide(calls, [...calls.f.keys()], { taken, dispersion: 1 })
    .map(({ conditions }) => conditions.map(({ column, value }) => `${column}=${value}`).join("&"))
    .toSorted();

describe("several values of one attribute that share a fault are named", () => {
  test("three of five", () => expect(parts(table(([backend]) => (backend ?? 0) < 3))).toEqual(["0=0", "0=1", "0=2"]));
  test("beside what was known before", () =>
    expect(
      parts(
        table(([backend]) => backend === 1 || backend === 4),
        [{ column: 2, value: 0 }],
      ),
    ).toEqual(["2=0&0=1", "2=0&0=4"]));
  test("when not all of their calls are refused", () =>
    expect(parts(table(([backend], chance) => (backend ?? 0) < 2 && chance < 0.8))).toEqual(["0=0", "0=1"]));
});

describe("nothing is named", () => {
  test("when refusals fall at random, though many clients were refused each time", () =>
    expect(parts(table((_, chance) => chance < 0.5))).toEqual([]));
  test("when the others are refused as well, less often", () =>
    expect(parts(table(([backend], chance) => chance < ((backend ?? 0) < 2 ? 0.9 : 0.3)))).toEqual([]));
  test("when the refused values succeed half the time: that is another reason", () =>
    expect(parts(table(([backend], chance) => (backend ?? 0) < 2 && chance < 0.5))).toEqual([]));
  test("when all are refused", () => expect(parts(table(() => true))).toEqual([]));
});
