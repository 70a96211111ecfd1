import { expect, test } from "vitest";
import { eventHubsSource } from "../../src/sources/event-hubs.ts";
import { idsByPartition } from "../contract/source.contract.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { type NetworkFault, startFaultyProxy } from "../emulators/faulty-proxy.ts";
import type { Batch } from "../../src/sources/source.ts";
import { event, idOf, idsIn } from "../sources/event-hubs-harness.ts";
import { faultRandom, faultRuns } from "./runs.ts";

const EVENTS = 600;
/** Of each partition; longer than a frame, so that a connection can be cut within one. */
const PADDING = "x".repeat(300);

function drawFault(random: () => number): NetworkFault {
  const afterBytes = Math.floor(random() * 60_000);
  const kind = random();
  if (kind < 0.35) return { kind: "reset", afterBytes };
  if (kind < 0.6) return { kind: "end", afterBytes };
  if (kind < 0.8) return { kind: "silent", afterBytes, ms: Math.floor(random() * 600) };
  return { kind: "slow", chunkBytes: 1 + Math.floor(random() * 4_000), everyMs: 1 };
}

/** Longer than all attempts of the client: it closes the partitions, and opens them again. */
const drawOutage = (random: () => number): readonly NetworkFault[] =>
  Array.from({ length: Math.floor(random() * 12) }, () => ({ kind: "reset", afterBytes: 0 }));

test("whatever the network does to a connection, each event is read once and in order", {
  timeout: 60_000 + 30_000 * faultRuns(3),
}, async () => {
  const random = faultRandom();
  for (let run = 0; run < faultRuns(3); run++) {
    const emulator = await startEventHubsEmulator();
    const hub = emulator.addHub("logs", { partitions: 2 });
    for (let i = 0; i < EVENTS; i++) hub.partition(String(i % 2)).add(event(`${String(i).padStart(4, "0")}${PADDING}`));
    // The first is cut before all is read; after many faults a connection is left alone, as it is in the end.
    const faults = [
      { kind: "reset", afterBytes: 5_000 + Math.floor(random() * 60_000) } as const,
      ...drawOutage(random),
      ...Array.from({ length: 6 }, () => drawFault(random)),
    ];
    await using proxy = await startFaultyProxy(emulator.port, () => faults.shift() ?? { kind: "none" });
    const troubles: string[] = [];
    const source = eventHubsSource({
      name: "hub",
      connection: {
        kind: "connection-string",
        connectionString: emulator.connectionString("logs").replace(`:${emulator.port};`, `:${proxy.port};`),
      },
      idleSeconds: 0.1,
      retry: { maxRetries: 2, retryDelayInMs: 20, maxRetryDelayInMs: 100, timeoutInMs: 2_000 },
      onTrouble: ({ kind }) => troubles.push(kind),
    });
    const batches: Batch[] = [];
    const abort = new AbortController();
    for await (const batch of source.read(new Map(), abort.signal)) {
      batches.push(batch);
      if (idsIn(batches).length >= EVENTS) abort.abort();
    }
    await emulator.close();
    for (const ids of idsByPartition(batches, { idOf }).values()) expect(ids).toEqual(ids.toSorted());
    expect(new Set(idsIn(batches)).size).toBe(EVENTS);
    expect(idsIn(batches).length).toBe(EVENTS);
    expect(batches.filter(({ gap, rejects }) => gap !== undefined || rejects.length > 0)).toEqual([]);
    expect(proxy.faults.length).toBeGreaterThan(1);
    expect(troubles.filter((kind) => kind !== "unreachable")).toEqual([]);
  }
});
