import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { aborted } from "../src/lib/aborted.ts";
import { run, type Shell } from "../src/live-run.ts";
import type { Batch, Source } from "../src/sources/source.ts";
import { SourceError } from "../src/sources/source-error.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { stateCodec } from "../src/store/codec.ts";
import { createMemoryStore } from "../src/store/memory-store.ts";
import type { Store } from "../src/store/store.ts";

const batch = (i: number): Batch => ({
  partition: "0",
  records: [],
  rejects: [],
  bytes: 0,
  checkpoint: String(i),
  caughtUp: true,
});

/** A run on a clock of the test's own. */
function start(read: Source["read"], signal: AbortSignal, isOursSince?: Shell["isOursSince"]) {
  const store: Store = createMemoryStore();
  let now = 0;
  let tick = (): void => undefined;
  const shell: Shell = {
    sources: [{ name: "hub", partitions: async () => ["0"], read }],
    store,
    options: { lateness: 1_000, seed: 1 },
    codec: stateCodec,
    alerts: () => [],
    breathe: () => setImmediate(),
    every(_ms, task) {
      tick = task;
      return () => undefined;
    },
    onCommit: () => undefined,
    onCommitFailure(error) {
      throw error;
    },
    elapsed: () => now,
    calls: createMemoryCallLog(),
    isOursSince,
    isTakenOver: (error) => error instanceof SourceError && error.kind === "stolen",
  };
  return {
    ended: run(shell, signal),
    tick(ms: number): void {
      now += ms;
      tick();
    },
    at: () => store.load().positions.get("hub")?.get("0"),
  };
}

test("a process that stood still commits only when it had time to hear what happened meanwhile", async () => {
  const stop = new AbortController();
  const more = Promise.withResolvers<void>();
  const read = Promise.withResolvers<void>();
  const running = start(async function* (_, signal) {
    yield batch(1);
    await more.promise;
    yield batch(2);
    read.resolve();
    await aborted(signal);
  }, stop.signal);
  await expect.poll(() => (running.tick(1_000), running.at())).toBe("1");
  more.resolve();
  await read.promise;
  running.tick(60_000);
  expect(running.at()).toBe("1");
  running.tick(2_000);
  expect(running.at()).toBe("1");
  running.tick(2_000);
  expect(running.at()).toBe("2");
  stop.abort();
  await running.ended;
});

test.each([
  { kind: "stolen" as const, at: undefined },
  { kind: "refused" as const, at: "1" },
])("what was read before a source is $kind ends at $at", async ({ kind, at }) => {
  const running = start(async function* () {
    yield batch(1);
    throw new SourceError("hub", kind, "it is over");
  }, new AbortController().signal);
  await expect(running.ended).rejects.toThrow("it is over");
  expect(running.at()).toBe(at);
});

test("a stop right after it stood still commits nothing: what was read is read again", async () => {
  const stop = new AbortController();
  const running = start(async function* (_, signal) {
    yield batch(1);
    await aborted(signal);
  }, stop.signal);
  await Promise.resolve();
  running.tick(60_000);
  stop.abort();
  await running.ended;
  expect(running.at()).toBeUndefined();
});

test("where others stand by, one that stood still commits only what it was told since that it may", async () => {
  const stop = new AbortController();
  const more = Promise.withResolvers<void>();
  const read = Promise.withResolvers<void>();
  let toldAt = 0;
  const running = start(
    async function* (_, signal) {
      yield batch(1);
      await more.promise;
      yield batch(2);
      read.resolve();
      await aborted(signal);
    },
    stop.signal,
    (at) => toldAt >= at,
  );
  await expect.poll(() => (running.tick(1), running.at())).toBe("1");
  more.resolve();
  await read.promise;
  running.tick(60_000);
  for (let i = 0; i < 30; i++) running.tick(1_000);
  expect(running.at()).toBe("1");
  toldAt = 80_000;
  running.tick(1_000);
  expect(running.at()).toBe("2");
  stop.abort();
  await running.ended;
});

test("one that another took over from is ended without a last commit", async () => {
  const stop = new AbortController();
  let isOurs = true;
  const running = start(
    async function* (_, signal) {
      yield batch(1);
      await aborted(signal);
    },
    stop.signal,
    () => isOurs,
  );
  await Promise.resolve();
  isOurs = false;
  running.tick(1_000);
  stop.abort();
  await running.ended;
  expect(running.at()).toBeUndefined();
});
