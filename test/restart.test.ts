import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Analysis } from "../src/analysis.ts";
import { reportOf } from "../src/findings/report.ts";
import { run } from "../src/live-run.ts";
import type { Source } from "../src/sources/source.ts";
import { stateCodec } from "../src/store/codec.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { createMemoryStore } from "../src/store/memory-store.ts";
import type { Store } from "../src/store/store.ts";

/** A busy source of nothing that is analyzed: metrics, each in a batch of its own. */
const metrics = (batches: number): Source => ({
  name: "hub",
  partitions: async () => await Promise.resolve(["0"]),
  async *read(from) {
    for (let sequence = Number(from.get("0") ?? 0); sequence < batches; sequence++) {
      const position = { source: "hub", partition: "0", sequence, index: 0 };
      yield await Promise.resolve({
        partition: "0",
        records: [{ value: { category: "Metrics" }, position, repairs: [] }],
        rejects: [],
        bytes: 30,
        checkpoint: String(sequence + 1),
        caughtUp: true,
      });
    }
  },
});

/** Runs to the end of the source; commits only where as much was read as one commit holds. */
async function runToEnd(
  store: Store,
  source: Source,
  joinProbability?: number,
): Promise<{ analysis: Analysis | undefined; commits: number }> {
  let analysis: Analysis | undefined;
  let commits = 0;
  await run(
    {
      sources: [source],
      store,
      options: { lateness: 1_000, seed: 1, joinProbability },
      codec: stateCodec,
      alerts: () => [],
      every: () => () => {},
      breathe: () => setImmediate(),
      onCommit: (state) => {
        analysis = state;
        commits += 1;
      },
      elapsed: () => 0,
      isTakenOver: () => false,
      calls: createMemoryCallLog(),
      onCommitFailure: (error) => {
        throw error;
      },
    },
    new AbortController().signal,
  );
  return { analysis, commits };
}

test("what a restart replays is bounded, also where nothing of the input is analyzed", async () => {
  const store = createMemoryStore();
  const first = await runToEnd(store, metrics(40_000));
  expect(first.commits).toBeGreaterThan(5);
  const { snapshot, journal } = store.load();
  const replayed = journal.reduce((sum, { length }) => sum + length, 0);
  expect(replayed).toBeLessThan(Math.max(4 << 20, snapshot?.length ?? 0));
  expect(store.ledger().get("hub")?.get("0")).toMatchObject({ records: 40_000, filtered: 40_000 });

  const again = await runToEnd(store, metrics(40_001));
  expect(again.analysis && reportOf(again.analysis).input).toMatchObject({ records: 40_001, filtered: 40_001 });
});

test("a threshold of joins that was changed counts from the start on, and stays", async () => {
  const store = createMemoryStore();
  const threshold = async (batches: number, joinProbability?: number) =>
    (await runToEnd(store, metrics(batches), joinProbability)).analysis?.inferred.threshold;
  expect(await threshold(10)).toBe(0.9);
  expect(await threshold(20, 0.95)).toBe(0.95);
  expect(await threshold(30, 0.95)).toBe(0.95);
  expect(await threshold(40)).toBe(0.9);
});
