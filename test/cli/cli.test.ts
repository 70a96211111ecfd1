import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { writeCorpus } from "../../src/simulate/corpus.ts";
import { generate } from "../../src/simulate/generate.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");

function scopetrail(args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv; node?: string } = {}) {
  return spawnSync(options.node ?? process.execPath, [BIN, ...args], {
    encoding: "utf8",
    input: options.input ?? "",
    env: options.env ?? process.env,
    maxBuffer: 1 << 26,
  });
}

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  writeCorpus(folder.path, generate({ seed: 5, scenario: "single", hours: 3 }));
  return () => folder[Symbol.asyncDispose]();
});

describe("analyze", () => {
  test("prints data on standard output and talk on standard error", () => {
    const run = scopetrail(["analyze", "--json", join(folder.path, "logs")]);
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ schema: "scopetrail.report/1" });
    expect(run.stderr).toMatch(/records in .* MB\/s/);
  });

  test("the published schema describes what it prints, and nothing else passes", () => {
    const schema = JSON.parse(scopetrail(["analyze", "--schema"]).stdout) as object;
    const validate = new Ajv2020({ strict: false }).compile(schema);
    const report = JSON.parse(scopetrail(["analyze", "--json", join(folder.path, "logs")]).stdout) as {
      findings: unknown[];
      input: Record<string, number>;
    };
    expect(validate(report)).toBe(true);
    expect(report.findings.length).toBeGreaterThan(0);
    expect(validate({ ...report, surprise: 1 })).toBe(false);
    expect(validate({ ...report, input: { ...report.input, records: "7" } })).toBe(false);
  });

  test("every record is in exactly one bin", () => {
    const { input } = JSON.parse(scopetrail(["analyze", "--json", join(folder.path, "logs")]).stdout) as {
      input: Record<string, number>;
    };
    const { records = 0, accepted = 0, duplicate = 0, filtered = 0, rejected = 0 } = input;
    expect(records).toBe(accepted + duplicate + filtered + rejected);
    expect(duplicate).toBeGreaterThan(0);
  });

  test("standard input is a file called -", () => {
    const run = scopetrail(["analyze", "--json", "-"], {
      input:
        '{"category":"GatewayLogs","time":"2026-11-25T12:00:00Z","correlationId":"a","properties":{"responseCode":200}}\n',
    });
    expect(JSON.parse(run.stdout)).toMatchObject({ input: { accepted: 1 }, correlation: { calls: 1, gatewayOnly: 1 } });
  });

  test("a person gets words", () => {
    const run = scopetrail(["analyze", join(folder.path, "logs")]);
    expect(run.stdout).toContain("cause  ");
    expect(run.stdout).not.toContain("\u001b");
  });

  test("--fail-on makes findings an exit code", () => {
    expect(scopetrail(["analyze", "--json", "--fail-on", "low", join(folder.path, "logs")]).status).toBe(1);
  });
});

const misuse: { name: string; args: string[]; says: RegExp }[] = [
  { name: "no path", args: ["analyze"], says: /no path given/ },
  { name: "a path that is not there", args: ["analyze", "/nowhere/at/all"], says: /nowhere/ },
  { name: "an unknown option", args: ["analyze", "--jsn", "x"], says: /unknown option/ },
  { name: "an unknown command", args: ["analyse"], says: /unknown command/ },
  {
    name: "an unknown scenario",
    args: ["simulate", "--scenario", "storm", "--out", "x"],
    says: /single, mixed, decoys/,
  },
  { name: "a seed that is none", args: ["simulate", "--seed", "-1", "--out", "x"], says: /whole number/ },
  {
    name: "a configuration that is not there",
    args: ["serve", "--config", "/nowhere.yml"],
    says: /nowhere\.yml: cannot be read/,
  },
];

test.each(misuse)("misuse exits with 2 and says why: $name", ({ args, says }) => {
  const run = scopetrail(args);
  expect(run.status).toBe(2);
  expect(run.stderr).toMatch(says);
  expect(run.stdout).toBe("");
});

test("the launcher is plain JavaScript that an older Node can read", () => {
  const text = readFileSync(BIN, "utf8");
  expect(text).toMatch(/^#!\/usr\/bin\/env node/);
  expect(text).not.toMatch(/\.ts"\s*;|\bimport .* from "\.\.\/src/);
});
