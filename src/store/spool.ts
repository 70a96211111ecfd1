import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { Spooled } from "./store.ts";
import { StoreError } from "./store-error.ts";

/** Bytes that are read back at once. */
const PART_BYTES = 4 << 20;

/** Keeps pieces in a file beside a state until they are read back: they are not held in memory, and nobody sees them. */
export function spoolBeside(path: string, pieces: Iterable<Uint8Array>): Spooled {
  const name = `${path}.spool`;
  const file = attempt(name, () => openSync(name, "w+", 0o600));
  let bytes = 0;
  try {
    // Windows removes no file that is open.
    if (process.platform !== "win32") rmSync(name);
    for (const piece of pieces) bytes += attempt(name, () => writeAll(file, piece));
  } catch (error) {
    closeSync(file);
    throw error;
  }
  let at = 0;
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    closeSync(file);
    rmSync(name, { force: true });
  };
  return {
    bytes,
    next() {
      const part = Buffer.allocUnsafe(Math.min(PART_BYTES, bytes - at));
      for (let read = 0; read < part.length; )
        read += attempt(name, () => readSync(file, part, read, part.length - read, at + read));
      at += part.length;
      if (at >= bytes) close();
      return part;
    },
    close,
  };
}

function writeAll(file: number, piece: Uint8Array): number {
  for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
  return piece.length;
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    const says = isFull
      ? "no room left for a snapshot. Free some; what was committed is safe."
      : `a snapshot cannot be kept here meanwhile (${code}). Check the disk.`;
    throw new StoreError(name, isFull ? "full" : "broken", says, error);
  }
}
