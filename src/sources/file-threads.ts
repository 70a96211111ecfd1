import { Worker } from "node:worker_threads";
import { Receiver } from "./batch-message.ts";
import { type ByteQueue, createByteQueue } from "./byte-queue.ts";
import type { FileCheckpoint } from "./file-checkpoint.ts";
import { type InputFile, STDIN } from "./file-list.ts";
import type { FromThread, ThreadStart, ToThread } from "./file-thread.ts";
import { type Reading, readFile } from "./read-file.ts";
import type { Batch } from "./source.ts";

/** A file, and what was seen of it before. */
export interface Asked {
  readonly file: InputFile;
  readonly seen: FileCheckpoint;
}

interface Options extends Reading {
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** Bytes of batches that wait for their reader, over all threads; each thread has as many on its way at the most. */
const WAITING_BYTES = 8 << 20;

/** Of a thread's own JavaScript, in MB: what it reads is bounded, and so the collector need not let it grow. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 };

/**
 * Files, several at once: those of one file in their order, files as they come. What a thread may have on its way is bounded
 * by the bytes that are taken here. Standard input is read in this thread, first. A thread that fails ends the reading with
 * its error as `cause`.
 */
export async function* readInThreads(asked: readonly Asked[], options: Options): AsyncGenerator<Batch> {
  const { threads: most, signal, stdin, ...reading } = options;
  for (const { file, seen } of asked)
    if (file.path === STDIN) yield* readFile(file, seen, { ...reading, stdin, signal });
  const waiting = asked.filter(({ file }) => file.path !== STDIN);
  const queue = createByteQueue<Batch | "ended">(WAITING_BYTES);
  const threads = Array.from({ length: Math.min(most, waiting.length) }, () => startThread(reading, waiting, queue));
  const stop = (): void => queue.end();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  let ended = 0;
  try {
    if (threads.length === 0) return;
    for await (const batch of queue.values()) {
      if (batch !== "ended") yield batch;
      else if (++ended === threads.length) return;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

/** Starts a thread that takes from the files that wait until there are none. */
function startThread(reading: Reading, waiting: Asked[], queue: ByteQueue<Batch | "ended">): Worker {
  const receiver = new Receiver();
  const workerData: ThreadStart = { ...reading, credit: WAITING_BYTES };
  const thread = new Worker(new URL("./file-thread.ts", import.meta.url), { workerData, resourceLimits: LIMITS });
  const send = (message: ToThread, moved: readonly ArrayBuffer[] = []): void => thread.postMessage(message, moved);
  const next = async (): Promise<void> => {
    const asked = waiting.shift();
    if (asked === undefined) await queue.put("ended", 0);
    else send({ kind: "read", ...asked });
  };
  const taken = (bytes: number): void => {
    const spare = receiver.spare.splice(0);
    const moved = spare.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
    send({ kind: "taken", bytes, spare }, moved);
  };
  const take = async (message: FromThread): Promise<void> => {
    if (message.kind === "read") return next();
    await queue.put(receiver.unpack(message.sent), message.sent.held);
    taken(message.sent.held);
  };
  thread.on("message", (message: FromThread) => void take(message));
  thread.on("error", (cause) => queue.fail(new Error("a thread that reads files failed", { cause })));
  void next();
  return thread;
}
