import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { type BlobEmulator, startBlobs } from "../emulators/blobs.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { faultRuns } from "../faults/runs.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { type Counts, readyServe, reportWhen, type ServeOptions, spawnServe, startServe } from "./serving.ts";

const EVENT_RECORDS = 20;
const body = (from: number): string =>
  JSON.stringify({
    records: Array.from({ length: EVENT_RECORDS }, (_, i) => ({
      category: "GatewayLogs",
      correlationId: `c-${from + i}`,
      time: new Date(Date.parse("2026-11-25T12:00:00Z") + (from + i) * 1_000).toISOString(),
      properties: { responseCode: (from + i) % 7 === 0 ? 403 : 200, apiId: "orders" },
    })),
  });

let blobs: BlobEmulator;
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  blobs = await startBlobs(folder.path);
});
afterAll(async () => {
  await blobs.stop();
  await folder[Symbol.asyncDispose]();
});

/** A hub, and machines that read it: each has a folder of its own, and they share a container. */
async function start(name: string, partitions: number) {
  await blobs.container(name);
  const emulator = await startEventHubsEmulator();
  const hubs = ["logs", "kept"].map((each) => emulator.addHub(each, { partitions }));
  let fed = 0;
  const environment = { HUB: emulator.connectionString("logs"), BLOBS: blobs.connectionString };
  const stateOf = (machine: string): string => join(folder.path, `${name}-${machine}`, "state.db");
  return {
    emulator,
    stateOf,
    records: () => EVENT_RECORDS * fed,
    feed: (events: number): void => {
      for (let i = 0; i < events; i++, fed++)
        for (const hub of hubs) hub.route(undefined).add(body(EVENT_RECORDS * fed));
    },
    /** Retention takes the oldest events of the hub that the machines read. */
    forget: (events: number): void => {
      for (const partition of hubs[0]?.partitions ?? []) partition.trimTo(events / partitions);
    },
    machine: (machine: string): ServeOptions => ({
      folder: folder.path,
      name: `${name}-${machine}`,
      environment,
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${stateOf(machine)}\nlogLevel: info\nstandby: { connectionString: "env:BLOBS", container: ${name}, copySeconds: 1 }\n`,
    }),
    /** One that reads the same events alone, from a hub that holds them all. */
    alone: (): ServeOptions => ({
      folder: folder.path,
      name: `${name}-alone`,
      environment: { HUB: emulator.connectionString("kept") },
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${stateOf("alone")}\n`,
    }),
  };
}

interface Report {
  readonly input: Counts;
}

const holds =
  (records: number) =>
  ({ input }: Report): boolean =>
    input.records >= records;

const committedIn = (path: string): number => {
  const store = openSqliteStore(path);
  const rows = [...(store.ledger().get("hub")?.values() ?? [])];
  store.close();
  return rows.reduce((sum, { records }) => sum + records, 0);
};

test("another machine takes over within 30 s of a kill, with the state, and comes to the same report", {
  timeout: 240_000,
}, async () => {
  const { emulator, feed, forget, machine, alone, records } = await start("kill", 2);
  feed(50);
  const first = await startServe(machine("first"));
  await reportWhen(first.address, holds(records()));
  const second = await spawnServe(machine("second"));
  await second.hear(/standby: another machine has the lease/);
  const copy = (await blobs.container("kill")).getBlobClient("state");
  const written = async (): Promise<string> => (await copy.getProperties()).etag ?? "";
  // Of two copies that follow a commit, the later one was begun after it.
  for (let i = 0; i < 2; i++) {
    const before = await written();
    feed(1);
    await reportWhen(first.address, holds(records()));
    await expect.poll(written, { timeout: 10_000 }).not.toBe(before);
  }
  forget(50);
  feed(50);
  await first.stop("SIGKILL");
  const killed = performance.now();
  const { address } = await readyServe(second);
  const seconds = (performance.now() - killed) / 1_000;
  console.info(`another machine was ready after ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(30);
  feed(20);
  const taken = await reportWhen(address, holds(records()));
  // The first machine stands by with what is left of its state, which is older than the copy.
  const back = await spawnServe(machine("first"));
  await back.hear(/standby: another machine has the lease/);
  expect(await second.stop()).toBe(0);
  const again = await readyServe(back);
  expect(again.said.join("\n")).toMatch(/state of another machine is gone on from/);
  expect(await reportWhen(again.address, holds(records()))).toEqual(taken);
  expect(await again.stop()).toBe(0);
  const whole = await startServe(alone());
  expect(taken).toEqual(await reportWhen(whole.address, holds(records())));
  await whole.stop();
  await emulator.close();
});

/** Longer than a lease lasts. */
const FROZEN_MS = 1_000 * Number(process.env["FAULT_FROZEN_SECONDS"] ?? 20);

test("one that stood still while another machine took over commits nothing more", {
  timeout: 60_000 + (60_000 + FROZEN_MS) * faultRuns(1),
}, async () => {
  for (let run = 0; run < faultRuns(1); run++) {
    const { emulator, feed, machine, records, stateOf } = await start(`zombie-${run}`, 1);
    feed(10);
    const zombie = await startServe(machine("zombie"));
    await reportWhen(zombie.address, holds(records()));
    const before = records();
    const owner = await spawnServe(machine("owner"));
    await owner.hear(/standby: another machine has the lease/);
    zombie.child.kill("SIGSTOP");
    const stopped = performance.now();
    feed(100);
    const { address } = await readyServe(owner);
    await reportWhen(address, holds(records()));
    await sleep(Math.max(0, FROZEN_MS - (performance.now() - stopped)));
    zombie.child.kill("SIGCONT");
    await zombie.hear(/another machine has the lease and goes on|is read by another reader/);
    expect(await zombie.stop()).toBe(3);
    feed(10);
    await reportWhen(address, holds(records()));
    expect(await owner.stop()).toBe(0);
    expect(committedIn(stateOf("zombie"))).toBe(before);
    expect(committedIn(stateOf("owner"))).toBe(records());
    await emulator.close();
    for (const name of ["zombie", "owner"]) rmSync(join(stateOf(name), ".."), { recursive: true });
  }
});
