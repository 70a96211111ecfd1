import { setTimeout as sleep } from "node:timers/promises";
import type { Batch, Source } from "../sources/source.ts";
import { SourceError } from "../sources/source-error.ts";

export interface Supervision {
  /** There is no other source: what ends this one ends the run. */
  readonly isAlone: boolean;
  /** Between two attempts at a source that ended. */
  readonly retryMs: number;
  /** Its partitions are known. */
  readonly onReached: () => void;
  /** It ended, and is tried again; the same reason is told once. */
  readonly onDown: (error: SourceError) => void;
  readonly onUp: () => void;
}

/**
 * A source whose end does not end the others: refused or not to be reached, it is tried again from where it was, until `signal` aborts.
 * One that another reader took over is not: both would take it from each other for ever.
 */
export function supervised(source: Source, supervision: Supervision): Source {
  const { isAlone, retryMs, onReached } = supervision;
  const canWait = (error: unknown): error is SourceError =>
    !isAlone && error instanceof SourceError && error.kind !== "stolen";
  const trouble = createTrouble(supervision);
  return {
    name: source.name,
    committed: (checkpoints) => source.committed?.(checkpoints),
    quiet: async () => await source.quiet?.(),
    async partitions(signal) {
      try {
        const partitions = await source.partitions(signal);
        onReached();
        return partitions;
      } catch (error) {
        if (!canWait(error) || signal.aborted) throw error;
        trouble.down(error);
        return [];
      }
    },
    async *read(from, signal, kept) {
      const at = createPlace(from, kept);
      if (trouble.isDown()) await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      while (!signal.aborted) {
        const failure = yield* attempt(at, signal);
        if (failure === undefined) return;
        trouble.down(failure);
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };

  /** Reads on until the source ends; gives why, where that can be waited for. */
  async function* attempt(at: Place, signal: AbortSignal): AsyncGenerator<Batch, SourceError | undefined> {
    try {
      for await (const batch of source.read(at.positions, signal, at.kept)) {
        if (trouble.up()) onReached();
        at.passed(batch);
        yield batch;
      }
      return undefined;
    } catch (error) {
      if (canWait(error)) return error;
      throw error;
    }
  }
}

interface Trouble {
  isDown(): boolean;
  down(error: SourceError): void;
  /** Whether it was down. */
  up(): boolean;
}

function createTrouble({ onDown, onUp }: Supervision): Trouble {
  let told: string | undefined;
  return {
    isDown: () => told !== undefined,
    down(error) {
      if (error.message !== told) onDown(error);
      told = error.message;
    },
    up() {
      if (told === undefined) return false;
      told = undefined;
      onUp();
      return true;
    },
  };
}

interface Place {
  readonly positions: Map<string, string>;
  readonly kept: Map<string, Uint8Array>;
  passed(batch: Batch): void;
}

/** Where a source goes on after what it has delivered so far. */
function createPlace(from: ReadonlyMap<string, string>, before: ReadonlyMap<string, Uint8Array> | undefined): Place {
  const positions = new Map(from);
  const kept = new Map(before);
  return {
    positions,
    kept,
    passed(batch) {
      positions.set(batch.partition, batch.checkpoint);
      for (const [key, bytes] of batch.kept ?? []) {
        if (bytes === undefined) kept.delete(key);
        else kept.set(key, bytes);
      }
    },
  };
}
