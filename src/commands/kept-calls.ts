import type { Config } from "../config/config.ts";
import { callsFolder, openCallLog } from "../store/call-log.ts";
import type { CallLog } from "../store/store.ts";

const DAY_MS = 86_400_000;

/** Kept calls of which others read while they grow. */
export interface KeptCalls extends CallLog {
  /** Calls that are on the disk and that a commit vouches for: others may read those before this place. Undefined before the analysis has begun. */
  readonly durable: number | undefined;
  /** The analysis has begun. */
  readonly begun: Promise<void>;
  /** A snapshot is due that makes durable what was closed until now; resolves once it did, not before the analysis has begun. */
  settled(): Promise<void>;
}

/** Where the calls of a configured state are kept. */
export const openKeptCalls = ({ state, retention }: Pick<Config, "state" | "retention">): KeptCalls =>
  keptCalls(openCallLog(callsFolder(state), retention * DAY_MS));

export function keptCalls(log: CallLog): KeptCalls {
  let closed = 0;
  let flushed = 0;
  let durable: number | undefined;
  const begun = Promise.withResolvers<void>();
  /** Who waits until so many are durable. */
  const asked: { readonly closed: number; readonly settled: PromiseWithResolvers<void> }[] = [];
  return {
    begin(count) {
      log.begin(count);
      closed = count;
      durable = count;
      begun.resolve();
    },
    add(evidence) {
      log.add(evidence);
      closed += 1;
    },
    get isFull() {
      return log.isFull || asked.length > 0;
    },
    async flush() {
      flushed = closed;
      await log.flush();
    },
    async settle() {
      durable = flushed;
      while ((asked[0]?.closed ?? Number.POSITIVE_INFINITY) <= flushed) asked.shift()?.settled.resolve();
      await log.settle();
    },
    find: (id) => log.find(id),
    waiting: () => log.waiting(),
    begun: begun.promise,
    get durable() {
      return durable;
    },
    async settled() {
      await begun.promise;
      if (closed === durable) return;
      const settled = Promise.withResolvers<void>();
      asked.push({ closed, settled });
      await settled.promise;
    },
  };
}
