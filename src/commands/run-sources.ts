import { run, type Shell } from "../live-run.ts";
import { SourceError } from "../sources/source-error.ts";
import type { Source } from "../sources/source.ts";
import type { Logger } from "../telemetry/log.ts";
import { JOBS } from "./backfill-job.ts";
import { supervised } from "./supervised.ts";

export interface Sources {
  /** What keeps each from its work, a sentence each. */
  waitingFor(): readonly string[];
  /** As the pipeline's `run`; a source that ends for a reason of its own does not end the others. */
  run(shell: Omit<Shell, "sources" | "isTakenOver">, signal: AbortSignal): Promise<void>;
}

export interface SourcesOptions {
  readonly sources: readonly Source[];
  readonly log: Logger;
  /** Between two attempts at a source that ended. */
  readonly retryMs?: number;
  /** Told once, when every source was reached or has said why not. */
  readonly onReady: () => void;
}

const RETRY_MS = 60_000;

/** Another reader has it: nothing that was read here and is not committed may be. */
const isTakenOver = (error: unknown): error is SourceError => error instanceof SourceError && error.kind === "stolen";

export function superviseSources({ sources, log, retryMs = RETRY_MS, onReady }: SourcesOptions): Sources {
  const waits = new Map(sources.map(({ name }) => [name, `source ${name} was not reached yet`]));
  const silent = new Set(waits.keys());
  const isAlone = sources.filter(({ name }) => name !== JOBS).length < 2;
  const heard = (name: string): void => {
    if (silent.delete(name) && silent.size === 0) onReady();
  };
  const watch = (source: Source): Source =>
    supervised(source, {
      isAlone,
      retryMs,
      onReached() {
        waits.delete(source.name);
        heard(source.name);
      },
      onDown(error) {
        waits.set(source.name, error.message);
        log.error(`${error.message} The other sources go on; it is tried again each minute.`);
        heard(source.name);
      },
      onUp: () => log.info({ source: source.name }, "goes on"),
    });
  return {
    waitingFor: () => [...waits.values()],
    async run(shell, signal) {
      let left = sources;
      for (;;) {
        try {
          await run({ ...shell, sources: left.map(watch), isTakenOver }, signal);
          return;
        } catch (error) {
          if (isAlone || signal.aborted || !isTakenOver(error)) throw error;
          left = left.filter(({ name }) => name !== error.source);
          if (left.every(({ name }) => name === JOBS)) throw error;
          waits.set(error.source, error.message);
          log.error(`${error.message} The other sources go on.`);
        }
      }
    },
  };
}
