import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import type { BlobEmulator } from "../emulators/blobs.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import type { Counts, ServeOptions } from "./serving.ts";

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

interface MachinesOptions {
  readonly blobs: BlobEmulator;
  readonly folder: string;
  /** Of the container, too. */
  readonly name: string;
  readonly partitions: number;
}

/** A hub, and machines that read it: each has a folder of its own, and they share a container. */
export async function startMachines({ blobs, folder, name, partitions }: MachinesOptions) {
  await blobs.container(name);
  const emulator = await startEventHubsEmulator();
  const hubs = ["logs", "kept"].map((each) => emulator.addHub(each, { partitions }));
  let fed = 0;
  const environment = { HUB: emulator.connectionString("logs"), BLOBS: blobs.connectionString };
  const stateOf = (machine: string): string => join(folder, `${name}-${machine}`, "state.db");
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
      folder,
      name: `${name}-${machine}`,
      environment,
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${stateOf(machine)}\nlogLevel: info\nstandby: { connectionString: "env:BLOBS", container: ${name}, copySeconds: 1 }\n`,
    }),
    /** One that reads the same events alone, from a hub that holds them all. */
    alone: (): ServeOptions => ({
      folder,
      name: `${name}-alone`,
      environment: { HUB: emulator.connectionString("kept") },
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${stateOf("alone")}\n`,
    }),
  };
}

interface Report {
  readonly input: Counts;
}

export const holds =
  (records: number) =>
  ({ input }: Report): boolean =>
    input.records >= records;

export const committedIn = (path: string): number => {
  const store = openSqliteStore(path);
  const rows = [...(store.ledger().get("hub")?.values() ?? [])];
  store.close();
  return rows.reduce((sum, { records }) => sum + records, 0);
};
