import { expect, test } from "vitest";
import { RowMemo } from "../../src/privileges/row-memo.ts";

test("rows are one where their telling words are", () => {
  const memo = new RowMemo<number>([0, 2], 7);
  const row = (first: number, middle: number, last: number): Int32Array => Int32Array.of(first, middle, last);
  let asked = 0;
  const get = (words: Int32Array): number => memo.get(words, 0) ?? memo.put(words, 0, (asked += 1));
  expect([get(row(1, 0, 2)), get(row(1, 9, 2)), get(row(2, 0, 1)), get(row(1, 5, 2))]).toEqual([1, 1, 2, 1]);
});

test("as many rows as there are: each comes to what was found for it, also when the memo has begun anew", () => {
  const memo = new RowMemo<number>([0, 1], 7);
  const words = new Int32Array(2);
  let asked = 0;
  const get = (row: number): number => {
    words[0] = row % 1_000;
    words[1] = Math.floor(row / 1_000);
    const known = memo.get(words, 0);
    if (known !== undefined) return known;
    asked += 1;
    return memo.put(words, 0, row);
  };
  const rows = 300_000;
  const wrong: number[] = [];
  for (let row = 0; row < rows; row++) if (get(row) !== row || get(row >> 1) !== row >> 1) wrong.push(row);
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThanOrEqual(rows);
});
