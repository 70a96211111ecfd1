import { expect, test } from "vitest";
import { createCells, newCell, tallyOf } from "../../src/detect/cells.ts";
import {
  countCombination,
  createGroup,
  findCombination,
  forgetCombinations,
  learnCombination,
  spread,
} from "../../src/detect/groups.ts";
import { random } from "../traffic.ts";

test("each trial of each combination is in its cells when all is spread, however many combinations there are", () => {
  const next = random(3);
  const group = createGroup([1, 3], [0, 2]);
  const cells = createCells();
  const compared = Uint8Array.of(1, 1, 1);
  const own = Array.from({ length: 300 }, (_, id) => newCell(cells, id));
  const counts = new Map<number, number>();
  const ids = new Uint16Array(3);
  for (let i = 0; i < 60_000; i++) {
    // More combinations than there is ever room for.
    const [a, b] = [Math.floor(next() ** 4 * 300), Math.floor(next() ** 2 * 300)];
    const row = Int32Array.of(-1, a, -1, b);
    const trial = Int32Array.of(own[a] ?? -1, -1, own[b] ?? -1);
    const found = findCombination(group, row, 0, 1);
    const place =
      found < 0 ? learnCombination(group, { row, at: 0, flags: 1 }, { cells, trial, compared, bin: 7 }) : found;
    if (found < 0) expect(findCombination(group, row, 0, 1)).toBe(place);
    countCombination(group, place, ids, 0);
    expect([...ids]).toEqual([a, 0, b]);
    for (const value of [a, b]) counts.set(value, (counts.get(value) ?? 0) + 1);
    if (i === 30_000) forgetCombinations(group, cells, 7);
  }
  expect(group.size).toBe(16_384);
  spread(group, cells, 7);
  for (const [value, count] of counts)
    expect(tallyOf(cells, own[value] ?? -1)).toEqual({ bin: 7, n: count, total: count });
});

test("combinations that are known stay known when there is more room", () => {
  const group = createGroup([0, 1], [0]);
  const cells = createCells();
  const compared = Uint8Array.of(1);
  const own = newCell(cells, 0);
  const combinations = 3_000;
  let learned = 0;
  for (let i = 0; i < 5 * combinations; i++) {
    const row = Int32Array.of(i % combinations, 7);
    if (findCombination(group, row, 0, 1) >= 0) continue;
    learned += 1;
    learnCombination(group, { row, at: 0, flags: 1 }, { cells, trial: Int32Array.of(own), compared, bin: 7 });
  }
  expect(learned).toBeLessThan(2 * combinations);
});
