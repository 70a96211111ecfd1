import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Analysis } from "../src/analysis.ts";
import { aborted } from "../src/lib/aborted.ts";
import { reportOf } from "../src/findings/report.ts";
import { instantFromMs } from "../src/model/time.ts";
import { run } from "../src/live-run.ts";
import { Silence } from "../src/silence.ts";
import type { Source } from "../src/sources/source.ts";
import { stateCodec } from "../src/store/codec.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { createMemoryStore } from "../src/store/memory-store.ts";

test("a source that is behind is silent after so many ticks, once, until it is heard of again", () => {
  const silence = new Silence(3);
  silence.heard("hub", ["hub/0", "hub/1"], false);
  silence.heard("hub", ["hub/1"], true);
  expect([1, 2, 3, 4, 5].map(() => silence.tick())).toEqual([[], [], ["hub/0"], [], []]);
  silence.heard("hub", ["hub/0"], false);
  expect([1, 2, 3].map(() => silence.tick())).toEqual([[], [], ["hub/0"]]);
});

test("a source that is at its end, or delivers from another partition, is not silent", () => {
  const silence = new Silence(3);
  silence.heard("files", ["a", "b"], false);
  for (let i = 0; i < 10; i++) {
    silence.heard("files", ["a"], false);
    expect(silence.tick()).toEqual([]);
  }
  silence.heard("files", ["a", "b"], true);
  expect([1, 2, 3, 4].flatMap(() => silence.tick())).toEqual([]);
});

const request = (correlationId: string, time: string) => ({
  value: { category: "GatewayLogs", time, correlationId, properties: { responseCode: 200, apiId: "orders" } },
  position: { source: "live", partition: "0", sequence: 1, index: 0 },
  repairs: [],
});

/** Delivers two calls a minute apart, then has no more for now. */
const live: Source = {
  name: "live",
  partitions: async () => await Promise.resolve(["0"]),
  async *read(_from, signal) {
    const records = [request("a", "2026-11-25T12:00:00Z"), request("b", "2026-11-25T12:01:00Z")];
    yield { partition: "0", records, rejects: [], bytes: 1, checkpoint: "1", caughtUp: true };
    await aborted(signal);
  },
};

/** Was reached, and answers no more. */
const dead: Source = {
  name: "dead",
  partitions: async () => await Promise.resolve(["0", "1"]),
  // oxlint-disable-next-line require-yield
  async *read(_from, signal) {
    await aborted(signal);
  },
};

test("a hub that was reached and answers no more holds the others back for a minute, not for ever", async () => {
  const stop = new AbortController();
  const store = createMemoryStore();
  let tick = (): void => undefined;
  let latest: Analysis | undefined;
  const shell = {
    sources: [live, dead],
    store,
    options: { lateness: 1_000, joinWindow: 1_000, seed: 1 },
    codec: stateCodec,
    alerts: () => [],
    breathe: () => setImmediate(),
    every: (_ms: number, task: () => void) => {
      tick = task;
      return () => undefined;
    },
    onCommit: (analysis: Analysis) => {
      latest = analysis;
    },
    elapsed: () => 0,
    isTakenOver: () => false,
    calls: createMemoryCallLog(),
    onCommitFailure: (error: unknown) => {
      throw error;
    },
  };
  const running = run(shell, stop.signal);
  await expect.poll(() => (tick(), latest?.input.records)).toBe(2);
  expect(latest?.now).toBe(instantFromMs(0));
  for (let i = 0; i < 60; i++) tick();
  await setImmediate();
  expect(latest?.now).toBeGreaterThan(instantFromMs(0));
  expect(latest && reportOf(latest).blindSpots.map(({ id }) => id)).toContain("silent-partitions");
  stop.abort();
  await running;

  const again = run(shell, AbortSignal.abort());
  await again;
  expect(latest?.reorder.silent).toBe(2);
});

test("a source that is configured no more holds nobody back", async () => {
  const store = createMemoryStore();
  let latest: Analysis | undefined;
  const shell = (sources: readonly Source[]) => ({
    sources,
    store,
    options: { lateness: 1_000, joinWindow: 1_000, seed: 1 },
    codec: stateCodec,
    alerts: () => [],
    every: () => () => undefined,
    breathe: () => setImmediate(),
    onCommit: (analysis: Analysis) => {
      latest = analysis;
    },
    elapsed: () => 0,
    isTakenOver: () => false,
    calls: createMemoryCallLog(),
    onCommitFailure: (error: unknown) => {
      throw error;
    },
  });
  await run(shell([dead]), AbortSignal.abort());
  await run(shell([live]), AbortSignal.timeout(300));
  expect(latest?.input.records).toBe(2);
  expect(latest?.now).toBeGreaterThan(instantFromMs(0));
});
