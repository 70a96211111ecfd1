import { ReportCounts } from "./answers.ts";
import { analyzeProgram } from "./contenders.ts";
import { corpusOf, removeCorpus } from "./corpus.ts";
import { BASE, type Spec } from "./corpus/spec.ts";
import { measure, median } from "./measure.ts";
import type { Growth, GrowthPoint } from "./results.ts";

const RECORDS = [100_000, 1_000_000, 10_000_000];
const CALLERS = [100, 1_000, 10_000, 100_000, 1_000_000];
/** Enough for a million callers to occur: 1.3 callers are drawn for each call, most of them in turn. */
const CALLER_RECORDS = 2_000_000;
/** One rate for all sizes, so that the same is in a window; records come up to ten minutes late. */
const GROWING: Spec = { ...BASE, callsPerSecond: 500, delaySeconds: 600 };
/** Corpora beyond this do not stay in the cache. */
const KEEP_BYTES = 4e9;

/** Cost and memory of `analyze` as records and as callers grow. */
export async function grow(options: { readonly max: number; readonly rounds: number }): Promise<Growth> {
  const start = await startCost(options.rounds);
  const sizes = RECORDS.filter((records) => records <= options.max);
  const records: GrowthPoint[] = [];
  for (const size of sizes) records.push(await point({ ...GROWING, calls: size / 2 }, start, options.rounds));
  const callers: GrowthPoint[] = [];
  const calls = Math.min(options.max, CALLER_RECORDS) / 2;
  for (const count of CALLERS.filter((one) => one <= calls))
    callers.push(await point({ ...GROWING, calls, callers: count, evenShare: 0.8 }, start, options.rounds));
  return {
    delaySeconds: GROWING.delaySeconds,
    callsPerSecond: GROWING.callsPerSecond,
    startCpuSeconds: start,
    rounds: options.rounds,
    records,
    callers,
  };
}

/** What a process costs that reads two records: start of Node, loading, the report. */
async function startCost(rounds: number): Promise<number> {
  const corpus = await corpusOf({ ...GROWING, calls: 1 }, ["mixed"]);
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++)
    costs.push((await measure(analyzeProgram([corpus.path("mixed")]))).cpuSeconds);
  return median(costs);
}

async function point(spec: Spec, startCpuSeconds: number, rounds: number): Promise<GrowthPoint> {
  const corpus = await corpusOf(spec, ["mixed"]);
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    const run = await measure(analyzeProgram([corpus.path("mixed")]));
    const { input, correlation } = ReportCounts.parse(JSON.parse(run.stdout));
    if (input.accepted !== corpus.records || correlation.exact !== corpus.matches)
      throw new Error(
        `growth: analyze accepted ${input.accepted} of ${corpus.records} records and joined ${correlation.exact} of ${corpus.matches}`,
      );
    runs.push(run);
  }
  const cpuSeconds = median(runs.map((run) => run.cpuSeconds));
  const found: GrowthPoint = {
    records: corpus.records,
    callers: corpus.callers,
    cpuSeconds,
    microsPerRecord: ((cpuSeconds - startCpuSeconds) * 1e6) / corpus.records,
    wallSeconds: median(runs.map((run) => run.wallSeconds)),
    peakMb: median(runs.map((run) => run.peakMb)),
  };
  process.stderr.write(
    `bench: ${found.records} records, ${found.callers} callers: ${found.microsPerRecord.toFixed(2)} µs a record, ${found.peakMb.toFixed(0)} MB\n`,
  );
  if (corpus.bytes("mixed") > KEEP_BYTES) removeCorpus(corpus);
  return found;
}
