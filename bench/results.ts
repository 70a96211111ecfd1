import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { version as duckdbVersion } from "@duckdb/node-api";

const Machine = z.object({
  cores: z.number(),
  cpu: z.string(),
  memoryGb: z.number(),
  node: z.string(),
  duckdb: z.string(),
  /** Day of the measurement, UTC. */
  date: z.string(),
});

const Row = z.object({
  id: z.string(),
  says: z.string(),
  records: z.number(),
  bytes: z.number(),
  cpuSeconds: z.number(),
  bestCpuSeconds: z.number(),
  wallSeconds: z.number(),
  peakMb: z.number().nullable(),
  microsPerRecord: z.number(),
});
export type Row = z.infer<typeof Row>;

const Comparison = z.object({
  records: z.number(),
  /** Of the Event Hubs bodies. */
  bytes: z.number(),
  rounds: z.number(),
  rows: z.array(Row),
  skipped: z.array(z.string()),
});
export type Comparison = z.infer<typeof Comparison>;

const GrowthPoint = z.object({
  records: z.number(),
  callers: z.number(),
  cpuSeconds: z.number(),
  /** Without what starting costs. */
  microsPerRecord: z.number(),
  wallSeconds: z.number(),
  peakMb: z.number(),
});
export type GrowthPoint = z.infer<typeof GrowthPoint>;

const Growth = z.object({
  delaySeconds: z.number(),
  callsPerSecond: z.number(),
  startCpuSeconds: z.number(),
  rounds: z.number(),
  records: z.array(GrowthPoint),
  callers: z.array(GrowthPoint),
});
export type Growth = z.infer<typeof Growth>;

const LiveRun = z.object({
  /** Records a second that were sent, and that were committed until the last was sent. */
  sentPerSecond: z.number(),
  committedPerSecond: z.number(),
  seconds: z.number(),
  records: z.number(),
  keptUp: z.boolean(),
  lagMs: z.object({ p50: z.number(), p99: z.number() }),
  faults: z.number(),
  /** For each fault that was found: from the record that completes the evidence to the finding. */
  findingMs: z.array(z.number()),
  cpuSecondsPerSecond: z.number(),
  peakMb: z.number(),
});
export type LiveRun = z.infer<typeof LiveRun>;

const Live = z.object({ asked: LiveRun, sustained: LiveRun.nullable() });
export type Live = z.infer<typeof Live>;

const section = <T extends z.ZodType>(value: T) => z.object({ machine: Machine, value }).optional();
const Results = z.object({ comparison: section(Comparison), growth: section(Growth), live: section(Live) });
export type Results = z.infer<typeof Results>;
export type Machine = z.infer<typeof Machine>;

const FILE = join(import.meta.dirname, "results.json");

/** What earlier runs measured; each section is of its own day and machine. */
export const loadResults = (): Results =>
  existsSync(FILE) ? Results.parse(JSON.parse(readFileSync(FILE, "utf8"))) : {};

export const saveResults = (results: Results): void => writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`);

export function thisMachine(now: Date): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    duckdb: duckdbVersion(),
    date: now.toISOString().slice(0, 10),
  };
}
