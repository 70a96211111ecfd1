import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

const BUFFER_BYTES = 1 << 20;

/** Where a format writes to. `bytes` are used when the call returns; whoever keeps them copies them. */
export interface ByteSink {
  write(bytes: Uint8Array): void;
  writeText(text: string): void;
}

/** A new file that only this user can read, written once from its start to its end, and the hash of its bytes. */
export class HashedFile implements ByteSink {
  readonly #hash = createHash("sha256");
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #filled = 0;
  #bytes = 0;

  /** Throws where the file is there already. */
  constructor(path: string) {
    this.#file = openSync(path, "wx", 0o600);
  }

  get bytes(): number {
    return this.#bytes + this.#filled;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_BYTES - this.#filled) this.#flush();
    if (bytes.length > BUFFER_BYTES) this.#put(bytes);
    else {
      this.#buffer.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  writeText(text: string): void {
    if (text.length * 3 > BUFFER_BYTES) this.write(Buffer.from(text));
    else {
      if (text.length * 3 > BUFFER_BYTES - this.#filled) this.#flush();
      this.#filled += this.#buffer.write(text, this.#filled);
    }
  }

  /** The bytes are on the disk; gives how many and their SHA-256, in hexadecimal. */
  close(): { readonly bytes: number; readonly sha256: string } {
    this.#flush();
    fsyncSync(this.#file);
    closeSync(this.#file);
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  #flush(): void {
    this.#put(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #put(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#bytes += bytes.length;
  }
}
