import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { crc32 } from "node:zlib";
import type { CallEvidence } from "../model/evidence.ts";
import type { Instant } from "../model/time.ts";
import { BlockHead, callsIn, decodeBlock, idsOf, openBlock, parsePrefix, PREFIX_BYTES } from "./segment-block.ts";
import { addToFilter, emptyFilter, idsOfFilter, LINE_BYTES, lineOf, mayHold } from "./segment-filter.ts";
import type { Damage, FoundCalls } from "./store.ts";

/** A segment: calls `start` to `end`, the last not included, of all calls ever closed. */
export interface SegmentName {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

const NAME = /^calls-(\d{15})-(\d{15})\.seg$/;

const digits = (place: number): string => String(place).padStart(15, "0");

export const segmentFile = (start: number, end: number): string => `calls-${digits(start)}-${digits(end)}.seg`;

/** Segments of a folder in order; those that a larger one holds already are left out. */
export function listSegments(folder: string): readonly SegmentName[] {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder).flatMap((file): SegmentName[] => {
    const found = NAME.exec(file);
    return found === null ? [] : [{ file, start: Number(found[1]), end: Number(found[2]) }];
  });
  all.sort((a, b) => a.start - b.start || b.end - a.end);
  let end = -1;
  return all.filter((segment) => {
    const isNew = segment.end > end;
    end = Math.max(end, segment.end);
    return isNew;
  });
}

interface Block {
  readonly head: BlockHead;
  /** Where in the file its parts begin. */
  readonly parts: number;
}

/**
 * Calls of an id in the segments of a folder; reads one line of the filter of each segment that has one, else of each of its
 * blocks, and blocks that may hold it.
 */
export function findInSegments(folder: string, id: string): FoundCalls {
  const calls: CallEvidence[] = [];
  const damages: Damage[] = [];
  for (const { file } of listSegments(folder)) {
    if (!mayHoldId(join(folder, file), id)) continue;
    withFile(join(folder, file), (handle) => {
      for (const block of blocksOf(handle, (says) => damages.push({ file, says }))) {
        const { head, parts } = block;
        const line = lineOf(id, head.filter);
        if (!mayHold(readAt(handle, parts + line.offset, line.bytes), id)) continue;
        const ids = readAt(handle, parts + head.filter, head.ids);
        try {
          const rows = (): Buffer => readAt(handle, parts + head.filter + head.ids, head.rows);
          calls.push(...callsIn(ids, rows, id));
        } catch {
          damages.push({ file, says: damageOf(block) });
        }
      }
    });
  }
  return { calls, damages };
}

/** Beside a segment: a filter of all its ids, and a checksum of each line of it. */
export const filterFile = (path: string): string => path.replace(/\.seg$/, ".ids");

const CRC_BYTES = 4;

/** False only where the filter beside a segment says for sure that it does not hold the id. */
function mayHoldId(path: string, id: string): boolean {
  if (!existsSync(filterFile(path))) return true;
  let may = true;
  withFile(filterFile(path), (handle) => {
    const lines = fstatSync(handle).size / (LINE_BYTES + CRC_BYTES);
    if (!Number.isInteger(lines) || lines === 0) return;
    const { offset, bytes } = lineOf(id, lines * LINE_BYTES);
    const line = readAt(handle, offset, bytes);
    const crc = readAt(handle, lines * LINE_BYTES + (offset / LINE_BYTES) * CRC_BYTES, CRC_BYTES);
    may = line.length < bytes || crc.length < CRC_BYTES || crc32(line) !== crc.readUInt32LE() || mayHold(line, id);
  });
  return may;
}

/** The bytes of the filter beside a segment; undefined where a part of the segment cannot be read. Others have their turn in between. */
export async function filterOf(path: string): Promise<Uint8Array | undefined> {
  const handle = openSync(path, "r");
  try {
    const damages: string[] = [];
    const blocks = [...blocksOf(handle, (says) => damages.push(says))];
    if (damages.length > 0) return undefined;
    const filter = emptyFilter(blocks.reduce((sum, { head }) => sum + idsOfFilter(head.filter), 0));
    for (const { head, parts } of blocks) {
      const bytes = readAt(handle, parts, head.filter + head.ids + head.rows);
      if (crc32(bytes) !== head.crc) return undefined;
      addToFilter(filter, idsOf(bytes.subarray(head.filter, head.filter + head.ids)));
      await breathe();
    }
    const crcs = Buffer.alloc((filter.length / LINE_BYTES) * CRC_BYTES);
    for (let at = 0; at < filter.length; at += LINE_BYTES)
      crcs.writeUInt32LE(crc32(filter.subarray(at, at + LINE_BYTES)), (at / LINE_BYTES) * CRC_BYTES);
    return Buffer.concat([filter, crcs]);
  } finally {
    closeSync(handle);
  }
}

export interface Span {
  readonly from?: Instant | undefined;
  /** Not included. */
  readonly to?: Instant | undefined;
}

/** Places among all calls ever closed. */
export interface Places {
  /** Not included; without it, all that there are. */
  readonly until?: number | undefined;
  /** Calls of times before the span come too, where they were closed at this place or later. */
  readonly lateSince?: number | undefined;
}

/** Calls of a span of time in the order of their closing, one block in memory at a time; `onDamage` is told what is not there. */
export function* readSegments(
  folder: string,
  span: Span & Places,
  onDamage: (damage: Damage) => void,
): Generator<readonly CallEvidence[]> {
  let end: number | undefined;
  for (const { file, start, end: next } of listSegments(folder)) {
    if (span.until !== undefined && start >= span.until) return;
    if (end !== undefined && start > end) onDamage({ file, says: `calls ${end} to ${start - 1} are not kept` });
    end = next;
    yield* readSegment(join(folder, file), span, (says) => onDamage({ file, says }));
  }
}

/**
 * The newest call of a span of time that is so; blocks are unpacked from the newest on, only until no other can hold a newer
 * one. What cannot be read is passed over.
 */
export function newestInSegments(
  folder: string,
  span: Span,
  is: (call: CallEvidence) => boolean,
): CallEvidence | undefined {
  let newest: CallEvidence | undefined;
  for (const { file } of listSegments(folder).toReversed()) {
    withFile(join(folder, file), (handle) => {
      for (const block of [...blocksOf(handle, () => {})].toReversed()) {
        const { from, to } = block.head;
        if (!isWithin(from, to, span) || (newest !== undefined && to <= newest.time)) continue;
        for (const call of readBlock(handle, block) ?? [])
          if (isWithin(call.time, call.time, span) && (newest === undefined || call.time > newest.time) && is(call))
            newest = call;
      }
    });
  }
  return newest;
}

/** As `readSegments`, of blocks in memory. */
export function* readBlocks(blocks: Iterable<Uint8Array>, span: Span & Places): Generator<readonly CallEvidence[]> {
  for (const block of blocks) {
    const { head, ids, rows } = openBlock(Buffer.from(block));
    if (!reaches(head, span)) continue;
    yield decodeBlock(ids, rows).filter(({ time }, i) => isAsked(time, head.start + i, span));
  }
}

function* readSegment(
  path: string,
  span: Span & Places,
  onDamage: (says: string) => void,
): Generator<readonly CallEvidence[]> {
  const handle = openSync(path, "r");
  try {
    for (const block of blocksOf(handle, onDamage)) {
      const { start } = block.head;
      if (!reaches(block.head, span)) continue;
      const calls = readBlock(handle, block);
      if (calls === undefined) onDamage(damageOf(block));
      else yield calls.filter(({ time }, i) => isAsked(time, start + i, span));
    }
  } finally {
    closeSync(handle);
  }
}

function reaches({ from, to, start, calls }: BlockHead, span: Span & Places): boolean {
  if (start >= (span.until ?? Number.POSITIVE_INFINITY)) return false;
  return isWithin(from, to, span) || isLate(from, start + calls - 1, span);
}

const isAsked = (time: Instant, place: number, span: Span & Places): boolean =>
  place < (span.until ?? Number.POSITIVE_INFINITY) && (isWithin(time, time, span) || isLate(time, place, span));

/** Whether something that begins at `time` and is closed until `place` may belong to a span that an export had before. */
const isLate = (time: number, place: number, { from, lateSince }: Span & Places): boolean =>
  from !== undefined && lateSince !== undefined && time < from && place >= lateSince;

/** Whether something from `first` to `last` may be in the span. */
const isWithin = (first: number, last: number, { from, to }: Span): boolean =>
  (to === undefined || first < to) && (from === undefined || last >= from);

const damageOf = ({ head }: Block): string => `calls ${head.start} to ${head.start + head.calls - 1} cannot be read`;

/** The newest time among the calls of a segment, in ticks; undefined where it cannot be read. */
export function newestIn(path: string): number | undefined {
  let newest: number | undefined;
  withFile(path, (handle) => {
    for (const { head } of blocksOf(handle, () => {})) newest = Math.max(newest ?? head.to, head.to);
  });
  return newest;
}

/** Undefined where the bytes are not those that were written. */
function readBlock(handle: number, { head, parts }: Block): readonly CallEvidence[] | undefined {
  const bytes = readAt(handle, parts, head.filter + head.ids + head.rows);
  if (bytes.length < head.filter + head.ids + head.rows || crc32(bytes) !== head.crc) return undefined;
  return decodeBlock(
    bytes.subarray(head.filter, head.filter + head.ids),
    bytes.subarray(head.filter + head.ids, head.filter + head.ids + head.rows),
  );
}

function* blocksOf(handle: number, onDamage: (says: string) => void): Generator<Block> {
  for (let at = 0; ; ) {
    const prefix = readAt(handle, at, PREFIX_BYTES);
    if (prefix.length === 0) return;
    const found = parsePrefix(prefix);
    const text = readAt(handle, at + PREFIX_BYTES, Math.min(found?.bytes ?? 0, 1 << 16));
    const head = found === undefined || crc32(text) !== found.crc ? undefined : parseHead(text);
    if (head === undefined) {
      onDamage(`what follows byte ${at} cannot be read`);
      return;
    }
    const parts = at + PREFIX_BYTES + text.length;
    yield { head, parts };
    at = parts + head.filter + head.ids + head.rows;
  }
}

function parseHead(text: Buffer): BlockHead | undefined {
  const parsed = BlockHead.safeParse(JSON.parse(text.toString()));
  return parsed.success ? parsed.data : undefined;
}

function readAt(handle: number, at: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  const read = readSync(handle, bytes, 0, length, at);
  return bytes.subarray(0, read);
}

function withFile(path: string, work: (handle: number) => void): void {
  const handle = openSync(path, "r");
  try {
    work(handle);
  } finally {
    closeSync(handle);
  }
}
