import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { faultRuns } from "../faults/runs.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { readyServe, reportWhen, type ServeOptions, spawnServe, startServe } from "./serving.ts";

const body = (from: number, count: number): string =>
  JSON.stringify({
    records: Array.from({ length: count }, (_, i) => ({
      category: "GatewayLogs",
      correlationId: `c-${from + i}`,
      time: new Date(Date.parse("2026-11-25T12:00:00Z") + (from + i) * 1_000).toISOString(),
      properties: { responseCode: (from + i) % 7 === 0 ? 403 : 200, apiId: "orders" },
    })),
  });

test("a standby takes over within 30 s of a kill, and comes to the same report", { timeout: 180_000 }, async () => {
  const emulator = await startEventHubsEmulator();
  const hub = emulator.addHub("logs", { partitions: 2 });
  const feed = (from: number, events: number): void => {
    for (let i = 0; i < events; i++) hub.route(undefined).add(body(from + 20 * i, 20));
  };
  await using folder = await temporaryFolder();
  const options = (name: string, state: string): ServeOptions => ({
    folder: folder.path,
    name,
    environment: { HUB: emulator.connectionString("logs") },
    config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB", ownerLevel: 1 }]\nstate: ${folder.path}/${state}.db\n`,
  });
  feed(0, 50);
  await using first = await startServe(options("first", "state"));
  await using second = await spawnServe({ ...options("second", "state"), flags: ["--standby"] });
  await second.hear(/standby: another serve has the state/);
  await reportWhen(first.address, ({ input }) => input.records >= 500);
  feed(1_000, 50);
  await first.stop("SIGKILL");
  const killed = performance.now();
  const { address } = await readyServe(second);
  const seconds = (performance.now() - killed) / 1_000;
  console.info(`standby ready after ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(30);
  feed(2_000, 20);
  const taken = await reportWhen(address, ({ input }) => input.records >= 2_400);
  await second.stop();
  await using whole = await startServe({
    ...options("whole", "whole"),
    config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${folder.path}/whole.db\n`,
  });
  expect(taken).toEqual(await reportWhen(whole.address, ({ input }) => input.records >= 2_400));
  await whole.stop();
  await emulator.close();
});

const committedIn = (path: string): number => {
  const store = openSqliteStore(path);
  const rows = [...(store.ledger().get("hub")?.values() ?? [])];
  store.close();
  return rows.reduce((sum, { records }) => sum + records, 0);
};

test("one that stood still while another took over commits nothing more", {
  timeout: 60_000 + 30_000 * faultRuns(1),
}, async () => {
  for (let run = 0; run < faultRuns(1); run++) {
    const emulator = await startEventHubsEmulator();
    const hub = emulator.addHub("logs", { partitions: 1 });
    await using folder = await temporaryFolder();
    const options = (name: string): ServeOptions => ({
      folder: folder.path,
      name,
      environment: { HUB: emulator.connectionString("logs") },
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB", ownerLevel: 1 }]\nstate: ${folder.path}/${name}.db\n`,
    });
    hub.partition("0").add(body(0, 100));
    await using zombie = await startServe(options("zombie"));
    await reportWhen(zombie.address, ({ input }) => input.records >= 100);
    zombie.child.kill("SIGSTOP");
    // What is sent to it now waits in its socket, and is there before the word that it lost the partition.
    for (let i = 0; i < 150; i++) hub.partition("0").add(body(100 + 10 * i, 10));
    await sleep(6_000);
    await using owner = await startServe(options("owner"));
    await reportWhen(owner.address, ({ input }) => input.records >= 1_600);
    zombie.child.kill("SIGCONT");
    await zombie.hear(/is read by another reader/);
    expect(await zombie.stop()).toBe(3);
    expect(committedIn(`${folder.path}/zombie.db`)).toBe(100);
    expect(await owner.stop()).toBe(0);
    expect(committedIn(`${folder.path}/owner.db`)).toBe(1_600);
    await emulator.close();
  }
});
