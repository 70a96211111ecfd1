import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ExportFlags, type ExportOptions, exportOptions } from "../../src/commands/export-options.ts";
import { filesInput } from "../../src/commands/export-input.ts";
import { exportCalls } from "../../src/commands/run-export.ts";
import { Pseudonyms } from "../../src/exports/redaction.ts";
import { newSigningPem } from "../../src/exports/signing-key.ts";
import { verifyExports } from "../../src/exports/verify-export.mjs";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { inBundle, value } from "./bundles.ts";
import { callId, LOGS } from "./log-lines.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");
const QUIET = { onRead() {}, onCalls() {}, onLoss() {} };
const environment = { KEY: newSigningPem(), PSEUDONYMS: "0123456789abcdef0123" };

let logs: TemporaryFolder;
beforeAll(async () => {
  logs = await temporaryFolder({ "logs/a.ndjson": LOGS });
  return () => logs[Symbol.asyncDispose]();
});

const exportFiles = async (options: ExportOptions) =>
  await exportCalls(options, filesInput(options.paths, QUIET), QUIET, "2026-11-25T18:00:00.000Z");

const Line = z.record(z.string(), z.unknown());

async function exported(folder: string, flags: Partial<ExportFlags>) {
  const options = exportOptions(
    { in: [join(logs.path, "logs")], out: folder, format: "ndjson", key: "env:KEY", ...flags },
    environment,
    () => {},
  );
  const { path, manifest } = value(await exportFiles(value(options)));
  const calls = readFileSync(join(path, "calls.ndjson"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Line.parse(JSON.parse(line)));
  return { path, manifest, calls, ids: calls.map(({ id }) => String(id)).toSorted((a, b) => a.localeCompare(b)) };
}

describe("export", () => {
  const cases: { name: string; flags: Partial<ExportFlags>; calls: number[] }[] = [
    { name: "all calls", flags: {}, calls: [1, 2, 3, 4, 5, 6] },
    { name: "from an instant", flags: { from: "2026-11-25T13:00:00Z" }, calls: [2, 3, 4, 5, 6] },
    { name: "to an instant, which is not included", flags: { to: "2026-11-25T13:00:00Z" }, calls: [1] },
    { name: "a day", flags: { from: "2026-11-25", to: "2026-11-26" }, calls: [1, 2, 3, 4, 5, 6] },
    { name: "another day", flags: { from: "2026-11-26" }, calls: [] },
    { name: "a subscription", flags: { principal: "TEAM-B" }, calls: [2, 6] },
    {
      name: "a principal of Cosmos DB",
      flags: { principal: "dddddddd-0000-4000-8000-000000000001" },
      calls: [1, 2, 3],
    },
    { name: "an account key", flags: { principal: "PrimaryMasterKey" }, calls: [5] },
    { name: "a container", flags: { container: "carts" }, calls: [2] },
    { name: "a container of a database", flags: { container: "shop/orders" }, calls: [1, 3, 5] },
    { name: "a container of another database", flags: { container: "bills/orders" }, calls: [] },
  ];
  test.each(cases)("$name", async ({ flags, calls }) => {
    await using folder = await temporaryFolder();
    const { ids, manifest } = await exported(folder.path, flags);
    expect(ids).toEqual(calls.map(callId));
    expect(manifest.calls).toMatchObject({ seen: 6, exported: calls.length });
    expect(await verifyExports(folder.path)).toMatchObject({ faults: [], exports: 1 });
  });

  test("tells what was read, what did not come, and what is not complete", async () => {
    await using folder = await temporaryFolder();
    const { path, manifest, calls } = await exported(folder.path, {});
    expect(manifest.conservation).toEqual({ records: 11, accepted: 9, duplicate: 1, filtered: 0, rejected: 1 });
    expect(manifest.sources).toMatchObject([{ partition: "a.ndjson", records: 11, rejected: 1 }]);
    expect(manifest.reconciliation).toEqual({ cosmosCalls: 4, joined: 3, notLogged: 1, operationsWithoutCall: 1 });
    const [, ...hours] = readFileSync(join(path, "hours.csv"), "utf8").trimEnd().split("\r\n");
    expect(hours).toEqual([
      "2026-11-25T12:00:00.0000000Z,1,1,1,0,1,0,0",
      "2026-11-25T13:00:00.0000000Z,1,1,1,0,1,0,0",
      "2026-11-25T14:00:00.0000000Z,3,2,1,1,2,1,0",
      "2026-11-25T15:00:00.0000000Z,0,0,0,0,0,0,0",
      "2026-11-25T16:00:00.0000000Z,0,0,0,0,0,0,0",
      "2026-11-25T17:00:00.0000000Z,1,0,0,0,0,0,0",
    ]);
    expect(calls.find(({ id }) => id === callId(3))).toMatchObject({
      time: "2026-11-25T14:00:00.000000Z",
      outcome: "refused",
      layer: "cosmos",
      status: 403,
      identity: "key",
      subscription: "team-a",
      operations: 1,
      operations_refused: 1,
      container: "orders",
      cosmos_principal: "dddddddd-0000-4000-8000-000000000001",
    });
    expect(readFileSync(join(path, "README.txt"), "utf8")).toContain("6 of 6 that were read");
    const review = readFileSync(join(path, "access-review.csv"), "utf8").trimEnd().split("\r\n");
    expect(review[0]).toMatch(/^principal,kind,.*,reviewer,decision,date$/);
    expect(review.slice(1).map((line) => line.split(",").slice(0, 3))).toEqual([
      ["dddddddd-0000-4000-8000-000000000001", "principal", "shop"],
      ["PrimaryMasterKey", "key", "shop"],
    ]);
    for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o077).toBe(0);
  });

  test("what is hidden is nowhere in the bundle, not in what was asked for either", async () => {
    await using folder = await temporaryFolder();
    const { path, manifest } = await exported(folder.path, {
      principal: "dddddddd-0000-4000-8000-000000000001",
      redact: "address=truncate,identity=pseudonym",
      redactKey: "env:PSEUDONYMS",
    });
    for (const name of readdirSync(path)) {
      const text = readFileSync(join(path, name), "latin1");
      for (const who of ["dddddddd-0000", "team-a", "203.0.113.7", "198.51.100.4"]) expect(text).not.toContain(who);
    }
    expect(manifest.redaction.keyId).toMatch(/^[0-9a-f]{16}$/);
  });

  test("whoever destroys the pseudonyms' key makes them nobody's: it is nowhere else, and the chain verifies without it", async () => {
    await using folder = await temporaryFolder();
    const redact = "identity=pseudonym";
    const nameIn = (calls: readonly Record<string, unknown>[]) =>
      calls.find(({ id }) => id === callId(3))?.["cosmos_principal"];
    const first = await exported(folder.path, { redact, redactKey: "env:PSEUDONYMS" });
    const again = await exported(folder.path, { redact, redactKey: "env:PSEUDONYMS" });
    const lost = await exported(folder.path, { redact });
    const person = "dddddddd-0000-4000-8000-000000000001";
    const of = (key: string) => new Pseudonyms(Buffer.from(key)).of("identity", person);
    expect(nameIn(first.calls)).toBe(of(environment.PSEUDONYMS));
    expect(nameIn(again.calls)).toBe(nameIn(first.calls));
    expect(nameIn(lost.calls)).not.toBe(nameIn(first.calls));
    expect(nameIn(first.calls)).not.toBe(of(`${environment.PSEUDONYMS}x`));
    expect(lost.manifest.redaction.keyId).toBeNull();
    for (const path of [first.path, again.path, lost.path])
      for (const name of readdirSync(path)) {
        const bytes = readFileSync(join(path, name));
        expect(bytes.includes(environment.PSEUDONYMS)).toBe(false);
        expect(bytes.includes(person)).toBe(false);
      }
    expect(await verifyExports(folder.path)).toMatchObject({ faults: [], exports: 3 });
  });

  test("calls of a finding; one that there is not is told, with those that there are", async () => {
    const flags: ExportFlags = {
      in: [logs.path],
      out: logs.path,
      format: "csv",
      key: "env:KEY",
      finding: "F-0000000000",
    };
    const options = value(exportOptions(flags, environment, () => {}));
    const refused = await exportFiles(options);
    const says = refused.ok ? "" : refused.error;
    expect(says).toMatch(/^--finding: there is no F-0000000000 in this input; there is F-/);
    await using folder = await temporaryFolder();
    const { ids, manifest } = await exported(folder.path, { finding: says.slice(-12) });
    expect(ids).toEqual([callId(5)]);
    expect(manifest.scope.finding).toBe(says.slice(-12));
  });

  test("nothing is left of an export whose input is not there", async () => {
    await using folder = await temporaryFolder();
    const flags: ExportFlags = { in: [join(folder.path, "no")], out: folder.path, format: "csv", key: "env:KEY" };
    const options = value(exportOptions(flags, environment, () => {}));
    expect(await exportFiles(options)).toMatchObject({ ok: false });
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("flags", () => {
  const faults: { name: string; flags: Partial<ExportFlags>; says: RegExp }[] = [
    { name: "no folder", flags: {}, says: /^--out: name the folder/ },
    { name: "a day that is none", flags: { out: "x", from: "yesterday" }, says: /^--from: "yesterday" is no day/ },
    { name: "a key instead of its reference", flags: { out: "x", key: "-----BEGIN" }, says: /never the key$/ },
    { name: "a key that is none", flags: { out: "x", key: "env:PSEUDONYMS" }, says: /^--key: is not a private key/ },
    { name: "a key that is not set", flags: { out: "x", key: "env:NONE" }, says: /NONE: the environment variable/ },
    { name: "a short key", flags: { out: "x", key: "env:KEY", redactKey: "env:SHORT" }, says: /at least 16 bytes/ },
    { name: "a profile", flags: { out: "x", redact: "ip=none" }, says: /^--redact: "ip" is none of/ },
  ];
  test.each(faults)("$name is refused", ({ flags, says }) => {
    const options = exportOptions({ format: "csv", ...flags }, { ...environment, SHORT: "short" }, () => {});
    expect(options.ok ? [] : options.error).toEqual([expect.stringMatching(says)]);
  });
});

test("as a command: exports twice, verifies, and names what was tampered with", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [BIN, "export", ...args], { encoding: "utf8", cwd: folder.path });
  const source = ["--in", join(logs.path, "logs"), "--out", "evidence"];
  const first = run(...source);
  expect(first).toMatchObject({ status: 0, stdout: "evidence/export-000001\n" });
  expect(first.stderr).toMatch(/made a key that signs exports.*\n.*6 of 6 calls/);
  expect(statSync(join(folder.path, ".scopetrail/export-key.pem")).mode & 0o777).toBe(0o600);
  expect(run(...source, "--format", "arrow")).toMatchObject({ status: 0, stdout: "evidence/export-000002\n" });
  expect(run("verify", "evidence")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^OK {5}exports: 2/) as string,
  });
  const path = inBundle(join(folder.path, "evidence"), 1, "hours.csv");
  writeFileSync(path, readFileSync(path, "utf8").replace(",1,1,", ",9,1,"));
  expect(run("verify", "evidence")).toMatchObject({
    status: 1,
    stdout: "WRONG  export-000001/hours.csv: its bytes are not those that were signed\n",
  });
  expect(run("verify", "nowhere")).toMatchObject({ status: 1, stdout: "WRONG  nowhere: is not there\n" });
  expect(run("--out", "x")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/there are no kept calls/) as string,
  });
  expect(run("--in", "x")).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/--out: name the folder/) as string,
  });
  expect(existsSync(join(folder.path, "evidence/.export-000003.part"))).toBe(false);
});
