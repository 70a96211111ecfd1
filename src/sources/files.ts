import { addAbortSignal, type Readable } from "node:stream";
import { createStreamDecoder } from "../decode/stream-decoder.ts";
import type { Reject } from "../model/record.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { BOMB_LIMITS, type BombLimits, type ByteInput, type Damage, decompress, type Piece } from "./decompress.ts";
import { createResume, type FileChunk, parseFileCheckpoint } from "./file-checkpoint.ts";
import {
  errorCode,
  type FileList,
  faultText,
  type InputFile,
  listFiles,
  type PathProblem,
  STDIN,
} from "./file-list.ts";
import { readAhead } from "./read-ahead.ts";
import { readChunks } from "./read-chunks.ts";
import { sharedScanner } from "./shared-scanner.ts";
import type { Source } from "./source.ts";

export interface FilesOptions {
  /** The source's name, in positions too; `files` without it. */
  readonly name?: string;
  /** What `-` reads; without it, the process' own standard input. */
  readonly stdin?: Readable;
  readonly bombLimits?: BombLimits;
  /** Where the gateway's records hold an id of the user's own. */
  readonly joinBy?: JoinPath | undefined;
  /** Every record is parsed. */
  readonly parsesAll?: boolean;
}

export interface FilesSource extends Source {
  /** Paths asked for that give nothing, to be told before reading. */
  problems(): Promise<readonly PathProblem[]>;
}

const nameOf = (options: FilesOptions): string => options.name ?? "files";

/**
 * Log files, folders and `-`, read one after another to their ends; gzip and zstd are told by their first bytes.
 * A partition is one file. The checkpoint counts what was delivered of it, so it holds for compressed files as well.
 * What cannot be read is a reject that names the file; the others are read.
 */
export function filesSource(paths: readonly string[], options: FilesOptions = {}): FilesSource {
  const name = nameOf(options);
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
      for (const file of (await listed()).files) {
        const resume = createResume(file.partition, parseFileCheckpoint(name, from.get(file.partition)));
        for await (const chunk of readFile(file, { ...options, isScanned: () => resume.isPast() }, signal)) {
          if (signal.aborted) return;
          yield resume.batchOf(chunk);
        }
        if (signal.aborted) return;
      }
    },
  };
}

interface Reading extends FilesOptions {
  /** Whether records need not be parsed one by one now. */
  readonly isScanned: () => boolean;
}

async function* readFile(file: InputFile, options: Reading, signal: AbortSignal): AsyncGenerator<FileChunk> {
  const at = { source: nameOf(options), partition: file.partition };
  const decoder = createStreamDecoder(at, {
    scanner: options.parsesAll === true ? undefined : sharedScanner(options.joinBy),
  });
  let bytesRead = 0;
  let damage: Reject | undefined;
  let fault: Reject | undefined;
  for await (const piece of readAhead(readPieces(file, options, signal))) {
    if (piece.kind === "bytes") {
      bytesRead = Math.max(bytesRead, piece.consumed);
      if (piece.bytes.length > 0)
        yield { ...decoder.push(piece.bytes, options.isScanned()), bytesRead, caughtUp: false };
    }
    if (piece.kind === "damage") damage = fileReject(at, piece.damage.reason, damageText(file, piece.damage));
    if (piece.kind === "fault") fault = fileReject(at, "unreadable", piece.says);
  }
  if (signal.aborted) return;
  const { records, rejects, scans } = decoder.end();
  const last = {
    records,
    scans,
    rejects: damage === undefined ? rejects : [...rejects, damage],
    bytesRead,
    caughtUp: true,
  };
  yield fault === undefined ? last : { ...last, fault };
}

type FilePiece = Piece | { readonly kind: "fault"; readonly says: string };

async function* readPieces(file: InputFile, options: FilesOptions, signal: AbortSignal): AsyncGenerator<FilePiece> {
  if (file.fault !== undefined) {
    yield { kind: "fault", says: file.fault };
    return;
  }
  try {
    yield* decompress(inputOf(file, options, signal), options.bombLimits ?? BOMB_LIMITS);
  } catch (error) {
    if (!signal.aborted) yield { kind: "fault", says: faultText(file.path, errorCode(error)) };
  }
}

const damageText = (file: InputFile, damage: Damage): string =>
  `${file.path}: ${damage.says} at byte ${damage.byte}; what comes before was read. ${fixOf(damage)}`;

const fixOf = ({ reason }: Damage): string =>
  reason === "decompression-bomb" ? "Look at what wrote it; if it is right, unpack it first." : "Copy the file again.";

/** Whether a reject stands for more than a record: a part of the input could not be read, nobody knows how much. */
export const isLoss = ({ reason }: { readonly reason: string }): boolean =>
  /^(?:(?:truncated|corrupt)-(?:gzip|zstd)|decompression-bomb|trailing-bytes|unreadable|partial-answer)$/.test(reason);

function inputOf(file: InputFile, options: FilesOptions, signal: AbortSignal): ByteInput {
  if (file.path === STDIN)
    return { canReopen: false, open: () => addAbortSignal(signal, options.stdin ?? process.stdin) };
  return { canReopen: file.canReopen, open: () => readChunks(file.path, signal) };
}

const fileReject = (at: { source: string; partition: string }, reason: string, detail: string): Reject => ({
  stage: "decode",
  reason,
  position: { ...at, sequence: 0, index: 0 },
  detail,
  sample: "",
});
