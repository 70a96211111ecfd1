import {
  AsyncByteQueue,
  Bool,
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import { type Column, EVIDENCE_SCHEMA, type Row } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { unixMicros } from "./canonical.ts";
import type { ByteSink } from "./hashed-file.ts";

/** Rows of one record batch. */
const BATCH_ROWS = 16_384;

/**
 * Arrow IPC file with instants as UTC microseconds. Not packed: apache-arrow 21 writes the packed length of a buffer where
 * the format wants the unpacked one, which other readers refuse.
 */
export function arrowFormat(
  columns: readonly Column[],
  file: ByteSink,
): { write(rows: readonly Row[]): void; end(): void } {
  const schema = new Schema(columns.map(fieldOf), new Map([["scopetrail.schema", EVIDENCE_SCHEMA]]));
  const type = new Struct(schema.fields);
  const writer = new RecordBatchFileWriter();
  writer.reset(new FileQueue(file), schema);
  let waiting: Row[] = [];
  const flush = (): void => {
    const rows = waiting;
    waiting = [];
    const children = columns.map((column, i) => columnData(column, rows, i));
    writer.write(new RecordBatch(schema, makeData({ type, length: rows.length, nullCount: 0, children })));
  };
  return {
    write(rows) {
      for (const row of rows) {
        waiting.push(row);
        if (waiting.length === BATCH_ROWS) flush();
      }
    },
    end() {
      if (waiting.length > 0) flush();
      writer.finish();
    },
  };
}

/** Where the library writes; nothing of it waits in memory. */
class FileQueue extends AsyncByteQueue {
  readonly #file: ByteSink;
  constructor(file: ByteSink) {
    super();
    this.#file = file;
  }
  override write(value: Uint8Array): void {
    this.#file.write(value);
  }
}

const fieldOf = (column: Column): Field => new Field(column.name, typeOf(column), column.required !== true);

function typeOf({ type }: Column): DataType {
  switch (type) {
    case "text":
      return new Utf8();
    case "integer":
      return new Int32();
    case "decimal":
      return new Float64();
    case "boolean":
      return new Bool();
    case "instant":
      return new TimestampMicrosecond("UTC");
  }
}

function columnData(column: Column, rows: readonly Row[], place: number): Data {
  const length = rows.length;
  const nullBitmap = new Uint8Array((length + 7) >> 3);
  let nullCount = length;
  for (let i = 0; i < length; i++) {
    if ((rows[i]?.[place] ?? null) === null) continue;
    nullBitmap[i >> 3] = (nullBitmap[i >> 3] ?? 0) | (1 << (i & 7));
    nullCount -= 1;
  }
  const shape = { length, nullCount, nullBitmap };
  switch (column.type) {
    case "text":
      return makeData({ type: new Utf8(), ...shape, ...textData(rows, place) });
    case "integer":
      return makeData({ type: new Int32(), ...shape, data: Int32Array.from(rows, (row) => Number(row[place] ?? 0)) });
    case "decimal":
      return makeData({
        type: new Float64(),
        ...shape,
        data: Float64Array.from(rows, (row) => Number(row[place] ?? 0)),
      });
    case "boolean":
      return makeData({ type: new Bool(), ...shape, data: bits(rows, place) });
    case "instant":
      return makeData({
        type: new TimestampMicrosecond("UTC"),
        ...shape,
        data: BigInt64Array.from(rows, (row) => unixMicros(instantFromTicks(Number(row[place] ?? 0)))),
      });
  }
}

function bits(rows: readonly Row[], place: number): Uint8Array {
  const data = new Uint8Array((rows.length + 7) >> 3);
  for (let i = 0; i < rows.length; i++)
    if (rows[i]?.[place] === true) data[i >> 3] = (data[i >> 3] ?? 0) | (1 << (i & 7));
  return data;
}

function textData(rows: readonly Row[], place: number): { readonly valueOffsets: Int32Array; readonly data: Buffer } {
  const valueOffsets = new Int32Array(rows.length + 1);
  const texts = rows.map((row) => {
    const cell = row[place];
    return typeof cell === "string" ? cell.toWellFormed() : "";
  });
  for (let i = 0; i < texts.length; i++)
    valueOffsets[i + 1] = (valueOffsets[i] ?? 0) + Buffer.byteLength(texts[i] ?? "");
  return { valueOffsets, data: Buffer.from(texts.join("")) };
}
