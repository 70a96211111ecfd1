import { describe, expect, test } from "vitest";
import { createAnalysis } from "../../src/analysis.ts";
import { renderReport } from "../../src/commands/report-text.ts";
import { wrap } from "../../src/commands/wrap.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { Finding } from "../../src/model/finding.ts";
import { finding, hostileFinding } from "../finding-builder.ts";

const empty = reportOf(createAnalysis({ lateness: 0, seed: 1 }));
const reportWith = (findings: readonly Finding[]) => ({
  ...empty,
  correlation: { ...empty.correlation, calls: 9_204 },
  findings,
});

describe("wrap", () => {
  test.each([
    { name: "short text stays", text: "a b", width: 40, lines: ["a b"] },
    {
      name: "breaks at spaces, up to the width and not beyond",
      text: "one two three four five six",
      width: 20,
      lines: ["one two three four", "five six"],
    },
    {
      name: "a long word stays whole",
      text: `see ${"x".repeat(30)} there`,
      width: 20,
      lines: ["see", "x".repeat(30), "there"],
    },
    {
      name: "no width is too small",
      text: "one two three four five",
      width: -3,
      lines: ["one two three four", "five"],
    },
  ])("$name", ({ text, width, lines }) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});

test("at a terminal nothing but a command or an id is wider than it", () => {
  const text = renderReport(reportWith([finding()]), { colour: false, columns: 60 });
  expect(text.split("\n").filter((line) => line.length > 60)).toEqual([]);
  expect(text).toContain("HIGH   F-7Q2KABCDEF  52 % of the calls through backend\n       orders-b are refused");
  expect(text).toContain("       differs backend orders-b: 52 % refused (95 % interval");
});

test("piped, each statement is one line", () => {
  const text = renderReport(reportWith([finding()]), { colour: false, columns: undefined });
  expect(text).toContain(`HIGH   F-7Q2KABCDEF  ${finding().title}\n`);
});

test("what an attacker wrote cannot steer the terminal", () => {
  const text = renderReport(reportWith([hostileFinding()]), { colour: true, columns: 80 });
  // oxlint-disable-next-line no-control-regex -- colours are what may be there.
  expect(text.replaceAll(/\u001b\[\d+m/g, "")).not.toMatch(/[^\P{C}\n]/u);
});
