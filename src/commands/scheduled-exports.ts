import { on } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { dueEntry, hoursBehind } from "../exports/schedule.ts";
import { aborted } from "../lib/aborted.ts";
import type { Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import type { ExportHealth } from "../server/export-health.ts";
import type { Logger } from "../telemetry/log.ts";
import type { ExportWork } from "./export-worker.ts";
import type { KeptCalls } from "./kept-calls.ts";
import { type ScheduleJob, standOf } from "./schedule-job.ts";
import type { EntryWritten } from "./scheduled-export.ts";
import type { StateFacts } from "./state-facts.ts";

/** A schedule, and what becomes of the bundles that it wrote. */
export interface ScheduledExport {
  readonly job: ScheduleJob;
  /** Where the exports are for people, without anything secret. */
  readonly to: string;
  /** Brings bundles to where they belong; without it they are there. */
  readonly upload?: ((signal: AbortSignal) => Promise<number>) | undefined;
}

export interface ExportKeeping {
  readonly exports: readonly ScheduledExport[];
  readonly state: string;
  readonly calls: Pick<KeptCalls, "begun" | "settled" | "durable">;
  readonly facts: () => StateFacts;
  readonly now: () => EpochMs;
  readonly log: Logger;
}

export interface KeptExports {
  readonly health: () => readonly ExportHealth[];
  stop(): Promise<void>;
}

/** Between two looks at what is due, and before what failed is tried again. */
const LOOK_MS = 30_000;
/** How long is waited until what was closed just now is durable. */
const SETTLE_MS = 3_000;
const WORKER = new URL("./export-worker.ts", import.meta.url);
const MOST_MB = 384;

type Mutable = { -readonly [K in keyof ExportHealth]: ExportHealth[K] };

/** Writes what the schedules have due until it is stopped; what fails is tried again, and shown. */
export function keepExports(keeping: ExportKeeping): KeptExports {
  const stopped = new AbortController();
  const kept = keeping.exports.map((one) => ({ one, health: newHealth(one) }));
  const loops = kept.map(async ({ one, health }) => {
    await Promise.race([keeping.calls.begun, aborted(stopped.signal)]);
    while (!stopped.signal.aborted) {
      await attempt(one, health, { ...keeping, signal: stopped.signal });
      await sleep(LOOK_MS, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  });
  return {
    health: () =>
      kept.map(({ one: { job }, health }) => {
        const { stand } = health;
        if (stand !== null) health.hoursBehind = hoursBehind(stand, keeping.now(), job.delayMs);
        return health;
      }),
    async stop() {
      stopped.abort();
      await Promise.all(loops);
    },
  };
}

const newHealth = ({ job: { name }, to }: ScheduledExport): Mutable & { stand: ReturnType<typeof standOf> | null } => ({
  name,
  to,
  written: 0,
  failed: 0,
  hoursBehind: 0,
  newest: null,
  failure: null,
  stand: null,
});

async function attempt(
  { job, upload }: ScheduledExport,
  health: ReturnType<typeof newHealth>,
  keeping: ExportKeeping & { readonly signal: AbortSignal },
): Promise<void> {
  const { signal, now, log } = keeping;
  try {
    await upload?.(signal);
    for await (const written of due(job, health, keeping)) {
      if (!written.ok) throw new Error(written.error);
      const { entry, sequence, isPartial, calls } = written.value;
      await upload?.(signal);
      health.written += 1;
      health.newest = { sequence, ...entry, at: now() };
      log.info({ export: job.name, sequence, ...entry, calls, isPartial }, "exported");
    }
    health.failure = null;
  } catch (error) {
    if (signal.aborted) return;
    const says = error instanceof Error ? error.message : String(error);
    health.failed += 1;
    health.failure = { at: now(), says };
    log.warn({ export: job.name, because: says }, "an export failed; it is tried again");
  }
}

/** Entries as a thread of its own writes them: neither its memory nor its time are the analysis'. */
async function* due(
  job: ScheduleJob,
  health: ReturnType<typeof newHealth>,
  { state, calls, facts, now, signal }: ExportKeeping & { readonly signal: AbortSignal },
): AsyncGenerator<Result<EntryWritten, string>> {
  health.stand = standOf(job, calls.durable ?? 0);
  if (dueEntry(health.stand, now(), job.delayMs) === undefined) return;
  await Promise.race([calls.settled(), sleep(SETTLE_MS, undefined, { ref: false })]);
  const workerData: ExportWork = { job, state, facts: facts() };
  const worker = new Worker(WORKER, { workerData, resourceLimits: { maxOldGenerationSizeMb: MOST_MB } });
  try {
    for await (const args of on(worker, "message", { signal, close: ["exit"] })) {
      const [written]: unknown[] = args;
      // What `export-worker.ts` of this program posts.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      yield written as Result<EntryWritten, string>;
    }
  } finally {
    await worker.terminate();
    health.stand = standOf(job, calls.durable ?? 0);
  }
}
