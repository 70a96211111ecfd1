import { crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { deserialize, serialize } from "node:v8";
import { z } from "zod";
import { CALL_COLUMNS, type CallEvidence, columnPlace, EVIDENCE_SCHEMA, OPERATION_COLUMNS } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { buildFilter } from "./segment-filter.ts";
import { MOST_ROWS, PackedTable, packTable, rowUnpacker } from "./segment-columns.ts";

/** Calls of one block: what is read at least for one call, and packed at once while nobody is answered. */
export const BLOCK_CALLS = 4_096;

/** "SCOPSEG1" and the length of what follows before the parts. */
const MAGIC = 0x53434f50_53454731n;
export const PREFIX_BYTES = 16;

/** What is known of a block without unpacking it. The parts follow: filter, ids, rows. */
export const BlockHead = z.strictObject({
  schema: z.literal(EVIDENCE_SCHEMA),
  /** Place of the first call among all calls ever closed. */
  start: z.int().nonnegative(),
  calls: z.int().positive(),
  /** Ticks of the first and last call by time. */
  from: z.int(),
  to: z.int(),
  filter: z.int().positive(),
  ids: z.int().positive(),
  rows: z.int().positive(),
  /** Of all three parts. */
  crc: z.int(),
});

export type BlockHead = z.infer<typeof BlockHead>;

const Ids = z.object({ texts: z.array(z.string()), counts: z.instanceof(Uint16Array) });
const Rows = z.object({ calls: PackedTable, operations: PackedTable, counts: z.instanceof(Uint16Array) });
const CALL_ID = columnPlace(OPERATION_COLUMNS, "call_id");
const ID = columnPlace(CALL_COLUMNS, "id");

/** Calls as one block; `start` is the place of the first one. At most `BLOCK_CALLS`, with at most `MOST_ROWS` operations. */
export function encodeBlock(calls: readonly CallEvidence[], start: number): Buffer {
  const texts = calls.flatMap(({ ids }) => ids);
  const filter = buildFilter(texts, texts.length);
  const ids = pack({ texts, counts: Uint16Array.from(calls, (one) => one.ids.length) });
  const rows = pack({
    calls: packTable(
      CALL_COLUMNS,
      calls.map(({ call }) => call),
    ),
    operations: packTable(
      OPERATION_COLUMNS.toSpliced(CALL_ID, 1),
      calls.flatMap(({ operations }) => operations.map((row) => row.toSpliced(CALL_ID, 1))),
    ),
    counts: Uint16Array.from(calls, ({ operations }) => operations.length),
  });
  const times = calls.map(({ time }) => Number(time));
  const head: BlockHead = {
    schema: EVIDENCE_SCHEMA,
    start,
    calls: calls.length,
    from: times.reduce((a, b) => Math.min(a, b)),
    to: times.reduce((a, b) => Math.max(a, b)),
    filter: filter.length,
    ids: ids.length,
    rows: rows.length,
    crc: crc32(rows, crc32(ids, crc32(filter))),
  };
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeBigUInt64BE(MAGIC, 0);
  prefix.writeUInt32BE(text.length, 8);
  prefix.writeUInt32BE(crc32(text), 12);
  return Buffer.concat([prefix, text, filter, ids, rows]);
}

const pack = (value: unknown): Buffer => zstdCompressSync(serialize(value));
const unpack = (bytes: Uint8Array): unknown => deserialize(zstdDecompressSync(bytes));

/** Length and checksum of the head that follows a prefix; undefined where it is none. */
export function parsePrefix(prefix: Buffer): { readonly bytes: number; readonly crc: number } | undefined {
  if (prefix.length < PREFIX_BYTES || prefix.readBigUInt64BE(0) !== MAGIC) return undefined;
  return { bytes: prefix.readUInt32BE(8), crc: prefix.readUInt32BE(12) };
}

/** A block as `encodeBlock` gave it, with its parts. */
export function openBlock(block: Buffer): {
  readonly head: BlockHead;
  readonly ids: Uint8Array;
  readonly rows: Uint8Array;
} {
  const bytes = block.readUInt32BE(8);
  const head = BlockHead.parse(JSON.parse(block.subarray(PREFIX_BYTES, PREFIX_BYTES + bytes).toString()));
  const ids = PREFIX_BYTES + bytes + head.filter;
  return { head, ids: block.subarray(ids, ids + head.ids), rows: block.subarray(ids + head.ids) };
}

/** Calls of an id in a block's parts. */
export function callsIn(ids: Uint8Array, rows: () => Uint8Array, id: string): readonly CallEvidence[] {
  const unpacked = Ids.parse(unpack(ids));
  const places = callsWith(unpacked, id);
  return places.length === 0 ? [] : places.map(callUnpacker(unpacked, rows()));
}

/** All ids of a block. */
export const idsOf = (ids: Uint8Array): readonly string[] => Ids.parse(unpack(ids)).texts;

/** Which calls of a block have an id, by their places in it. */
function callsWith({ texts, counts }: z.infer<typeof Ids>, id: string): readonly number[] {
  const found: number[] = [];
  let at = 0;
  for (const [call, count] of counts.entries()) {
    for (let i = 0; i < count; i++) if (texts[at + i] === id) found.push(call);
    at += count;
  }
  return found;
}

/** The calls of a block as they were told. */
export function decodeBlock(ids: Uint8Array, rows: Uint8Array): readonly CallEvidence[] {
  const unpacked = Ids.parse(unpack(ids));
  const callAt = callUnpacker(unpacked, rows);
  return Array.from(unpacked.counts, (_, place) => callAt(place));
}

const TIME = columnPlace(CALL_COLUMNS, "time");
const OWN_COLUMNS = OPERATION_COLUMNS.toSpliced(CALL_ID, 1);

/** Gives a call of a block by its place; what is not asked for is not made. */
function callUnpacker({ texts, counts }: z.infer<typeof Ids>, rows: Uint8Array): (place: number) => CallEvidence {
  const packed = Rows.parse(unpack(rows));
  const callRow = rowUnpacker(CALL_COLUMNS, packed.calls);
  const operationRow = rowUnpacker(OWN_COLUMNS, packed.operations);
  const firstId = startsOf(counts);
  const firstOperation = startsOf(packed.counts);
  return (place) => {
    const call = callRow(place);
    const callId = call[ID] ?? null;
    const first = firstOperation[place] ?? 0;
    return {
      time: instantFromTicks(Number(call[TIME])),
      call,
      operations: Array.from({ length: packed.counts[place] ?? 0 }, (_, i) =>
        operationRow(first + i).toSpliced(CALL_ID, 0, callId),
      ),
      ids: texts.slice(firstId[place], firstId[place + 1]),
    };
  };
}

/** Where each of so many things begins when they stand one behind the other, and where the last one ends. */
function startsOf(counts: Uint16Array): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (const [i, count] of counts.entries()) starts[i + 1] = (starts[i] ?? 0) + count;
  return starts;
}

/** Calls that a block can take now: fewer where they have many operations. */
export const isBlockFull = (calls: number, operations: number, next: number): boolean =>
  calls >= BLOCK_CALLS || operations + next > MOST_ROWS;
