import type { RawColumns } from "../decode/scan/scanner.ts";
import type { RawRecord, Reject } from "../model/record.ts";
import type { Batch } from "./source.ts";
import { SourceError } from "./source-error.ts";

/** How much of a file was delivered; as text `records/rejects/bytes`. */
export interface FileCheckpoint {
  readonly records: number;
  readonly rejects: number;
  readonly bytes: number;
}

const START: FileCheckpoint = { records: 0, rejects: 0, bytes: 0 };

/** Throws `SourceError` where the text is not one of ours. */
export function parseFileCheckpoint(source: string, text: string | undefined): FileCheckpoint {
  if (text === undefined) return START;
  const [, records, rejects, bytes] = /^(\d{1,15})\/(\d{1,15})\/(\d{1,15})$/.exec(text) ?? [];
  if (records === undefined)
    throw new SourceError(source, "config", `"${text.slice(0, 50)}" is not a checkpoint of a file`);
  return { records: Number(records), rejects: Number(rejects), bytes: Number(bytes) };
}

const formatFileCheckpoint = (at: FileCheckpoint): string => `${at.records}/${at.rejects}/${at.bytes}`;

/** What one chunk of a file gave, before what was delivered earlier is taken out. */
export interface FileChunk {
  readonly records: readonly RawRecord[];
  readonly rejects: readonly Reject[];
  /** Empty until all was delivered that was delivered before: what is left out is told by the order of the records. */
  readonly scans: readonly RawColumns[];
  /** Bytes of the file read so far. */
  readonly bytesRead: number;
  readonly caughtUp: boolean;
  /** Not to be remembered: told again at the next start, unless it is gone by then. */
  readonly fault?: Reject;
}

export interface Resume {
  /** All that was delivered before has passed: chunks may hold scans. */
  isPast(): boolean;
  batchOf(chunk: FileChunk): Batch;
}

/** Turns a file's chunks, from its start, into the batches that come after `seen`. */
export function createResume(partition: string, seen: FileCheckpoint): Resume {
  let at = START;
  const batchOf = (chunk: FileChunk): Batch => {
    const before = at;
    at = {
      records: before.records + chunk.records.length + chunk.scans.reduce((sum, { count }) => sum + count, 0),
      rejects: before.rejects + chunk.rejects.length,
      bytes: Math.max(before.bytes, chunk.bytesRead),
    };
    const rejects = chunk.rejects.slice(skipped(seen.rejects, before.rejects));
    return {
      partition,
      records: chunk.records.slice(skipped(seen.records, before.records)),
      rejects: chunk.fault === undefined ? rejects : [...rejects, chunk.fault],
      bytes: Math.max(at.bytes, seen.bytes) - Math.max(before.bytes, seen.bytes),
      scans: chunk.scans,
      checkpoint: formatFileCheckpoint(furthest(at, seen)),
      caughtUp: chunk.caughtUp,
    };
  };
  return { isPast: () => at.records >= seen.records && at.rejects >= seen.rejects, batchOf };
}

const skipped = (seen: number, before: number): number => Math.max(0, seen - before);

const furthest = (a: FileCheckpoint, b: FileCheckpoint): FileCheckpoint => ({
  records: Math.max(a.records, b.records),
  rejects: Math.max(a.rejects, b.rejects),
  bytes: Math.max(a.bytes, b.bytes),
});
