import { describe, expect, test } from "vitest";
import { createAnalysis } from "../../src/analysis.ts";
import { renderReport } from "../../src/commands/report-text.ts";
import { wrap } from "../../src/commands/wrap.ts";
import { reportOf, withFindings } from "../../src/findings/report.ts";
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

test("a refusal that has ended stands before what is held, and of that what is low takes a line each", () => {
  const refusal = finding({ status: "resolved", end: finding().onset });
  const held = { kind: "over-scoped-token", layer: "gateway" } as const;
  const medium = finding({ ...held, id: "F-MEDIUM0000", severity: "medium", title: "Held, and of some weight." });
  const low = finding({ ...held, id: "F-LOW0000000", severity: "low", title: "Held, and no haste." });
  const report = withFindings(reportWith([]), { findings: [low, medium, refusal], blindSpots: [] });
  expect(report.findings.map(({ id }) => id)).toEqual([refusal.id, medium.id, low.id]);
  const read = { ...report, input: { ...report.input, records: 1 } };
  const text = renderReport(read, { colour: false, columns: undefined });
  expect(text).toContain(
    "1 finding in 9204 calls: 0 going on where the logs end, 1 ended. 2 findings about what is held",
  );
  expect(text).toContain("MEDIUM F-MEDIUM0000  Held, and of some weight.\n       ");
  expect(text).toContain("  F-LOW0000000  Held, and no haste.\n\n");
});
