import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { analyzeTenant, summaryOf, type TenantSpec } from "./tenant.ts";

const FOLDER = "fixtures/privileges";
const cases = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({
    name: file.replace(".json", ""),
    spec: JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as TenantSpec & { readonly expected: readonly object[] },
  }));

test("there are cases", () => expect(cases.length).toBeGreaterThanOrEqual(12));

describe("a tenant comes to what was worked out by hand", () => {
  test.each(cases)("$name", async ({ spec }) => {
    const { findings, input } = await analyzeTenant(spec);
    expect(input.rejects).toEqual([]);
    expect(findings.map(summaryOf)).toEqual(spec.expected);
  });
});

test("the same lists and sums by two files count once; the order of files does not matter", async () => {
  const spec = cases.find(({ name }) => name === "aggregated-beside-single")?.spec;
  if (spec === undefined) throw new Error("the case is gone");
  const once = await analyzeTenant(spec);
  const twice = await analyzeTenant(spec, { copies: ["0-before", "z-after"] });
  expect(twice.findings).toEqual(once.findings);
  expect(twice.input).toMatchObject({ accepted: once.input.accepted, duplicate: 2 * once.input.records });
});

describe("whatever the findings", () => {
  test.each(cases)("$name: the recommendation denies nothing, and its commands undo each other", async ({ spec }) => {
    for (const { privilege, kind } of (await analyzeTenant(spec)).findings) {
      if (privilege === null || kind === "grant-never-used") continue;
      expect(privilege.replay.wouldBeDenied).toBe(0);
      const { apply, rollback } = privilege.commands;
      const count = (lines: readonly string[], words: string): number =>
        lines.filter((line) => line.includes(words)).length;
      expect(count(rollback, "assignment delete")).toBe(count(apply, "assignment create"));
      expect(count(rollback, "assignment create")).toBe(count(apply, "assignment delete"));
    }
  });
});
