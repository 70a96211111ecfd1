import { expect, test } from "vitest";
import { ReplayCost } from "../src/replay-cost.ts";

const MB = 1 << 20;
const cases: {
  name: string;
  snapshot: number | undefined;
  journal: [bytes: number, changes: number];
  next: [bytes: number, changes: number];
  due: boolean;
}[] = [
  { name: "the first commit holds a snapshot", snapshot: undefined, journal: [0, 0], next: [1, 0], due: true },
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
  expect(cost.isSnapshotDue({ bytes: next[0], changes: next[1] })).toBe(due);
});

test("what is committed adds up until a snapshot holds it", () => {
  const cost = new ReplayCost(1, { bytes: 0, changes: 0 });
  const next = { bytes: MB, changes: 1 };
  for (let i = 0; i < 3; i++) cost.committed(next, undefined);
  expect(cost.isSnapshotDue(next)).toBe(true);
  cost.committed(next, 100 * MB);
  expect(cost.isSnapshotDue(next)).toBe(false);
  expect(cost.isSnapshotDue({ bytes: 50 * MB, changes: 0 })).toBe(true);
});
