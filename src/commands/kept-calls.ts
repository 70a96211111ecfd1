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
  /** The next commit makes durable what was closed until then; resolves once it did, not before the analysis has begun. */
  settled(): Promise<void>;
}

/** Where the calls of a configured state are kept. */
export const openKeptCalls = ({ state, retention }: Pick<Config, "state" | "retention">): KeptCalls =>
  keptCalls(openCallLog(callsFolder(state), retention * DAY_MS));

export function keptCalls(log: CallLog): KeptCalls {
  let closed = 0;
  let durable: number | undefined;
  const begun = Promise.withResolvers<void>();
  let asked: PromiseWithResolvers<void> | undefined;
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
      return log.isFull || (asked !== undefined && closed !== durable);
    },
    flush: () => log.flush(),
    settle() {
      log.settle();
      durable = closed;
      asked?.resolve();
      asked = undefined;
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
      asked ??= Promise.withResolvers();
      await asked.promise;
    },
  };
}
