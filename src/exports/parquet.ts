import { zstdCompressSync } from "node:zlib";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { type Cell, type Column, EVIDENCE_SCHEMA, type Row } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { unixMicros } from "./canonical.ts";
import type { ByteSink } from "./hashed-file.ts";

/** Rows of one row group. */
const GROUP_ROWS = 16_384;

/** Parquet with row groups, statistics, Zstandard, and instants as UTC microseconds. */
export function parquetFormat(
  columns: readonly Column[],
  file: ByteSink,
): { write(rows: readonly Row[]): void; end(): void } {
  const bytes = new ByteWriter();
  const toFile = (): void => {
    file.write(new Uint8Array(bytes.buffer, 0, bytes.index));
    bytes.index = 0;
  };
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush: toFile, finish: toFile }),
    schema: [{ name: "root", num_children: columns.length }, ...columns.map(elementOf)],
    codec: "ZSTD",
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    kvMetadata: [{ key: "scopetrail.schema", value: EVIDENCE_SCHEMA }],
    createdBy: "scopetrail",
  });
  let waiting: Row[] = [];
  const flush = (): void => {
    const rows = waiting;
    waiting = [];
    const columnData = columns.map((column, i) => ({
      name: column.name,
      data: rows.map((row) => parquetValue(row[i] ?? null, column)),
    }));
    void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
  };
  return {
    write(rows) {
      for (const row of rows) {
        waiting.push(row);
        if (waiting.length === GROUP_ROWS) flush();
      }
    },
    end() {
      if (waiting.length > 0) flush();
      void writer.finish();
    },
  };
}

function parquetValue(cell: Cell, { type }: Column): unknown {
  if (cell === null) return undefined;
  if (type === "instant" && typeof cell === "number") return unixMicros(instantFromTicks(cell));
  return typeof cell === "string" ? cell.toWellFormed() : cell;
}

function elementOf({ name, type, required }: Column): SchemaElement {
  const repetition_type = required === true ? "REQUIRED" : "OPTIONAL";
  switch (type) {
    case "text":
      return { name, repetition_type, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
    case "integer":
      return { name, repetition_type, type: "INT32" };
    case "decimal":
      return { name, repetition_type, type: "DOUBLE" };
    case "boolean":
      return { name, repetition_type, type: "BOOLEAN" };
    case "instant":
      return {
        name,
        repetition_type,
        type: "INT64",
        converted_type: "TIMESTAMP_MICROS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
      };
  }
}
