import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Makes a folder that only the owner may read, and those above it; they are there after a loss of power, too. */
export function makeFolder(path: string): void {
  const whole = resolve(path);
  const first = mkdirSync(whole, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = whole; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

/** Opens a file for the owner alone; a new one is there after a loss of power, too. Gives its handle. */
export function openKept(path: string, flags: "a+" | "ax"): number {
  const handle = openSync(path, flags, 0o600);
  syncFolder(dirname(path));
  return handle;
}

/** Writes a new file that only the owner may read; it is whole after a loss of power. Throws where there is one. */
export function writeKept(path: string, text: string): void {
  makeFolder(dirname(path));
  const handle = openKept(path, "ax");
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The names in the folder are on the disk once this returns; Windows has no such thing for folders. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
