import { expect, test } from "vitest";
import { ReplayCost } from "../src/replay-cost.ts";

const MB = 1 << 20;
const cases: {
  name: string;
  snapshot: number;
  journal: [bytes: number, changes: number];
  next: [bytes: number, changes: number];
  due: boolean;
}[] = [
  { name: "a little more is journaled", snapshot: MB, journal: [0, 0], next: [MB, 1], due: false },
  {
    name: "a small snapshot is not written for less than 4 MB",
    snapshot: 1,
    journal: [3 * MB, 0],
    next: [MB - 1, 0],
    due: false,
  },
  { name: "a journal of 4 MB is", snapshot: 1, journal: [3 * MB, 0], next: [MB, 0], due: true },
  {
    name: "a large snapshot is not written for less than half of it",
    snapshot: 40 * MB,
    journal: [10 * MB, 0],
    next: [9 * MB, 0],
    due: false,
  },
  { name: "half of it is", snapshot: 40 * MB, journal: [10 * MB, 0], next: [10 * MB, 0], due: true },
  { name: "findings that changed take long", snapshot: 40 * MB, journal: [1, 9], next: [1, 1], due: true },
];

test.each(cases)("$name", ({ snapshot, journal: [bytes, changes], next, due }) => {
  const cost = new ReplayCost(snapshot, { bytes, changes });
  cost.journaled({ bytes: next[0], changes: next[1] });
  expect(cost.isSnapshotDue).toBe(due);
});

test("what is journaled adds up until a commit turned to a snapshot that holds it; what came after it stays", () => {
  const cost = new ReplayCost(1, { bytes: 0, changes: 0 });
  for (let i = 0; i < 4; i++) cost.journaled({ bytes: MB, changes: 1 });
  expect(cost.isSnapshotDue).toBe(true);
  cost.begin();
  cost.journaled({ bytes: 49 * MB, changes: 9 });
  cost.staged(100 * MB);
  expect(cost.isSnapshotDue).toBe(true);
  cost.turned();
  expect(cost.isSnapshotDue).toBe(false);
  expect(cost.isBehind).toBe(true);
  cost.journaled({ bytes: 0, changes: 1 });
  expect(cost.isSnapshotDue).toBe(true);
  cost.begin();
  cost.staged(1);
  cost.turned();
  expect(cost.isBehind).toBe(false);
});
