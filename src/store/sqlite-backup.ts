import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { backup, type DatabaseSync } from "node:sqlite";

/** Beside the state file: the newest copy, and its SHA-256. */
export const backupOf = (path: string): string => `${path}.backup`;
const sumOf = (path: string): string => `${backupOf(path)}.sha256`;

/** Pages copied in one step, so that commits go on in between. */
const PAGES = 2_000;

/** Copies a state that is in use; the copy before stays until the new one is whole and on the disk. */
export async function backUp(db: DatabaseSync, path: string): Promise<void> {
  const partial = `${backupOf(path)}.partial`;
  await rm(partial, { force: true });
  // For its owner only, as the state itself is.
  closeSync(openSync(partial, "a", 0o600));
  await backup(db, partial, { rate: PAGES });
  const sum = await sha256Of(partial);
  await onDisk(partial);
  // A crash between the two leaves a copy that does not fit its sum: it is not used.
  await rename(partial, backupOf(path));
  await writeFile(sumOf(path), `${sum}\n`, { mode: 0o600 });
  await onDisk(sumOf(path));
  await onDisk(dirname(path));
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function onDisk(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

export interface Restored {
  /** When the copy was made, ms since 1970. */
  readonly copied: number;
  /** Where the damaged file lies now. */
  readonly damaged: string;
}

/** Puts the newest whole copy in the place of a damaged state; undefined where there is none. `now` names the damaged file. */
export function restoreBackup(path: string, now: number): Restored | undefined {
  const copy = backupOf(path);
  if (!existsSync(copy) || !existsSync(sumOf(path))) return undefined;
  const sum = createHash("sha256").update(readFileSync(copy)).digest("hex");
  if (readFileSync(sumOf(path), "utf8").trim() !== sum) return undefined;
  const damaged = `${path}.damaged-${now}`;
  for (const suffix of ["-wal", "-shm", ""])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${damaged}${suffix}`);
  copyFileSync(copy, path);
  return { copied: Math.floor(statSync(copy).mtimeMs), damaged };
}
