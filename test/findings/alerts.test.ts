import { expect, test } from "vitest";
import { alertFor, alertKey } from "../../src/findings/alerts.ts";
import type { Finding } from "../../src/model/finding.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

const open = finding();
const ended = (minutes: number): Finding => finding({ status: "resolved", end: at(minutes * 60) });
const worse = finding({ severity: "high" });
const milder = finding({ severity: "medium" });
const otherCause = finding({ cause: { ...open.cause, id: "unknown" } });

const cases: { name: string; before: Finding | undefined; after: Finding; told: string | undefined }[] = [
  { name: "a new finding opens", before: undefined, after: open, told: "finding.opened" },
  {
    name: "one that was over when it was found is told as over",
    before: undefined,
    after: ended(9),
    told: "finding.resolved",
  },
  {
    name: "more of the same is not told",
    before: open,
    after: finding({ counts: { ...open.counts, refused: 999 } }),
    told: undefined,
  },
  { name: "a worse one is told", before: milder, after: worse, told: "finding.updated" },
  { name: "a milder one is not", before: worse, after: milder, told: undefined },
  { name: "another cause is told", before: open, after: otherCause, told: "finding.updated" },
  { name: "its end is told", before: open, after: ended(9), told: "finding.resolved" },
  { name: "and told once", before: ended(9), after: ended(9), told: undefined },
  { name: "one that comes back opens again", before: ended(9), after: open, told: "finding.opened" },
  { name: "a muted one is not told", before: undefined, after: finding({ status: "muted" }), told: undefined },
];

test.each(cases)("$name", ({ before, after, told }) => expect(alertFor(before, after)).toBe(told));

test("each opening and each end of a finding that comes back is an alert of its own", () => {
  const life = [undefined, open, ended(30), open, ended(90), open];
  const keys = life.slice(1).map((after, i) => {
    const kind = alertFor(life[i], after ?? open);
    return alertKey(kind ?? "finding.updated", life[i], after ?? open);
  });
  expect(new Set(keys).size).toBe(5);
  expect(alertKey("finding.opened", undefined, finding())).toBe(keys[0]);
});
