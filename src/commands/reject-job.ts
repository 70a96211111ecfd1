import type { RawRecord } from "../model/record.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { normalize } from "../normalize/normalize.ts";
import type { Job } from "../sources/job-source.ts";
import type { RejectRow, Store } from "../store/store.ts";

/** What trying again came to. */
export interface Retried {
  /** Read at last. */
  readonly read: number;
  readonly stillRejected: number;
  /** Of which only a sample was kept. */
  readonly notKept: number;
}

export interface RetryOptions {
  readonly store: Pick<Store, "rejects">;
  readonly joinBy: JoinPath | undefined;
  readonly reason?: string | undefined;
  readonly id?: number | undefined;
  readonly onDone: (retried: Retried) => void;
}

const PAGE = 500;
const PARTITION = "rejects";

/** Reads kept rejects once more; those that can be read now go the way of every record, and are counted once more. */
export function retryJob({ store, joinBy, reason, id, onDone }: RetryOptions): Job {
  return {
    async *batches() {
      const end = { read: 0, stillRejected: 0, notKept: 0 };
      for (let after = id === undefined ? 0 : id - 1; ; ) {
        const rows = store.rejects({ after, limit: id === undefined ? PAGE : 1, reason });
        const last = rows.at(-1);
        if (last === undefined || (id !== undefined && last.id !== id)) break;
        after = last.id;
        const readable = rows.flatMap((row) => {
          const record = recordOf(row);
          if (record === undefined) end.notKept += 1;
          else if (normalize(record, joinBy).kind === "reject") end.stillRejected += 1;
          else return [{ id: row.id, record, bytes: row.raw?.length ?? 0 }];
          return [];
        });
        end.read += readable.length;
        yield {
          partition: PARTITION,
          records: readable.map(({ record }) => record),
          rejects: [],
          bytes: readable.reduce((sum, { bytes }) => sum + bytes, 0),
          checkpoint: "0",
          retried: readable.map((one) => one.id),
          caughtUp: true,
        };
        if (id !== undefined) break;
      }
      onDone(end);
    },
  };
}

function recordOf({ raw, source, partition, sequence, place }: RejectRow): RawRecord | undefined {
  if (raw === undefined) return undefined;
  const value: unknown = JSON.parse(raw);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return { value: { ...value }, position: { source, partition, sequence, index: place }, repairs: [] };
}
