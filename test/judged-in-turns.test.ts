import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { accept, type Accepted, acceptAgain } from "../src/accept.ts";
import { type Analysis, createAnalysis } from "../src/analysis.ts";
import { type Look, run, type Shell } from "../src/live-run.ts";
import { holdersInTurns, holdersOf } from "../src/privileges/principals.ts";
import { step, stepInTurns } from "../src/pipeline.ts";
import type { Batch, Source } from "../src/sources/source.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { stateCodec } from "../src/store/codec.ts";
import { createMemoryStore } from "../src/store/memory-store.ts";
import { batchOf, logOf } from "./privileges/live-tenant.ts";

const HOLDERS = 1_500;
const MANY = logOf([
  ...Array.from({ length: HOLDERS }, (_, i) => ({
    who: `p${i}`,
    operation: "Read",
    at: "shop/orders",
    from: "2026-01-01",
    days: 1,
  })),
  { who: "PrimaryMasterKey", operation: "Upsert", at: "shop/people", from: "2026-01-01", days: 3 },
]);
/** The last of them are of the days after, when what is held is judged. */
const BATCHES: readonly Batch[] = [
  ...Array.from({ length: HOLDERS / 100 }, (_, i) => batchOf(MANY.slice(100 * i, 100 * (i + 1)))),
  ...MANY.slice(HOLDERS).map((record) => batchOf([record])),
];

const hub: Source = {
  name: "hub",
  partitions: async () => await Promise.resolve(["0"]),
  async *read() {
    yield* BATCHES;
  },
};

/** Always has something that is of no interest. */
const talker: Source = {
  name: "talker",
  partitions: async () => await Promise.resolve(["0"]),
  async *read() {
    for (let at = 0; at < 100; at++) {
      yield { ...batchOf([{ category: "Metrics" }]), checkpoint: String(at) };
      await setImmediate();
    }
  },
};

interface Run {
  readonly analysis: Analysis;
  /** What a replay would go by. */
  readonly journal: readonly Uint8Array[];
  /** How often others had their turn while no more was followed, at most. */
  readonly longest: number;
  /** Commits that had another number of records than the analysis. */
  readonly torn: number;
}

interface Hooks {
  readonly onLook?: Shell["onLook"];
  /** Told when a snapshot begins. */
  readonly onSpool?: () => void;
}

const OPTIONS = { lateness: 1_000, joinWindow: 1_000, seed: 1 };

/** Runs to the end of all sources; it is time for others after each part, or only between batches. */
async function runWith(sources: readonly Source[], isBusy: boolean, { onLook, onSpool }: Hooks = {}): Promise<Run> {
  const kept = createMemoryStore();
  const journal: Uint8Array[] = [];
  let analysis: Analysis | undefined;
  let [clock, longest, same, seen, torn] = [0, 0, 0, -1, 0];
  let tick = (): void => undefined;
  await run(
    {
      sources,
      store: {
        ...kept,
        spool(pieces, breathe) {
          onSpool?.();
          return kept.spool(pieces, breathe);
        },
        commit(all) {
          journal.push(all.journal);
          kept.commit(all);
        },
      },
      options: OPTIONS,
      codec: stateCodec,
      alerts: () => [],
      async breathe() {
        const records = analysis?.input.records ?? 0;
        same = records === seen ? same + 1 : 0;
        seen = records;
        longest = Math.max(longest, same);
        if (same % 20 === 19) tick();
        await setImmediate();
      },
      every: (_ms, task) => {
        tick = task;
        return () => undefined;
      },
      ...(onLook === undefined ? {} : { onLook }),
      onCommit(state) {
        analysis = state;
        const rows = [...kept.ledger().values()].flatMap((partitions) => Array.from(partitions.values()));
        const committed = rows.reduce((sum, { records }) => sum + records, 0);
        if (committed !== state.input.records) torn += 1;
      },
      elapsed: () => (isBusy ? (clock += 30) : 0),
      isTakenOver: () => false,
      calls: createMemoryCallLog(),
      onCommitFailure: (error: unknown) => {
        throw error;
      },
    },
    new AbortController().signal,
  );
  if (analysis === undefined) throw new Error("nothing was committed");
  return { analysis, journal, longest, torn };
}

function replayed(journal: readonly Uint8Array[]): Analysis {
  const analysis = createAnalysis(OPTIONS);
  for (const bytes of journal)
    for (const accepted of bytes.length === 0 ? [] : (stateCodec.decode(bytes) as readonly Accepted[])) {
      acceptAgain(analysis, accepted);
      step(analysis, accepted);
    }
  return analysis;
}

const standsIn = ({ standing }: Analysis) => ({
  findings: standing.findings,
  rows: standing.rows,
  spots: standing.spots,
  judgedAt: standing.judgedAt,
  next: standing.next,
});

test("a judgement lets others have their turn, and is of one moment: that of a judgement at once", async () => {
  const atOnce = await runWith([hub], false);
  const inTurns = await runWith([hub, talker], true);
  expect(standsIn(atOnce.analysis).rows).toHaveLength(HOLDERS + 1);
  expect(inTurns.longest).toBeGreaterThan(200);
  expect(standsIn(inTurns.analysis)).toEqual(standsIn(atOnce.analysis));
  expect(inTurns.torn).toBe(0);
  expect(standsIn(replayed(inTurns.journal))).toEqual(standsIn(inTurns.analysis));
});

test("who looks for longer than a turn sees one state, and is waited for", async () => {
  let look: Look | undefined;
  const seen: unknown[] = [];
  const looks: Promise<void>[] = [];
  const looking = (): void => {
    const one = look?.(function* ({ standing, input }) {
      const { records } = input;
      const holders = yield* holdersInTurns(standing.privileges);
      expect(input.records).toBe(records);
      expect(holders.map(({ principal, uses }) => [principal, uses.map((use) => use.succeeded)])).toEqual(
        holdersOf(standing.privileges).map(({ principal, uses }) => [principal, uses.map((use) => use.succeeded)]),
      );
      seen.push(records);
    });
    if (one !== undefined) looks.push(one);
  };
  const asking: Source = {
    ...hub,
    async *read() {
      for (const batch of BATCHES) {
        yield batch;
        looking();
      }
    },
  };
  const { analysis, torn } = await runWith([asking, talker], true, { onLook: (by) => (look = by) });
  await Promise.all(looks);
  expect(seen).toHaveLength(BATCHES.length);
  expect(torn).toBe(0);
  expect(analysis.input.records).toBe(MANY.length + 100);
});

test("no snapshot begins while somebody looks, the last one neither", async () => {
  let look: Look | undefined;
  let [looking, looks, spools, spoiled] = [0, 0, 0, 0];
  function* watched(): Generator<void, void> {
    looking += 1;
    for (let part = 0; part < 5; part++) yield;
    looking -= 1;
  }
  const visit = async (): Promise<void> => {
    for (;;) {
      await look?.(watched);
      looks += 1;
      if (spools > 0) return;
      await setImmediate();
    }
  };
  const running = runWith([hub], true, {
    onLook: (by) => (look = by),
    onSpool() {
      spools += 1;
      if (looking > 0) spoiled += 1;
    },
  });
  await Promise.all([running, visit(), visit(), visit()]);
  expect(looks).toBeGreaterThan(10);
  expect({ spools, spoiled }).toEqual({ spools: 1, spoiled: 0 });
});

test("who looks between two turns is not told of records that are followed in part", () => {
  const analysis = createAnalysis(OPTIONS);
  const seen = new Set<string>();
  for (const batch of BATCHES) {
    const before = analysis.input.records;
    const work = stepInTurns(analysis, accept(analysis, batch, {}));
    for (let part = work.next(); part.done !== true; part = work.next())
      seen.add(analysis.input.records === before ? "as before" : "in part");
    expect(analysis.input.records).toBe(before + batch.records.length);
  }
  expect([...seen]).toEqual(["as before"]);
});
