import { type ByteTray, createByteTray } from "./byte-tray.ts";
import { type Compression, createInflateEngine, type FrameEnd } from "./inflate-engine.ts";

/** What stopped decompression, and where; everything before it was delivered. */
export interface Damage {
  readonly reason: `${"truncated" | "corrupt"}-${Compression}` | "decompression-bomb" | "trailing-bytes";
  /** Compressed bytes that were read well. */
  readonly byte: number;
  readonly says: string;
}

/** `consumed` counts the input bytes taken so far; the last piece may be empty and only tell that. */
export type Piece =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly consumed: number }
  | { readonly kind: "damage"; readonly damage: Damage };

/** Output may exceed `floorBytes` only up to `ratio` times the compressed bytes read. */
export interface BombLimits {
  readonly floorBytes: number;
  readonly ratio: number;
}

/** Logs reach 10:1, repetitive ones 100:1; gzip can reach 1,032:1 and zstd 30,000:1. */
export const BOMB_LIMITS: BombLimits = { floorBytes: 64 << 20, ratio: 400 };

/** Of a corrupt stream, more can be read where it can be opened again. */
export interface ByteInput {
  open(): AsyncIterable<Uint8Array>;
  readonly canReopen: boolean;
}

const SLICE_BYTES = 64 << 10;

/** Tells by the first bytes, as names lie. RFC 1952 §2.3.1, RFC 8878 §3.1.1. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  const isZstd = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
  return isZstd ? "zstd" : undefined;
}

/**
 * Plain bytes pass through; gzip and zstd, also several members or frames in a row, are decompressed as they come, in
 * bounded memory. A damage is the last piece.
 */
export async function* decompress(input: ByteInput, limits: BombLimits = BOMB_LIMITS): AsyncGenerator<Piece> {
  let delivered = 0;
  for await (const piece of inflate(input, limits, Number.POSITIVE_INFINITY)) {
    if (piece.kind === "bytes") delivered += piece.bytes.length;
    else if (input.canReopen && piece.damage.reason.startsWith("corrupt")) {
      yield* salvage(input, limits, { from: piece.damage.byte, delivered });
      return;
    }
    yield piece;
  }
}

interface Broken {
  readonly from: number;
  readonly delivered: number;
}

/** zlib keeps back the output of the call that fails: goes again, byte by byte from there, and yields what was kept back. */
async function* salvage(input: ByteInput, limits: BombLimits, { from, delivered }: Broken): AsyncGenerator<Piece> {
  let skip = delivered;
  for await (const piece of inflate(input, limits, from)) {
    if (piece.kind === "damage") {
      yield piece;
      continue;
    }
    const bytes = piece.bytes.subarray(Math.min(skip, piece.bytes.length));
    skip -= piece.bytes.length - bytes.length;
    if (bytes.length > 0) yield { ...piece, bytes };
  }
}

async function* inflate(input: ByteInput, limits: BombLimits, fineFrom: number): AsyncGenerator<Piece> {
  const tray = createByteTray(input.open());
  try {
    const compression = compressionOf(await tray.peek(4));
    if (compression === undefined) yield* passThrough(tray);
    else yield* inflateFrames(compression, tray, { limits, fineFrom });
  } finally {
    await tray.close();
  }
}

async function* passThrough(tray: ByteTray): AsyncGenerator<Piece> {
  for (;;) {
    const bytes = await tray.take(Number.POSITIVE_INFINITY);
    if (bytes === undefined) return;
    yield { kind: "bytes", bytes, consumed: tray.taken() };
  }
}

interface Care {
  readonly limits: BombLimits;
  /** Compressed byte from which slices are single bytes. */
  readonly fineFrom: number;
}

async function* inflateFrames(first: Compression, tray: ByteTray, care: Care): AsyncGenerator<Piece> {
  let produced = 0;
  let frame: Compression | undefined = first;
  while (frame !== undefined) {
    for await (const piece of inflateFrame(frame, tray, { ...care, produced })) {
      if (piece.kind === "bytes") produced += piece.bytes.length;
      yield piece;
      if (piece.kind === "damage") return;
    }
    await tray.skipZeros(); // RFC 1952 does not ask for it; tapes and block devices pad with them
    const head = await tray.peek(4);
    if (head.length === 0) {
      yield { kind: "bytes", bytes: head, consumed: tray.taken() };
      return;
    }
    frame = compressionOf(head);
  }
  const byte = tray.taken();
  yield { kind: "damage", damage: { reason: "trailing-bytes", byte, says: `${first} ends and other bytes follow it` } };
}

async function* inflateFrame(
  frame: Compression,
  tray: ByteTray,
  { limits, fineFrom, produced: before }: Care & { readonly produced: number },
): AsyncGenerator<Piece> {
  const start = tray.taken();
  const engine = createInflateEngine(frame);
  let produced = before;
  try {
    for (;;) {
      const slice = await tray.take(tray.taken() >= fineFrom ? 1 : Math.min(SLICE_BYTES, fineFrom - tray.taken()));
      const room = Math.max(limits.floorBytes, limits.ratio * tray.taken()) - produced;
      const { output, end } = await engine.feed(slice, room);
      if (end?.kind === "whole" && slice !== undefined) tray.giveBack(slice.subarray(slice.length - end.left));
      for (const bytes of output) {
        produced += bytes.length;
        yield { kind: "bytes", bytes, consumed: tray.taken() };
      }
      if (end === undefined) continue;
      if (end.kind !== "whole") yield { kind: "damage", damage: frameDamage(frame, end, start + end.read) };
      return;
    }
  } finally {
    engine.close();
  }
}

function frameDamage(frame: Compression, end: Exclude<FrameEnd, { kind: "whole" }>, byte: number): Damage {
  switch (end.kind) {
    case "cut":
      return { reason: `truncated-${frame}`, byte, says: `${frame} stops short` };
    case "corrupt":
      return { reason: `corrupt-${frame}`, byte, says: `${frame} is corrupt (${end.because})` };
    case "bomb":
      return { reason: "decompression-bomb", byte, says: `${frame} grows beyond the limit` };
  }
}
