import { addAbortSignal, type Readable } from "node:stream";
import { createStreamDecoder } from "../decode/stream-decoder.ts";
import type { Reject } from "../model/record.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { BOMB_LIMITS, type BombLimits, type ByteInput, type Damage, decompress, type Piece } from "./decompress.ts";
import { createResume, type FileCheckpoint, type FileChunk } from "./file-checkpoint.ts";
import { errorCode, faultText, type InputFile, STDIN } from "./file-list.ts";
import { readAhead } from "./read-ahead.ts";
import { readChunks } from "./read-chunks.ts";
import { sharedScanner } from "./shared-scanner.ts";
import type { Batch } from "./source.ts";

/** How files are read. */
export interface Reading {
  /** The source's name, in positions. */
  readonly name: string;
  /** What `-` reads; without it, the process' own standard input. */
  readonly stdin?: Readable | undefined;
  readonly bombLimits?: BombLimits | undefined;
  readonly joinBy?: JoinPath | undefined;
  readonly parsesAll?: boolean | undefined;
}

/** One file, from what was seen of it to its end; what cannot be read is a reject that names it. */
export async function* readFile(
  file: InputFile,
  seen: FileCheckpoint,
  reading: Reading & { readonly signal: AbortSignal },
): AsyncGenerator<Batch> {
  const resume = createResume(file.partition, seen);
  for await (const chunk of readChunksOf(file, { ...reading, isScanned: () => resume.isPast() })) {
    if (reading.signal.aborted) return;
    yield resume.batchOf(chunk);
  }
}

interface Going extends Reading {
  readonly signal: AbortSignal;
  /** Whether records need not be parsed one by one now. */
  readonly isScanned: () => boolean;
}

async function* readChunksOf(file: InputFile, options: Going): AsyncGenerator<FileChunk> {
  const { signal } = options;
  const at = { source: options.name, partition: file.partition };
  const decoder = createStreamDecoder(at, {
    scanner: options.parsesAll === true ? undefined : sharedScanner(options.joinBy),
  });
  let bytesRead = 0;
  let damage: Reject | undefined;
  let fault: Reject | undefined;
  for await (const piece of readAhead(readPieces(file, options))) {
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

async function* readPieces(file: InputFile, options: Going): AsyncGenerator<FilePiece> {
  if (file.fault !== undefined) {
    yield { kind: "fault", says: file.fault };
    return;
  }
  try {
    yield* decompress(inputOf(file, options), options.bombLimits ?? BOMB_LIMITS);
  } catch (error) {
    if (!options.signal.aborted) yield { kind: "fault", says: faultText(file.path, errorCode(error)) };
  }
}

const damageText = (file: InputFile, damage: Damage): string =>
  `${file.path}: ${damage.says} at byte ${damage.byte}; what comes before was read. ${fixOf(damage)}`;

const fixOf = ({ reason }: Damage): string =>
  reason === "decompression-bomb" ? "Look at what wrote it; if it is right, unpack it first." : "Copy the file again.";

/** Whether a reject stands for more than a record: a part of the input could not be read, nobody knows how much. */
export const isLoss = ({ reason }: { readonly reason: string }): boolean =>
  /^(?:(?:truncated|corrupt)-(?:gzip|zstd)|decompression-bomb|trailing-bytes|unreadable|partial-answer)$/.test(reason);

function inputOf(file: InputFile, { stdin, signal }: Going): ByteInput {
  if (file.path === STDIN) return { canReopen: false, open: () => addAbortSignal(signal, stdin ?? process.stdin) };
  return { canReopen: file.canReopen, open: () => readChunks(file.path, signal) };
}

const fileReject = (at: { source: string; partition: string }, reason: string, detail: string): Reject => ({
  stage: "decode",
  reason,
  position: { ...at, sequence: 0, index: 0 },
  detail,
  sample: "",
});
