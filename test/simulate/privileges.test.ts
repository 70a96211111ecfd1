import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { buildPrivilegeTenant } from "../../src/simulate/privileges.ts";

test("a seed gives the same account again, another seed another", () => {
  expect(buildPrivilegeTenant(3)).toEqual(buildPrivilegeTenant(3));
  expect(buildPrivilegeTenant(3)).not.toEqual(buildPrivilegeTenant(4));
});

test("recommendations for seeded accounts are exactly the truth", () => {
  const run = spawnSync(process.execPath, ["bench/score-privileges.ts", "--seeds", "20", "--from", "1001"], {
    encoding: "utf8",
  });
  expect(run.stdout).toContain("20 of 20 accounts");
  expect(run.status).toBe(0);
});
