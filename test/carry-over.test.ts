import { setImmediate } from "node:timers/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { type Analysis, createAnalysis } from "../src/analysis.ts";
import { carryOver } from "../src/carry-over.ts";
import { reportOf } from "../src/findings/report.ts";
import { run } from "../src/live-run.ts";
import type { Finding } from "../src/model/finding.ts";
import { holdersOf } from "../src/privileges/principals.ts";
import { generate } from "../src/simulate/generate.ts";
import type { Source } from "../src/sources/source.ts";
import { createMemoryCallLog } from "../src/store/call-log.ts";
import { stateCodec } from "../src/store/codec.ts";
import { openSqliteStore } from "../src/store/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const BATCH = 500;
const { records, truth } = generate({ seed: 1, scenario: "single", hours: 3 });

/** The records up to a place, from the place that was committed on. */
const recordsTo = (end: number): Source => ({
  name: "hub",
  partitions: async () => await Promise.resolve(["0"]),
  async *read(from) {
    for (let at = Number(from.get("0") ?? 0); at < end; at += BATCH) {
      const part = records.slice(at, Math.min(end, at + BATCH));
      yield await Promise.resolve({
        partition: "0",
        records: part.map(({ record }, index) => ({
          value: record,
          position: { source: "hub", partition: "0", sequence: at, index },
          repairs: [],
        })),
        rejects: [],
        bytes: part.length,
        checkpoint: String(at + part.length),
        caughtUp: true,
      });
    }
  },
});

async function runTo(store: Store, end: number): Promise<{ analysis: Analysis; told: readonly string[] }> {
  const analyses: Analysis[] = [];
  const told: string[] = [];
  const shell = {
    sources: [recordsTo(end)],
    store,
    options: { lateness: 120_000, seed: 1 },
    codec: stateCodec,
    alerts: (before: Finding | undefined, after: Finding) => {
      if (before?.status !== after.status) told.push(`${after.id} ${after.status}`);
      return [];
    },
    every: () => () => {},
    breathe: () => setImmediate(),
    onCommit: (state: Analysis) => void analyses.push(state),
    elapsed: () => 0,
    isTakenOver: () => false,
    calls: createMemoryCallLog(),
    onCommitFailure: (error: unknown) => {
      throw error;
    },
  };
  await run(shell, new AbortController().signal);
  const [analysis] = analyses.slice(-1);
  if (analysis === undefined) throw new Error("nothing was committed");
  return { analysis, told };
}

const usesOf = ({ standing }: Analysis) =>
  holdersOf(standing.privileges).map(({ principal, account, uses }) => ({
    who: `${principal} ${account}`,
    calls: uses.reduce((sum, { succeeded, denied, other }) => sum + succeeded + denied + other, 0),
  }));

test("another version goes on with what was counted and used, and ends the findings that it cannot follow", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "state.db");
  const [fault] = truth.faults;
  const middle = (Date.parse(fault?.onset ?? "") + Date.parse(fault?.end ?? "")) / 2;
  const half = records.findIndex(({ at }) => at >= middle);
  const store = openSqliteStore(path);
  const before = await runTo(store, half);
  const open = reportOf(before.analysis).findings.filter(({ status }) => status === "open");
  expect(open.length).toBeGreaterThan(0);
  expect(store.load().journal).toEqual([]);
  store.close();

  const db = new DatabaseSync(path);
  db.exec("update meta set value = '999' where key = 'analysis'");
  db.close();
  const later = openSqliteStore(path);
  const after = await runTo(later, records.length);
  expect(after.told).toEqual(expect.arrayContaining(open.map(({ id }) => `${id} resolved`)));
  expect(later.load().isOtherVersion).toBe(false);
  later.close();

  const whole = openSqliteStore(join(folder.path, "whole.db"));
  const uninterrupted = await runTo(whole, records.length);
  whole.close();
  expect(reportOf(after.analysis).input).toEqual(reportOf(uninterrupted.analysis).input);
  expect(usesOf(after.analysis)).toEqual(usesOf(uninterrupted.analysis));
});

test("what a version before did not have begins empty, what both have goes on", () => {
  const options = { lateness: 1_000, seed: 1 };
  const { inferred, ...before } = createAnalysis(options);
  before.calls.match.exact = 7;
  // A snapshot of a version before has no such part.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const carried = carryOver(before as Analysis, options);
  expect(carried.inferred).toEqual(inferred);
  expect(carried.calls.match.exact).toBe(7);
  inferred.count = 3;
  expect(carryOver({ ...before, inferred }, options).inferred.count).toBe(3);
});
