import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";

/** Bytes in a file of their own without a name: it is gone once it is closed, or the process ended. */
export interface Shelved {
  /** In a memory that is used again for the next that are read. */
  read(): Buffer;
  close(): void;
}

/** Puts bytes that are asked for later onto the disk; `path` is the name that a file has while it is written. */
export class Shelf {
  readonly #path: string;
  #room = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined where the disk does not take them; a part may be left under the name then. */
  put(bytes: Uint8Array): Shelved | undefined {
    // Windows removes no file that is open.
    if (process.platform === "win32") return undefined;
    const { length } = bytes;
    let file: number | undefined;
    try {
      file = openSync(this.#path, "w+", 0o600);
      for (let at = 0; at < length; ) at += writeSync(file, bytes, at);
      rmSync(this.#path);
    } catch {
      if (file !== undefined) closeSync(file);
      return undefined;
    }
    const opened = file;
    return { read: () => this.#read(opened, length), close: () => closeSync(opened) };
  }

  #read(file: number, length: number): Buffer {
    if (this.#room.length < length) this.#room = Buffer.alloc(length);
    const bytes = this.#room.subarray(0, length);
    for (let at = 0; at < length; ) {
      const read = readSync(file, bytes, at, length - at, at);
      if (read === 0) throw new Error("a file of calls that wait was cut");
      at += read;
    }
    return bytes;
  }
}
