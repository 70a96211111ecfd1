import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Accepted } from "../src/accept.ts";
import type { Analysis, AnalysisOptions } from "../src/analysis.ts";
import { reportOf } from "../src/findings/report.ts";
import { run, type Shell } from "../src/live-run.ts";
import type { RawRecord } from "../src/model/record.ts";
import { step } from "../src/pipeline.ts";
import type { Source } from "../src/sources/source.ts";
import { stateCodec } from "../src/store/codec.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { createMemoryStore } from "../src/store/memory-store.ts";
import type { Store } from "../src/store/store.ts";

/** Each value in a batch of its own. */
const valuesOf = (values: readonly RawRecord["value"][]): Source => ({
  name: "hub",
  partitions: async () => await Promise.resolve(["0"]),
  async *read(from) {
    for (let sequence = Number(from.get("0") ?? 0); sequence < values.length; sequence++) {
      const position = { source: "hub", partition: "0", sequence, index: 0 };
      yield await Promise.resolve({
        partition: "0",
        records: [{ value: values[sequence] ?? {}, position, repairs: [] }],
        rejects: [],
        bytes: 30,
        checkpoint: String(sequence + 1),
        caughtUp: true,
      });
    }
  },
});

/** A busy source of nothing that is analyzed. */
const metrics = (batches: number): Source => valuesOf(Array.from({ length: batches }, () => ({ category: "Metrics" })));

/** The same source, that lets others have their turn. */
const inTurn = (source: Source): Source => ({
  ...source,
  async *read(...from) {
    for await (const batch of source.read(...from)) {
      await setImmediate();
      yield batch;
    }
  },
});

/** Runs to the end of the source; commits only where as much was read as one commit holds. */
async function runToEnd(
  store: Store,
  source: Source,
  options: Partial<AnalysisOptions> = {},
  {
    every = () => () => {},
    isTakenOver = () => false,
    onCommit = () => {},
    calls = createMemoryCallLog(),
  }: Partial<Pick<Shell, "every" | "isTakenOver" | "onCommit" | "calls">> = {},
): Promise<{ analysis: Analysis | undefined; commits: number }> {
  let analysis: Analysis | undefined;
  let commits = 0;
  await run(
    {
      sources: [source],
      store,
      options: { lateness: 1_000, seed: 1, ...options },
      codec: stateCodec,
      alerts: () => [],
      every,
      breathe: () => setImmediate(),
      onCommit: (state) => {
        analysis = state;
        commits += 1;
        onCommit(state);
      },
      elapsed: () => 0,
      isTakenOver,
      calls,
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

test("while a snapshot is taken part by part, others have their turn and the analysis stands still", async () => {
  const store = createMemoryStore();
  const followed: (readonly [begun: number, since: number])[] = [];
  let current: Analysis | undefined;
  const records = (): number => (current === undefined ? 0 : reportOf(current).input.records);
  const patient: Store = {
    ...store,
    async spool(pieces, breathe) {
      const begun = records();
      return await store.spool(pieces, async () => {
        for (let turn = 0; turn < 3; turn++) await breathe();
        followed.push([begun, records()]);
      });
    },
  };
  const every: Shell["every"] = (_, task) => {
    const timer = setInterval(task, 1);
    return () => clearInterval(timer);
  };
  await runToEnd(
    patient,
    inTurn(metrics(3_000)),
    {},
    {
      every,
      onCommit: (state) => (current = state),
      calls: { ...createMemoryCallLog(), isFull: true },
    },
  );
  expect(followed.length).toBeGreaterThan(100);
  expect(followed.filter(([begun, since]) => since !== begun)).toEqual([]);
  const again = await runToEnd(store, metrics(3_001));
  expect(again.analysis && reportOf(again.analysis).input).toMatchObject({ records: 3_001, filtered: 3_001 });
});

const goesBy = (analysis: Analysis | undefined) => ({
  lateness: analysis?.reorder.lateness,
  ofLooks: analysis?.looks.map(({ reorder }) => reorder.lateness),
  joinWindow: analysis?.join.window,
  joinProbability: analysis?.inferred.threshold,
  longestDelay: analysis?.delays.longest,
  steps: analysis?.delays.gateway.length,
});

test("an existing state goes by the options of each start, also by those that are changed back", async () => {
  const store = createMemoryStore();
  const first = { lateness: 120_000, longestDelay: 900_000, prompt: true };
  const then = { lateness: 5_000, longestDelay: 60_000, joinWindow: 60_000, joinProbability: 0.95, prompt: true };
  const begun = await runToEnd(store, metrics(10), first);
  expect(goesBy(begun.analysis)).toMatchObject({ lateness: 120_000, ofLooks: [15_000, 15_000], longestDelay: 900_000 });
  const changed = await runToEnd(store, metrics(20), then);
  const asThen = {
    lateness: 5_000,
    ofLooks: [5_000, 5_000],
    longestDelay: 60_000,
    joinWindow: 60_000,
    joinProbability: 0.95,
  };
  expect(goesBy(changed.analysis)).toEqual({ ...asThen, steps: 61 });
  expect(goesBy((await runToEnd(store, metrics(30), then)).analysis)).toEqual({ ...asThen, steps: 61 });
  expect(goesBy((await runToEnd(store, metrics(40), first)).analysis)).toEqual(goesBy(begun.analysis));
});

test("a state that was begun where nobody is told early is told early from by a start that does", async () => {
  const store = createMemoryStore();
  expect((await runToEnd(store, metrics(10))).analysis?.looks).toEqual([]);
  expect((await runToEnd(store, metrics(20), { prompt: true })).analysis?.looks).toHaveLength(2);
  expect((await runToEnd(store, metrics(30))).analysis?.looks).toHaveLength(2);
});

test("changed options are replayed after a crash where they were changed", async () => {
  const store = createMemoryStore();
  await runToEnd(store, metrics(10), { lateness: 120_000 });
  let commit = (): void => {};
  const dies: Source = {
    ...metrics(20),
    async *read(from, signal) {
      for await (const batch of metrics(20).read(from, signal)) {
        yield batch;
        commit();
      }
      throw new Error("died");
    },
  };
  const crash = runToEnd(
    store,
    dies,
    { lateness: 5_000 },
    {
      every: (_, task) => {
        commit = task;
        return () => {};
      },
      isTakenOver: () => true,
    },
  );
  await expect(crash).rejects.toThrow("died");
  const { snapshot = new Uint8Array(), journal } = store.load();
  // Both were written by the runs above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const analysis = stateCodec.decode(snapshot) as Analysis;
  expect(goesBy(analysis)).toMatchObject({ lateness: 120_000 });
  for (const bytes of journal) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    for (const accepted of stateCodec.decode(bytes) as readonly Accepted[]) step(analysis, accepted);
  }
  expect(goesBy(analysis)).toMatchObject({ lateness: 5_000 });
});

const gatewayRecord = (seconds: number) => ({
  time: new Date(1_795_608_000_000 + 1_000 * seconds).toISOString(),
  category: "GatewayLogs",
  resourceId: "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM",
  correlationId: `00000000-0000-4000-8000-${String(seconds).padStart(12, "0")}`,
  properties: { method: "GET", url: "https://apim.example/a", responseCode: 200, apiId: "a", operationId: "get" },
});

const requests = (...seconds: readonly number[]): Source => valuesOf(seconds.map(gatewayRecord));

test("a record that a longer lateness of a later start waits for is in order", async () => {
  const late = async (lateness: number): Promise<number | undefined> => {
    const store = createMemoryStore();
    await runToEnd(store, requests(0), { lateness: 1_000 });
    const { analysis } = await runToEnd(store, requests(0, 600, 590, 700), { lateness });
    return analysis?.reorder.late;
  };
  expect(await late(1_000)).toBe(1);
  expect(await late(30_000)).toBe(0);
});
