import type { Batch, Source } from "./source.ts";

/** Work that is done once, beside the sources that go on. */
export interface Job {
  /** Begins after `from`, what was committed of this source's partitions. */
  batches(from: ReadonlyMap<string, string>, signal: AbortSignal): AsyncIterable<Batch>;
}

export interface JobSource extends Source {
  /** Resolves once all of it was committed; rejects with what ended it early. */
  add(job: Job): Promise<void>;
  /** To be told after each commit. */
  committed(): void;
}

interface Waiting {
  readonly job: Job;
  readonly done: PromiseWithResolvers<void>;
}

export interface JobSourceOptions {
  readonly name: string;
  /** Ends with its last job, instead of waiting for another. */
  readonly endsWithJobs: boolean;
}

/** A source that delivers one job after another. A job that fails ends alone. */
export function createJobSource({ name, endsWithJobs }: JobSourceOptions): JobSource {
  const queue: Waiting[] = [];
  const delivered: Waiting[] = [];
  let wake = (): void => {};

  const next = (signal: AbortSignal): Promise<Waiting | undefined> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (signal.aborted || (endsWithJobs && queue.length === 0)) resolve(undefined);
        else if (queue.length > 0) resolve(queue.shift());
      };
      wake = look;
      signal.addEventListener("abort", look, { once: true });
      look();
    });

  return {
    name,
    add(job) {
      const waiting: Waiting = { job, done: Promise.withResolvers() };
      queue.push(waiting);
      wake();
      return waiting.done.promise;
    },
    committed() {
      for (const { done } of delivered.splice(0)) done.resolve();
    },
    async partitions() {
      return [];
    },
    async *read(from, signal) {
      const positions = new Map(from);
      for (let waiting = await next(signal); waiting !== undefined; waiting = await next(signal)) {
        const { done } = waiting;
        const last = yield* allButLast(waiting.job, positions, signal);
        if (last.failure !== undefined) done.reject(last.failure);
        // Before its last batch is taken: the commit that holds that one is the end of the job.
        else if (last.batch === undefined) done.resolve();
        else delivered.push(waiting);
        if (last.batch !== undefined && !signal.aborted) yield last.batch;
      }
    },
  };
}

interface Last {
  readonly batch: Batch | undefined;
  readonly failure: Error | undefined;
}

async function* allButLast(job: Job, positions: Map<string, string>, signal: AbortSignal): AsyncGenerator<Batch, Last> {
  let last: Batch | undefined;
  try {
    for await (const batch of job.batches(positions, signal)) {
      if (last !== undefined) yield last;
      last = batch;
      positions.set(batch.partition, batch.checkpoint);
    }
  } catch (error) {
    return { batch: last, failure: asError(error) };
  }
  const stopped = new Error("stopped before its end; it goes on at the next start");
  return { batch: last, failure: signal.aborted ? stopped : undefined };
}

const asError = (failure: unknown): Error => (failure instanceof Error ? failure : new Error(String(failure)));
