import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { Piece, Spooled } from "./store.ts";
import { StoreError } from "./store-error.ts";

/** Written while nobody else has a turn, at most: a few milliseconds. */
const TURN_BYTES = 8 << 20;

/**
 * Keeps pieces in a file beside a state until they are read back: they are not held in memory, and nobody sees them. Others have
 * their turn after a piece without bytes, and after many bytes.
 */
export async function spoolBeside(
  path: string,
  pieces: Iterable<Piece>,
  breathe: () => Promise<void>,
): Promise<Spooled> {
  const name = `${path}.spool`;
  const file = attempt(name, () => openSync(name, "w+", 0o600));
  const sizes: { readonly bytes: number; readonly isPlain: boolean }[] = [];
  try {
    // Windows removes no file that is open.
    if (process.platform !== "win32") rmSync(name);
    let end = 0;
    let turnedAt = 0;
    for (const { bytes, isPlain } of pieces) {
      if (!isNothing(bytes)) attempt(name, () => writeAll(file, bytes, end));
      end += bytes.length;
      sizes.push({ bytes: bytes.length, isPlain });
      if (bytes.length > 0 && end < turnedAt + TURN_BYTES) continue;
      await breathe();
      turnedAt = end;
    }
    attempt(name, () => ftruncateSync(file, end));
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
  const room = Buffer.allocUnsafe(Math.max(0, ...sizes.map(({ bytes }) => bytes)));
  const left = sizes.values();
  return {
    next() {
      const next = left.next();
      if (next.done === true) {
        close();
        return undefined;
      }
      const bytes = room.subarray(0, next.value.bytes);
      for (let read = 0; read < bytes.length; )
        read += attempt(name, () => readSync(file, bytes, read, bytes.length - read, at + read));
      at += bytes.length;
      return { bytes, isPlain: next.value.isPlain };
    },
    close,
  };
}

function writeAll(file: number, piece: Uint8Array, from: number): void {
  for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at, piece.length - at, from + at);
}

const ZEROS = Buffer.alloc(1 << 20);

/** What a memory has room for and never used takes none in a file: nothing is written where nothing is. */
const isNothing = (piece: Uint8Array): boolean =>
  piece.length <= ZEROS.length && ZEROS.subarray(0, piece.length).equals(piece);

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
