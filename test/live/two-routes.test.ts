import { afterAll, beforeAll, expect, test } from "vitest";
import { generate } from "../../src/simulate/generate.ts";
import { tableRow } from "../../src/simulate/shapes.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { type LogAnalyticsEmulator, startLogAnalytics } from "../emulators/log-analytics.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { reportWhen, startServe, workspaceEnvironment } from "./serving.ts";

let azure: LogAnalyticsEmulator;
beforeAll(async () => {
  azure = await startLogAnalytics();
});
afterAll(() => azure.close());

const HOUR = 3_600_000;

test("serve signs in, polls a workspace beside a hub, and what came by both routes counts once", async () => {
  const from = Date.now() - 3 * HOUR;
  const { records } = generate({ seed: 3, scenario: "single", hours: 1, from });
  for (const rendered of records) {
    const row = tableRow(rendered);
    azure.workspace.add(String(row["Type"]), [{ ingested: rendered.at + 300_000, values: row }]);
  }
  const emulator = await startEventHubsEmulator();
  const hub = emulator.addHub("logs", { partitions: 2 });
  for (let at = 0; at < records.length; at += 200)
    hub.route(undefined).add(JSON.stringify({ records: records.slice(at, at + 200).map(({ record }) => record) }));
  await using folder = await temporaryFolder();
  const serving = await startServe({
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
state: ${folder.path}/state.db
`,
  });
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
  } finally {
    expect(await serving.stop()).toBe(0);
    await emulator.close();
  }
});
