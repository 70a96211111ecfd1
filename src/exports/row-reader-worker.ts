import { parentPort, workerData } from "node:worker_threads";
import { BINARY_READERS } from "./binary-rows.ts";
import type { RowRequest } from "./row-readers.ts";

/** Lines that go over at a time; the next are read when they are asked for. */
const BATCH = 1_024;

// Written by `row-readers.ts` of this program.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const { format, path, columns } = workerData as RowRequest;
const reader = BINARY_READERS[format];
const rows = reader(path, columns)[Symbol.asyncIterator]();

parentPort?.on("message", () => {
  void send();
});

async function send(): Promise<void> {
  const lines: Uint8Array[] = [];
  let isEnd = false;
  while (lines.length < BATCH && !isEnd) {
    const { done, value } = await rows.next();
    isEnd = done === true;
    if (value !== undefined) lines.push(value);
  }
  // A port of another thread, not a window.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage({ lines, isEnd });
  if (isEnd) parentPort?.close();
}
