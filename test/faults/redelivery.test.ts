import { expect, test } from "vitest";
import { accept } from "../../src/accept.ts";
import { createAnalysis } from "../../src/analysis.ts";
import { reportOf } from "../../src/findings/report.ts";
import type { RawRecord } from "../../src/model/record.ts";
import { end, step } from "../../src/pipeline.ts";
import { generate } from "../../src/simulate/generate.ts";
import { faultRuns, faultSeed, seededRandom } from "./runs.ts";

const LATENESS_MS = 120_000;
const BATCH_RECORDS = 500;

/** A record as it arrives. */
interface Arrival {
  readonly at: number;
  readonly value: RawRecord["value"];
}

/** What is left of arrivals in this order, cut into batches. */
function reportOfArrivals(arrivals: readonly Arrival[]): ReturnType<typeof reportOf> {
  const analysis = createAnalysis({ lateness: LATENESS_MS, seed: 1 });
  for (let from = 0; from < arrivals.length; from += BATCH_RECORDS) {
    const records = arrivals.slice(from, from + BATCH_RECORDS).map(({ value }, index): RawRecord => {
      const position = { source: "hub", partition: "0", sequence: from, index };
      return { value, position, repairs: [] };
    });
    const batch = { partition: "0", records, rejects: [], bytes: 0, checkpoint: String(from), caughtUp: false };
    step(analysis, accept(analysis, batch));
  }
  end(analysis);
  return reportOf(analysis);
}

/** A share of them once more or twice, and none later than the lateness allows. */
function disturbed(arrivals: readonly Arrival[], share: number, random: () => number): readonly Arrival[] {
  const late = (): number => random() * 0.9 * LATENESS_MS;
  const again = arrivals.flatMap((arrival) => {
    const times = random() < share ? 1 + Math.floor(random() * 2) : 0;
    return Array.from({ length: times }, () => ({ ...arrival, at: arrival.at + late() }));
  });
  return [...arrivals.map((arrival) => ({ ...arrival, at: arrival.at + late() })), ...again].toSorted(
    (a, b) => a.at - b.at,
  );
}

test("records that come again and out of order, up to each of them, change no count and no finding", {
  timeout: 60_000 + 10_000 * faultRuns(2),
}, () => {
  const seed = faultSeed();
  console.info(`FAULT_SEED=${seed}`);
  let most = 0;
  const { records } = generate({ seed: 3, scenario: "single", hours: 1, from: Date.parse("2026-11-25T08:00:00Z") });
  const arrivals = records.map(({ at, record }): Arrival => ({ at, value: record })).toSorted((a, b) => a.at - b.at);
  const whole = reportOfArrivals(arrivals);
  expect(whole.findings.length).toBeGreaterThan(0);
  for (let run = 0; run < faultRuns(2); run++) {
    // From each of them to none.
    const share = 1 - run / Math.max(1, faultRuns(2) - 1);
    const came = disturbed(arrivals, share, seededRandom(Math.imul(seed + run, 0x9e3779b1)));
    const report = reportOfArrivals(came);
    const repeats = came.length - arrivals.length;
    most = Math.max(most, repeats / arrivals.length);
    expect(report.input.records).toBe(came.length);
    expect(report.input.duplicate).toBe(whole.input.duplicate + repeats);
    const { records: all, duplicate } = whole.input;
    expect({ ...report, input: { ...report.input, records: all, duplicate } }).toEqual(whole);
  }
  console.info(`${faultRuns(2)} deliveries, up to ${(100 * most).toFixed(0)} % of the records once more: none differs`);
});
