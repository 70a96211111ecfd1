import { randomInt } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Analysis } from "../analysis.ts";
import type { Config } from "../config/config.ts";
import { run } from "../live-run.ts";
import { createJobSource, type Job } from "../sources/job-source.ts";
import { stateCodec } from "../store/codec.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { JOBS } from "./backfill-job.ts";
import { JOIN_SECONDS } from "./host.ts";
import { openKeptCalls } from "./kept-calls.ts";

/** What became of a job; without an analysis there was nothing to commit. */
export interface JobEnd {
  readonly analysis: Analysis | undefined;
  /** Why it ended early. */
  readonly failure: Error | undefined;
}

/** Opens the state, gives it to `work` and closes it; throws `StoreError`, also where another process has it. */
export async function withStore<T>(config: Config, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openSqliteStore(config.state);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

/** Runs one job on the state by itself, without dashboard and without telling anybody: nobody is woken for what is long past. */
export async function runJob(
  job: Job,
  { config, store, stop }: { config: Config; store: Store; stop: AbortSignal },
): Promise<JobEnd> {
  const jobs = createJobSource({ name: JOBS, endsWithJobs: true });
  const done = jobs.add(job).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  const broken = new AbortController();
  let analysis: Analysis | undefined;
  await run(
    {
      sources: [jobs],
      store,
      calls: openKeptCalls(config),
      joinBy: config.joinBy,
      options: {
        lateness: config.lateness * 1_000,
        joinWindow: JOIN_SECONDS * 1_000,
        longestDelay: config.longestDelay * 1_000,
        joinProbability: config.joinProbability,
        seed: randomInt(2 ** 31),
      },
      codec: stateCodec,
      alerts: () => [],
      elapsed: () => performance.now(),
      isTakenOver: () => false,
      breathe: () => setImmediate(),
      every(ms, task) {
        const timer = setInterval(task, ms);
        return () => clearInterval(timer);
      },
      onCommit(state) {
        analysis = state;
        jobs.committed();
      },
      onCommitFailure(error) {
        if (!(error instanceof StoreError && error.kind === "full")) broken.abort(error);
        else process.stderr.write(`${error.message} Trying again.\n`);
      },
    },
    AbortSignal.any([stop, broken.signal]),
  );
  broken.signal.throwIfAborted();
  return { analysis, failure: stop.aborted ? undefined : await done };
}
