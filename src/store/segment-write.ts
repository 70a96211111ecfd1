import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../folder.ts";
import { segmentFile } from "./segment-folder.ts";

/** Writes calls `start` to `end`, the last not included, under a name of its own until the disk has it all. */
export function writeSegment(
  folder: string,
  { start, end, parts }: { readonly start: number; readonly end: number; readonly parts: Iterable<Uint8Array> },
): void {
  const path = join(folder, segmentFile(start, end));
  const file = openSync(`${path}.part`, "w", 0o600);
  try {
    for (const part of parts) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
  syncFolder(folder);
}
