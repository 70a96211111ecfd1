import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Sender, type SentBatch } from "./batch-message.ts";
import type { FileCheckpoint } from "./file-checkpoint.ts";
import type { InputFile } from "./file-list.ts";
import { type Reading, readFile } from "./read-file.ts";

/** What a thread is started with. */
export interface ThreadStart extends Omit<Reading, "stdin"> {
  /** Bytes on the way or waiting, over which it reads no further. */
  readonly credit: number;
}

export type ToThread =
  | { readonly kind: "read"; readonly file: InputFile; readonly seen: FileCheckpoint }
  /** So many bytes were taken; with room that is free again. */
  | { readonly kind: "taken"; readonly bytes: number; readonly spare: readonly Int32Array[] };

export type FromThread = { readonly kind: "batch"; readonly sent: SentBatch } | { readonly kind: "read" };

if (parentPort !== null) {
  // Who starts this thread is `file-threads.ts`.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  serve(parentPort, workerData as ThreadStart);
}

/** Reads the files that are asked for, one after another, as fast as credit is given. */
function serve(port: MessagePort, start: ThreadStart): void {
  const sender = new Sender();
  const { signal } = new AbortController();
  let onTheWay = 0;
  let goOn = (): void => {};
  const send = (message: FromThread, moved: readonly ArrayBufferLike[] = []): void => {
    port.postMessage(
      message,
      moved.filter((buffer) => buffer instanceof ArrayBuffer),
    );
  };
  const read = async (file: InputFile, seen: FileCheckpoint): Promise<void> => {
    for await (const batch of readFile(file, seen, { ...start, signal })) {
      const { message, moved } = sender.pack(batch);
      onTheWay += message.held;
      send({ kind: "batch", sent: message }, moved);
      while (onTheWay > start.credit) await new Promise<void>((resolve) => (goOn = resolve));
    }
    send({ kind: "read" });
  };
  port.on("message", (message: ToThread) => {
    if (message.kind === "read") void read(message.file, message.seen);
    else {
      onTheWay -= message.bytes;
      sender.takeBack(message.spare);
      goOn();
    }
  });
}
