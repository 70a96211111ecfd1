import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { run } from "../src/live-run.ts";
import type { Source } from "../src/sources/source.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { stateCodec } from "../src/store/codec.ts";
import { createMemoryStore } from "../src/store/memory-store.ts";

test("while much waits to be read, others have their turn every few batches", async () => {
  const BATCHES = 40;
  const BATCH_MS = 10;
  let read = 0;
  /** Never waits for anything outside. */
  const busy: Source = {
    name: "busy",
    partitions: async () => await Promise.resolve(["0"]),
    async *read() {
      for (; read < BATCHES; read++)
        yield { partition: "0", records: [], rejects: [], bytes: 1, checkpoint: String(read), caughtUp: false };
    },
  };
  const readAtTurns: number[] = [];
  const over = new AbortController();
  const running = run(
    {
      sources: [busy],
      store: createMemoryStore(),
      options: { lateness: 1_000, joinWindow: 1_000, seed: 1 },
      codec: stateCodec,
      alerts: () => [],
      breathe: () => setImmediate(),
      every: () => () => undefined,
      onCommit: () => undefined,
      elapsed: () => BATCH_MS * read,
      isTakenOver: () => false,
      calls: createMemoryCallLog(),
      onCommitFailure: (error: unknown) => {
        throw error;
      },
    },
    new AbortController().signal,
  ).finally(() => over.abort());
  while (!over.signal.aborted) {
    readAtTurns.push(read);
    await setImmediate();
  }
  await running;
  const between = readAtTurns.map((count, i) => count - (readAtTurns[i - 1] ?? 0));
  expect(Math.max(...between)).toBeLessThanOrEqual(4);
});
