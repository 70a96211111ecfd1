import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { syncFolder } from "../folder.ts";
import { filterFile, filterOf, segmentFile, type SegmentName } from "./segment-folder.ts";

/** Bytes that the disk is given at a time, so that it is never waited for long. */
const SYNCED = 8 << 20;

/**
 * Writes calls `start` to `end`, the last not included, under a name of its own until the disk has it all. Others get their
 * turn between two parts.
 */
export async function writeSegment(
  folder: string,
  { start, end, parts }: { readonly start: number; readonly end: number; readonly parts: Iterable<Uint8Array> },
): Promise<void> {
  const path = join(folder, segmentFile(start, end));
  const file = openSync(`${path}.part`, "w", 0o600);
  try {
    let unsynced = 0;
    for (const part of parts) {
      for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
      unsynced += part.length;
      if (unsynced < SYNCED) continue;
      fsyncSync(file);
      unsynced = 0;
      await breathe();
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
  syncFolder(folder);
}

/** Writes the filter of all ids beside a segment, for whoever looks for one; a segment that is damaged gets none. */
export async function writeFilter(folder: string, { file }: Pick<SegmentName, "file">): Promise<void> {
  const path = filterFile(join(folder, file));
  const filter = await filterOf(join(folder, file));
  if (filter === undefined) return;
  const handle = openSync(`${path}.part`, "w", 0o600);
  try {
    for (let at = 0; at < filter.length; ) at += writeSync(handle, filter, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${path}.part`, path);
}
