import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { BINARY_READERS } from "./binary-rows.ts";
import { READERS, type RowReader } from "./verify-export.mjs";

/** What a worker reads. */
export interface RowRequest {
  readonly format: keyof typeof BINARY_READERS;
  readonly path: string;
  readonly columns: Parameters<RowReader>[1];
}

const Answer = z.object({ lines: z.array(z.instanceof(Uint8Array)), isEnd: z.boolean() });

const WORKER = new URL("./row-reader-worker.ts", import.meta.url);
const MOST_MB = 1_024;

/**
 * Rows of a binary format as canonical lines, read in a thread of its own: a file that was tampered with may send its
 * reader in circles or ask for all the memory. Throws where no row comes for `patienceMs`.
 */
const readerOf = (format: RowRequest["format"], patienceMs: number): RowReader =>
  async function* readRows(path, columns) {
    const workerData: RowRequest = { format, path, columns };
    const worker = new Worker(WORKER, { workerData, resourceLimits: { maxOldGenerationSizeMb: MOST_MB } });
    try {
      for (let isEnd = false; !isEnd; ) {
        const answer = once(worker, "message", { signal: AbortSignal.timeout(patienceMs) });
        // A thread, not a window.
        // oxlint-disable-next-line unicorn/require-post-message-target-origin
        worker.postMessage("next");
        const [message]: unknown[] = await answer;
        const { lines, isEnd: isLast } = Answer.parse(message);
        yield* lines;
        isEnd = isLast;
      }
    } finally {
      await worker.terminate();
    }
  };

const PATIENCE_MS = 60_000;

/** Readers of every format of the tables. */
export const rowReaders = (patienceMs = PATIENCE_MS): Readonly<Record<string, RowReader>> => ({
  ...READERS,
  parquet: readerOf("parquet", patienceMs),
  arrow: readerOf("arrow", patienceMs),
});
