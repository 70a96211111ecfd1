import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { writeCorpus } from "../../src/simulate/corpus.ts";
import { generate } from "../../src/simulate/generate.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";

const CALL =
  '{"category":"GatewayLogs","time":"2026-11-25T12:00:00Z","correlationId":"a","properties":{"responseCode":200}}\n';
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
      input: CALL,
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

const folders: { name: string; files: Record<string, string | Buffer>; says: RegExp; status: number }[] = [
  {
    name: "only other categories",
    files: { "a.json": '{"category":"AppServiceHTTPLogs","time":"2026-11-25T12:00:00Z","properties":{}}' },
    says: /^Nothing to analyze: there is no call in 1 record.*GatewayLogs[^]*by category: AppServiceHTTPLogs 1/,
    status: 0,
  },
  { name: "an empty file", files: { "a.json": "" }, says: /^Nothing to analyze: the input is empty/, status: 0 },
  { name: "no log at all", files: { "a.log": "hello world\n" }, says: /Nothing to analyze[^]*not-json/, status: 0 },
  {
    name: "calls and no refusal",
    files: { "a.json": CALL },
    says: /No intermittent refusals found in 1 call/,
    status: 0,
  },
  {
    name: "a file that stops short",
    files: { "a.json": CALL, "b.json.gz": gzipSync(CALL.repeat(99)).subarray(0, -20) },
    says: /truncated-gzip/,
    status: 5,
  },
];

test.each(folders)("a folder of $name is told for what it is", async ({ files, says, status }) => {
  await using odd = await temporaryFolder();
  for (const [name, body] of Object.entries(files)) writeFileSync(join(odd.path, name), body);
  const run = scopetrail(["analyze", odd.path]);
  expect(run.stdout).toMatch(says);
  expect(run.status).toBe(status);
});

test.each([
  { env: { FORCE_COLOR: "1" }, coloured: true },
  { env: { NO_COLOR: "1" }, coloured: false },
  { env: {}, coloured: false },
])("colours piped with $env: $coloured", ({ env, coloured }) => {
  const run = scopetrail(["analyze", "-"], {
    input: CALL,
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...env },
  });
  expect(run.stdout.includes("\u001b[")).toBe(coloured);
  expect(run.stderr).not.toContain("\u001b");
});

test.each([[], ["analyze"], ["demo"], ["serve"], ["simulate"]])(
  "--help of %s has examples, on standard output",
  (...command) => {
    const run = scopetrail([...command, "--help"]);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/^Usage: scopetrail[^]*Examples:\n {2}scopetrail /);
    expect(run.stderr).toBe("");
  },
);

test("a reader that stops early is no error", () => {
  const run = spawnSync("sh", ["-c", `"${process.execPath}" "${BIN}" analyze --schema | head -1`], {
    encoding: "utf8",
  });
  expect(run.stdout).toBe("{\n");
  expect(run.stderr).toBe("");
});

test("an old Node, with no Node among the packages, is told what to do", async () => {
  await using alone = await temporaryFolder();
  mkdirSync(join(alone.path, "bin"));
  copyFileSync(BIN, join(alone.path, "bin/scopetrail.js"));
  writeFileSync(join(alone.path, "package.json"), '{"type":"module"}');
  const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });`;
  const run = spawnSync(
    process.execPath,
    [
      "--import",
      `data:text/javascript,${encodeURIComponent(old)}`,
      join(alone.path, "bin/scopetrail.js"),
      "analyze",
      "x",
    ],
    { encoding: "utf8" },
  );
  expect(run.stderr).toMatch(/needs Node 24\.15 or newer[^]*npm install/);
  expect(run.stdout).toBe("");
  expect(run.status).toBe(2);
});

test("the launcher is plain JavaScript that an older Node can read", () => {
  const text = readFileSync(BIN, "utf8");
  expect(text).toMatch(/^#!\/usr\/bin\/env node/);
  expect(text).not.toMatch(/\.ts"\s*;|\bimport .* from "\.\.\/src/);
});
