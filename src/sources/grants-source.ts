import { createHash } from "node:crypto";
import type { EpochMs } from "../model/time.ts";
import type { Grants } from "./grants.ts";
import { SourceError } from "./source-error.ts";
import type { Batch, Source } from "./source.ts";

export interface GrantsSourceOptions {
  readonly name: string;
  /** What `grants` tells all of. */
  readonly lists: NonNullable<Batch["lists"]>;
  readonly grants: Grants;
  readonly now: () => EpochMs;
  /** Waits between two readings; resolves at once when `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told why a reading failed: it is tried again at the next. */
  readonly onTrouble: (error: SourceError) => void;
}

/** Between two readings. */
const EVERY_MS = 900_000;

/**
 * An account's roles, read again and again: a batch holds all of them, and comes at the start and when something has
 * changed. A reading that fails says nothing about roles. There is no checkpoint to go on from.
 */
export function grantsSource(options: GrantsSourceOptions): Source {
  const { name } = options;
  return {
    name,
    partitions: async () => await Promise.resolve([]),
    async *read(_from, signal) {
      let before = "";
      while (!signal.aborted) {
        const batch = await readOnce(options, signal);
        const mark = batch === undefined ? before : digestOf(batch);
        if (batch !== undefined && mark !== before) yield batch;
        before = mark;
        await options.wait(EVERY_MS, signal);
      }
    },
  };
}

const PARTITION = "roles";

async function readOnce(options: GrantsSourceOptions, signal: AbortSignal): Promise<Batch | undefined> {
  const { name, lists, grants, now, onTrouble } = options;
  const at = now();
  try {
    const records = await grants.read(signal);
    const placed = records.map((record, i) => ({
      ...record,
      position: { source: name, partition: PARTITION, sequence: at, index: i },
    }));
    return {
      partition: PARTITION,
      records: placed,
      rejects: [],
      bytes: JSON.stringify(records.map(({ value }) => value)).length,
      checkpoint: new Date(at).toISOString(),
      enqueued: at,
      caughtUp: true,
      lists,
    };
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof SourceError)) throw error;
    onTrouble(error);
    return undefined;
  }
}

const digestOf = ({ records }: Batch): string =>
  createHash("sha256")
    .update(JSON.stringify(records.map(({ value }) => value)))
    .digest("hex");
