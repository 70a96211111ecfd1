import { afterAll, beforeAll, expect, test } from "vitest";
import { generate } from "../../src/simulate/generate.ts";
import { tableRow } from "../../src/simulate/shapes.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { type LogAnalyticsEmulator, startLogAnalytics } from "../emulators/log-analytics.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { reportWhen, type ServeOptions, startServe, workspaceEnvironment } from "./serving.ts";

let azure: LogAnalyticsEmulator;
beforeAll(async () => {
  azure = await startLogAnalytics();
});
afterAll(() => azure.close());

const HOUR = 3_600_000;

test("serve signs in, polls a workspace beside a hub, and what came by both routes counts once", {
  timeout: 120_000,
}, async () => {
  const from = Date.now() - HOUR * 0.7;
  const { records } = generate({ seed: 3, scenario: "single", hours: 0.3, from });
  for (const rendered of records) {
    const row = tableRow(rendered);
    azure.workspace.add(String(row["Type"]), [{ ingested: rendered.at + 300_000, values: row }]);
  }
  const newest = records.at(-1);
  if (newest === undefined) throw new Error("no records");
  const emulator = await startEventHubsEmulator();
  const hub = emulator.addHub("logs", { partitions: 2 });
  for (let at = 0; at < records.length; at += 200)
    hub.route(undefined).add(JSON.stringify({ records: records.slice(at, at + 200).map(({ record }) => record) }));
  await using folder = await temporaryFolder();
  const options: ServeOptions = {
    folder: folder.path,
    environment: { ...workspaceEnvironment(azure), HUB: emulator.connectionString("logs") },
    config: `
sources:
  - { type: event-hubs, name: hub, connectionString: "env:HUB" }
  - type: log-analytics
    name: workspace
    workspaceId: ${azure.workspaceId}
    endpoint: ${azure.endpoint}
    credential: { type: managed-identity }
    startAt: "${new Date(from - HOUR).toISOString()}"
    pollSeconds: 1
state: ${folder.path}/state.db
`,
  };
  await using serving = await startServe(options);
  try {
    const { input } = await reportWhen(serving.address, (report) => report.input.records >= 2 * records.length);
    expect(input).toMatchObject({
      records: 2 * records.length,
      accepted: records.length,
      duplicate: records.length,
      filtered: 0,
      rejected: 0,
    });
    await serving.hear(/all rows were read, by the workspace's own count/);
    expect(await serving.stop()).toBe(0);
    await using again = await startServe(options);
    const late = {
      ingested: Date.now() - 600_000,
      values: { ...tableRow(newest), CorrelationId: "late", ActivityId: "late" },
    };
    azure.workspace.add(String(tableRow(newest)["Type"]), [late]);
    const after = await reportWhen(again.address, (report) => report.input.records > 2 * records.length);
    expect(after.input).toMatchObject({ records: 2 * records.length + 1, accepted: records.length + 1 });
    expect(await again.stop()).toBe(0);
  } finally {
    serving.child.kill("SIGKILL");
    await emulator.close();
  }
});
