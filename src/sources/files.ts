import { parseFileCheckpoint } from "./file-checkpoint.ts";
import { type FileList, listFiles, type PathProblem } from "./file-list.ts";
import { readInThreads } from "./file-threads.ts";
import { type Reading, readFile } from "./read-file.ts";
import type { Source } from "./source.ts";

/** A thread starts in some 100 ms, in which 30 MB are read. */
const THREADS_FROM = 32 << 20;

export interface FilesOptions extends Omit<Reading, "name"> {
  /** The source's name, in positions too; `files` without it. */
  readonly name?: string;
  /**
   * Files that are read at once, each in a thread of its own: their batches come as they come. 0, and where all are small
   * together: one after another, in this thread.
   */
  readonly threads?: number | undefined;
  /** Bytes from which on threads are worth their start. */
  readonly threadsFrom?: number | undefined;
}

export interface FilesSource extends Source {
  /** Paths asked for that give nothing, to be told before reading. */
  problems(): Promise<readonly PathProblem[]>;
}

/**
 * Log files, folders and `-`, read to their ends; gzip and zstd are told by their first bytes.
 * A partition is one file. The checkpoint counts what was delivered of it, so it holds for compressed files as well.
 * What cannot be read is a reject that names the file; the others are read.
 */
export function filesSource(paths: readonly string[], options: FilesOptions = {}): FilesSource {
  const { name = "files", threads = 0, threadsFrom = THREADS_FROM, ...rest } = options;
  const reading = { ...rest, name };
  let list: Promise<FileList> | undefined;
  const listed = (): Promise<FileList> => (list ??= listFiles(paths));
  return {
    name,
    async problems() {
      return (await listed()).problems;
    },
    async partitions() {
      return (await listed()).files.map((file) => file.partition);
    },
    async *read(from, signal) {
      const { files } = await listed();
      const asked = files.map((file) => ({ file, seen: parseFileCheckpoint(name, from.get(file.partition)) }));
      const isLarge = files.reduce((sum, { bytes }) => sum + bytes, 0) >= threadsFrom;
      if (threads > 0 && isLarge) yield* readInThreads(asked, { ...reading, threads, signal });
      else
        for (const { file, seen } of asked) {
          yield* readFile(file, seen, { ...reading, signal });
          if (signal.aborted) return;
        }
    },
  };
}
