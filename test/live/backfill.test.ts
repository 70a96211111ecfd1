import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { generate } from "../../src/simulate/generate.ts";
import { tableRow } from "../../src/simulate/shapes.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { type LogAnalyticsEmulator, startLogAnalytics } from "../emulators/log-analytics.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { type Counts, reportWhen, startServe, workspaceEnvironment } from "./serving.ts";
import { endWithTest } from "../end-with-test.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.parse("2026-11-20T00:00:00Z");

let azure: LogAnalyticsEmulator;
beforeAll(async () => {
  azure = await startLogAnalytics();
});
afterAll(() => azure.close());
afterEach(() => {
  for (const table of TABLES) azure.workspace.remove(table, () => true);
  azure.faults.length = 0;
  azure.queries.length = 0;
  azure.mostRows = 500_000;
});
const records = generate({ seed: 5, scenario: "single", hours: 0.2, from: FROM + HOUR }).records.slice(0, 2_000);
const TABLES = new Set([...records.map((rendered) => String(tableRow(rendered)["Type"])), "AzureActivity"]);

function fillWorkspace(): void {
  for (const rendered of records) {
    const values = tableRow(rendered);
    azure.workspace.add(String(values["Type"]), [{ ingested: rendered.at + 300_000, values }]);
  }
}

const configOf = (folder: string, more = ""): string => `
sources:
  - type: log-analytics
    name: workspace
    workspaceId: ${azure.workspaceId}
    endpoint: ${azure.endpoint}
    credential: { type: managed-identity }
${more}
state: ${folder}/state.db
`;

interface Backfilling {
  readonly child: ChildProcess;
  readonly out: Promise<string>;
  readonly said: Promise<string>;
  readonly code: Promise<number | null>;
}

async function startBackfill(folder: string, ...flags: readonly string[]): Promise<Backfilling> {
  const config = join(folder, "backfill.yml");
  await writeFile(config, configOf(folder));
  const span = ["--from", "2026-11-20", "--to", "2026-11-21"];
  const child = endWithTest(
    spawn(process.execPath, [MAIN, "backfill", "--config", config, ...span, ...flags], {
      env: { ...process.env, ...workspaceEnvironment(azure) },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  const exit = once(child, "exit");
  return { child, out: textOf(child.stdout), said: textOf(child.stderr), code: exit.then(() => child.exitCode) };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

test("reads the span, says how far it is, and reports as analyze does", { timeout: 120_000 }, async () => {
  fillWorkspace();
  azure.workspace.add("AzureActivity", [
    { ingested: FROM + DAY, values: { TimeGenerated: new Date(FROM + DAY).toISOString() } },
  ]);
  await using folder = await temporaryFolder();
  const { out, said, code } = await startBackfill(folder.path, "--json");
  const report = JSON.parse(await out) as { input: Counts };
  expect(await code).toBe(0);
  expect(report.input).toMatchObject({ records: records.length, accepted: records.length });
  const lines = (await said).trimEnd().split("\n");
  expect(lines.at(-1)).toMatch(
    new RegExp(
      `^backfill: ${records.length}/${records.length} rows · \\d+ rows/s · 0 s left · up to 2026-11-21 00:00$`,
    ),
  );
});

test("killed and started again, with answers that are not whole, it counts every row once", {
  timeout: 150_000,
}, async () => {
  fillWorkspace();
  await using folder = await temporaryFolder();
  azure.mostRows = 60;
  for (let kill = 0; kill < 2; kill++) {
    azure.queries.length = 0;
    azure.faults.push(undefined, undefined, { kind: "status", status: 504 }, { kind: "cut" }, { kind: "partial" });
    const { child, code } = await startBackfill(folder.path);
    while (azure.queries.length < 20 + 12 * kill && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await code;
  }
  const { out, code } = await startBackfill(folder.path, "--json");
  const { input } = JSON.parse(await out) as { input: Counts };
  expect(await code).toBe(0);
  expect(input).toMatchObject({ records: records.length, accepted: records.length, duplicate: 0, rejected: 0 });
});

test("beside a running serve it is done there, and what came by both routes counts once", {
  timeout: 150_000,
}, async () => {
  fillWorkspace();
  const emulator = await startEventHubsEmulator();
  const hub = emulator.addHub("logs", { partitions: 2 });
  const half = records.slice(0, Math.floor(records.length / 2));
  for (let at = 0; at < half.length; at += 200)
    hub.route(undefined).add(JSON.stringify({ records: half.slice(at, at + 200).map(({ record }) => record) }));
  await using folder = await temporaryFolder();
  await using serving = await startServe({
    folder: folder.path,
    environment: { ...workspaceEnvironment(azure), HUB: emulator.connectionString("logs") },
    config: configOf(folder.path, '  - { type: event-hubs, name: hub, connectionString: "env:HUB" }'),
  });
  try {
    await reportWhen(serving.address, ({ input }) => input.records >= half.length);
    const { said, code } = await startBackfill(folder.path);
    expect(await code).toBe(0);
    expect(await said).toContain("done; the running serve has it");
    const { input } = await reportWhen(serving.address, () => true);
    expect(input).toMatchObject({
      records: half.length + records.length,
      accepted: records.length,
      duplicate: half.length,
      rejected: 0,
    });
  } finally {
    expect(await serving.stop()).toBe(0);
    await emulator.close();
  }
});

test.each([
  { name: "a span that is none", flags: ["--from", "2026-11-21"], says: /--from must be before --to/ },
  {
    name: "a source that is not there",
    flags: ["--source", "other"],
    says: /no source of type log-analytics is named other/,
  },
  { name: "a time without a zone", flags: ["--from", "2026-11-21T08:00"], says: /a day such as/ },
])("$name is told", async ({ flags, says }) => {
  await using folder = await temporaryFolder();
  const { said, code } = await startBackfill(folder.path, ...flags);
  expect(await said).toMatch(says);
  expect(await code).toBe(2);
});

test("a workspace that refuses is told with exit code 3", async () => {
  fillWorkspace();
  azure.faults.push({ kind: "status", status: 403 });
  await using folder = await temporaryFolder();
  const { said, code } = await startBackfill(folder.path);
  expect(await said).toMatch(/Log Analytics Reader/);
  expect(await code).toBe(3);
});
