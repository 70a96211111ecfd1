import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Manifest } from "../../src/exports/manifest.ts";
import { newSigningPem } from "../../src/exports/signing-key.ts";
import { verifyExports } from "../../src/exports/verify-export.mjs";
import { generate } from "../../src/simulate/generate.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { inBundle } from "../exports/bundles.ts";
import { faultRandom, faultRuns } from "../faults/runs.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { reportWhen, type ServeOptions, type Serving, startServe } from "./serving.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

let folder: TemporaryFolder;
let emulator: Awaited<ReturnType<typeof startEventHubsEmulator>>;
let options: ServeOptions;
let count: number;
beforeAll(async () => {
  folder = await temporaryFolder();
  emulator = await startEventHubsEmulator();
  const hub = emulator.addHub("logs", { partitions: 2 });
  const { records } = generate({ seed: 3, scenario: "single", hours: 1, from: today - DAY / 2 });
  count = records.length;
  for (let at = 0; at < records.length; at += 500)
    hub.route(undefined).add(JSON.stringify({ records: records.slice(at, at + 500).map(({ record }) => record) }));
  writeFileSync(join(folder.path, "key.pem"), newSigningPem());
  options = {
    folder: folder.path,
    environment: { HUB: emulator.connectionString("logs") },
    config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${folder.path}/state.db\n`,
  };
});
afterAll(async () => {
  await emulator.close();
  await folder[Symbol.asyncDispose]();
});

function scopetrail(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly said: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { cwd: folder.path }, (_, out, said) =>
      resolve({ code: child.exitCode ?? -1, out, said }),
    );
  });
}

const chain = (): string => join(folder.path, "evidence");
const manifestOf = (path: string, sequence: number): Manifest =>
  JSON.parse(readFileSync(inBundle(path, sequence, "manifest.json"), "utf8")) as Manifest;
const idsIn = (path: string): readonly string[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { id: string }).id)
    .toSorted();

test("serve that is killed again and again writes each hour's digest and each day's export once; others ask it meanwhile", {
  timeout: 150_000 + 10_000 * faultRuns(2),
}, async () => {
  await using first = await startServe(options);
  await reportWhen(first.address, ({ input }) => input.records === count);
  await first.stop();
  const scheduled = {
    ...options,
    config: `${options.config}exports: [{ type: folder, name: daily, path: "${chain()}", format: ndjson, key: "file:${folder.path}/key.pem", from: ${dayOf(today - DAY)}, afterMinutes: 1 }]\n`,
  };
  const random = faultRandom();
  for (let run = 0; run < faultRuns(2); run++) {
    await using killed = await startServe(scheduled);
    if (run === 0) await killed.hear(/"msg":"exported"/);
    else await sleep(600 * random());
    await killed.stop("SIGKILL");
  }
  await using serving = await startServe(scheduled);
  try {
    await exportedUntil(serving.address);
    await whileItRuns(serving);
  } finally {
    await serving.stop();
  }
  const { faults, exports } = await verifyExports(chain());
  expect(faults).toEqual([]);
  const entries = Array.from({ length: exports }, (_, i) => manifestOf(chain(), i + 1));
  const hours = entries.flatMap(({ kind, scope }) => (kind === "digest" ? [Date.parse(scope.from ?? "")] : []));
  expect(hours.slice(0, 24)).toEqual(Array.from({ length: 24 }, (_, i) => today - DAY + i * 3_600_000));
  expect(new Set(hours).size).toBe(hours.length);
  const days = entries.filter(({ kind }) => kind === "export");
  expect(days).toMatchObject([{ sequence: 25, schedule: { nextDay: `${dayOf(today)}T00:00:00.0000000Z` } }]);
  expect(readdirSync(chain()).filter((name) => name.startsWith("."))).toEqual([]);
});

/** Looked at until nothing is due. */
async function exportedUntil(address: string): Promise<void> {
  for (;;) {
    const health = (await (await fetch(new URL("/api/v1/health", address))).json()) as {
      readonly exports: readonly { readonly hoursBehind: number }[];
    };
    if (existsSync(inBundle(chain(), 25, "manifest.json")) && health.exports[0]?.hoursBehind === 0) return;
    await sleep(100);
  }
}

async function whileItRuns({ address }: Serving): Promise<void> {
  const days = manifestOf(chain(), 25);
  const exported = idsIn(inBundle(chain(), 25, "calls.ndjson"));
  expect(days.calls["exported"]).toBe(exported.length);
  expect(days.conservation).toMatchObject({ records: count });
  expect(days.sources[0]?.partition).toMatch(/^hub\/\d$/);

  const health = (await (await fetch(new URL("/api/v1/health", address))).json()) as object;
  expect(health).toMatchObject({ exports: [{ name: "daily", failed: 0, hoursBehind: 0, failure: null }] });
  expect(await (await fetch(new URL("/health", address))).text()).toContain("Scheduled exports");

  const from = ["--from", dayOf(today - DAY), "--to", dayOf(today)];
  const byHand = await scopetrail("export", "--state", "state.db", "--out", "own", "--format", "ndjson", ...from);
  expect(byHand).toMatchObject({ code: 0, out: "own/export-000001\n" });
  const own = join(folder.path, "own");
  expect(idsIn(inBundle(own, 1, "calls.ndjson"))).toEqual(exported);
  expect(manifestOf(own, 1)).toMatchObject({ conservation: { records: count }, gaps: [] });
  const findings = JSON.parse(readFileSync(inBundle(own, 1, "findings.json"), "utf8")) as readonly {
    readonly kind: string;
    readonly samples: { readonly refused: readonly string[] };
  }[];
  expect(findings.some(({ kind }) => kind === "intermittent-refusal")).toBe(true);
  expect(readFileSync(inBundle(own, 1, "access-review.csv"), "utf8").split("\r\n").length).toBeGreaterThan(2);

  const call = await scopetrail("call", exported[0] ?? "", "--state", "state.db", "--json");
  expect(call.code).toBe(0);
  expect(JSON.parse(call.out)).toMatchObject({ count: 1, calls: [{ id: exported[0] }] });
  const refused = findings.flatMap(({ samples }) => samples.refused).at(-1) ?? "";
  const told = await scopetrail("call", refused, "--state", "state.db", "--json");
  const shown = (await (await fetch(new URL(`/api/v1/calls/${refused}`, address))).json()) as { items: object[] };
  expect(JSON.parse(told.out)).toMatchObject({ calls: shown.items });
  expect(shown.items).toMatchObject([{ lastSuccess: { id: expect.any(String) as string } }]);
}

test("an export that fails is shown, and tried again", { timeout: 60_000 }, async () => {
  writeFileSync(join(folder.path, "taken"), "no folder");
  await using serving = await startServe({
    ...options,
    name: "failing",
    config: `${options.config.replace("state.db", "other.db")}exports: [{ type: folder, name: daily, path: "${folder.path}/taken", key: "file:${folder.path}/key.pem", from: ${dayOf(today - DAY)} }]\n`,
  });
  try {
    await serving.hear(/an export failed; it is tried again/);
    const health = (await (await fetch(new URL("/api/v1/health", serving.address))).json()) as object;
    expect(health).toMatchObject({
      exports: [{ failed: 1, failure: { says: expect.stringContaining("taken") as string } }],
    });
    expect(await (await fetch(new URL("/health", serving.address))).text()).toContain("tried again:");
  } finally {
    await serving.stop();
  }
});
