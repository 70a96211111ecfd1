import fc from "fast-check";
import { expect, test } from "vitest";
import { addDayRow, createDayRows, forgetBefore, packTail, visitRows } from "../../src/privileges/day-rows.ts";

const row = fc.record({
  day: fc.integer({ min: 0, max: 60_000 }),
  use: fc.oneof(fc.nat(5), fc.nat(2 ** 21 - 1), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
  succeeded: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 40 })),
  denied: fc.oneof(fc.constant(0), fc.nat(1_000)),
  other: fc.oneof(fc.constant(0), fc.nat(1_000)),
});
type Row = Readonly<Record<"day" | "use" | "succeeded" | "denied" | "other", number>>;

const summed = (rows: readonly Row[]): ReadonlyMap<string, string> => {
  const sums = new Map<string, number[]>();
  for (const { day, use, succeeded, denied, other } of rows) {
    const sum = sums.get(`${day}|${use}`) ?? [0, 0, 0, 0];
    sums.set(
      `${day}|${use}`,
      [succeeded, denied, denied >> 1, other].map((count, i) => count + (sum[i] ?? 0)),
    );
  }
  return new Map([...sums].map(([key, counts]) => [key, counts.join()]));
};

test("rows come back with the sums that went in, packed or not", () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 200 }), fc.nat(200), (list, packAt) => {
      const rows = createDayRows();
      list.forEach(({ day, use, succeeded, denied, other }, i) => {
        if (i === packAt) packTail(rows);
        addDayRow(rows, day, use, { succeeded, denied, denied401: denied >> 1, other });
      });
      const back = new Map<string, number[]>();
      visitRows(rows, (day, use, { succeeded, denied, denied401, other }) => {
        const sum = back.get(`${day}|${use}`) ?? [0, 0, 0, 0];
        back.set(
          `${day}|${use}`,
          [succeeded, denied, denied401, other].map((count, i) => count + (sum[i] ?? 0)),
        );
      });
      expect(new Map([...back].map(([key, counts]) => [key, counts.join()]))).toEqual(summed(list));
    }),
    { numRuns: 500 },
  );
});

test("blocks that end before a day are given up, and only those", () => {
  const rows = createDayRows();
  const one = { succeeded: 1, denied: 0, denied401: 0, other: 0 };
  for (const days of [[1, 2], [2, 9], [10]]) {
    for (const day of days) addDayRow(rows, day, 0, one);
    packTail(rows);
  }
  expect(forgetBefore(rows, 9)).toBe(2);
  const days: number[] = [];
  visitRows(rows, (day) => days.push(day));
  expect(days).toEqual([2, 9, 10]);
});
