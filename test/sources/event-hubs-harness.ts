import { afterEach, beforeEach } from "vitest";
import type { RawRecord } from "../../src/model/record.ts";
import { type EventHubsConfig, eventHubsSource } from "../../src/sources/event-hubs.ts";
import type { Batch, Source } from "../../src/sources/source.ts";
import { SourceError } from "../../src/sources/source-error.ts";
import { readRecords } from "../contract/source.contract.ts";
import { type EventHubsEmulator, startEventHubsEmulator } from "../emulators/event-hubs.ts";
import type { Hub } from "../emulators/event-hubs-hub.ts";

const RETRY = { maxRetries: 2, retryDelayInMs: 20, maxRetryDelayInMs: 100, timeoutInMs: 2_000 };

type Parts = Partial<EventHubsConfig>;
type From = ReadonlyMap<string, string>;

/** The body of one event that holds records with these ids. */
export const event = (...ids: string[]): string =>
  JSON.stringify({ records: ids.map((id) => ({ category: "GatewayLogs", id })) });

export const idOf = (record: RawRecord): string => String(record.value["id"]);
export const idsIn = (batches: readonly Batch[]): string[] => batches.flatMap((batch) => batch.records.map(idOf));

/** The newest checkpoint of each partition. */
export const checkpoints = (batches: readonly Batch[]): Map<string, string> =>
  new Map(batches.map((batch) => [batch.partition, batch.checkpoint]));

/** A new hub `logs` with two partitions for each test, and ways to read it. */
export interface HubHarness {
  emulator: EventHubsEmulator;
  hub: Hub;
  sourceOf(parts?: Parts): Source;
  /** Until `count` records came and the partitions are read to their ends. */
  read(count: number, parts?: Parts, from?: From): Promise<Batch[]>;
  readUntil(done: (batches: readonly Batch[]) => boolean, parts?: Parts, from?: From): Promise<Batch[]>;
}

export function useHub(): () => HubHarness {
  let harness: HubHarness | undefined;
  beforeEach(async () => {
    harness = await startHub();
  });
  afterEach(async () => {
    await harness?.emulator.close();
  });
  return () => {
    if (harness === undefined) throw new Error("used outside of a test");
    return harness;
  };
}

async function startHub(): Promise<HubHarness> {
  const emulator = await startEventHubsEmulator();
  const hub = emulator.addHub("logs", { partitions: 2, consumerGroups: ["audit"] });
  const sourceOf = (parts: Parts = {}): Source =>
    eventHubsSource({
      name: "hub",
      connection: { kind: "connection-string", connectionString: emulator.connectionString("logs") },
      idleSeconds: 0.1,
      retry: RETRY,
      ...parts,
    });
  return {
    emulator,
    hub,
    sourceOf,
    read: (count, parts, from = new Map()) => readRecords(sourceOf(parts), { from, count, toTheEnd: false }),
    async readUntil(done, parts, from = new Map()) {
      const abort = new AbortController();
      const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(15_000)]);
      const batches: Batch[] = [];
      for await (const batch of sourceOf(parts).read(from, signal)) {
        batches.push(batch);
        if (done(batches)) abort.abort();
      }
      return batches;
    },
  };
}

/** The `SourceError` that `work` ends with. */
export async function failureOf(work: Promise<unknown>): Promise<SourceError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (failure: unknown) => failure,
  );
  if (error instanceof SourceError) return error;
  throw error;
}
