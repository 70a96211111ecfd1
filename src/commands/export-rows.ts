import { on } from "node:events";
import { Worker } from "node:worker_threads";
import type { ExportSource } from "../server/export-source.ts";
import type { CallLog } from "../store/store.ts";
import type { RowsWork } from "./rows-worker.ts";

const WORKER = new URL("./rows-worker.ts", import.meta.url);
const MOST_MB = 256;

/** Kept calls that rows are taken from. */
export interface RowsInput {
  readonly calls: Pick<CallLog, "waiting">;
  /** Of their segments; undefined where they are in memory only. */
  readonly folder: string | undefined;
  /** Calls on the disk that a commit vouches for. */
  readonly durable: () => number;
}

/** Rows as a thread of its own writes them, a chunk whenever one is asked for. */
export const exportRows = ({ calls, folder, durable }: RowsInput): ExportSource =>
  async function* rows(request) {
    const workerData: RowsWork = { request, folder, until: durable(), waiting: calls.waiting() };
    const worker = new Worker(WORKER, { workerData, resourceLimits: { maxOldGenerationSizeMb: MOST_MB } });
    try {
      const answers = on(worker, "message", { close: ["exit"] });
      for (;;) {
        // A thread, not a window.
        // oxlint-disable-next-line unicorn/require-post-message-target-origin
        worker.postMessage("next");
        const { done, value } = await answers.next();
        const [chunk]: unknown[] = done === true ? [] : value;
        if (chunk === undefined) return;
        // What `rows-worker.ts` of this program posts.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        yield chunk as { bytes: Uint8Array; rows: number };
      }
    } finally {
      await worker.terminate();
    }
  };
