import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { accept } from "../src/accept.ts";
import { type Analysis, createAnalysis } from "../src/analysis.ts";
import { epochMs, instantFromMs } from "../src/model/time.ts";
import { ScanMemo } from "../src/normalize/scanned.ts";
import { step } from "../src/pipeline.ts";
import { decodeEventBody } from "../src/sources/event-body.ts";
import { sharedScanner } from "../src/sources/shared-scanner.ts";
import { type Category, generateArrivals } from "./corpus/arrivals.ts";
import { BEGIN_MS } from "./corpus/spec.ts";
import { LATENESS_SECONDS, steadySpec } from "./live/processes.ts";

const BODY_RECORDS = 100;
const PARTITIONS = 4;
/** As `serve` has it. */
const JOIN_WINDOW_MS = 60_000;
const SEED = 5;

/** Megabytes that are alive after so many minutes of event time. */
export interface Held {
  readonly minute: number;
  readonly objects: number;
  readonly tables: number;
}

/**
 * What an analysis remembers at a steady rate, in event time alone: as fast as records can be made and followed, so that all that
 * it bounds by time or by number passes several times. Tells what is alive after each minute, collected first.
 */
export function simulate(rate: number, minutes: number, tell: (held: Held) => void): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  const follow = followerOf(
    createAnalysis({
      lateness: LATENESS_SECONDS * 1_000,
      joinWindow: JOIN_WINDOW_MS,
      prompt: true,
      seed: SEED,
    }),
    rate,
  );
  const waiting: Record<Category, string[]> = { gateway: [], cosmos: [] };
  let records = 0;
  generateArrivals(steadySpec(rate, 60 * minutes), (category, line) => {
    const lines = waiting[category];
    if (lines.push(line) < BODY_RECORDS) return;
    waiting[category] = [];
    records += lines.length;
    follow(Buffer.from(`{"records":[${lines.join(",")}]}`), records);
    if (records % (60 * rate) !== 0) return;
    if (typeof collect === "function") collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    tell({ minute: records / (60 * rate), objects: heapUsed / 2 ** 20, tables: arrayBuffers / 2 ** 20 });
  });
}

function followerOf(analysis: Analysis, rate: number): (body: Buffer, records: number) => void {
  const memo = new ScanMemo();
  const scanner = sharedScanner();
  let sequence = 0;
  return (body, records) => {
    const partition = String(sequence++ % PARTITIONS);
    const decoded = decodeEventBody(body, { source: "hub", partition, sequence }, scanner);
    const enqueued = epochMs(instantFromMs(BEGIN_MS + (1_000 * records) / rate));
    const batch = { ...decoded, partition, bytes: body.length, checkpoint: "", caughtUp: true, enqueued };
    step(analysis, accept(analysis, batch, { source: "hub", memo }), () => {});
  };
}
