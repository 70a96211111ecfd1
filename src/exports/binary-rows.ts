import { open } from "node:fs/promises";
import { zstdDecompressSync } from "node:zlib";
import { RecordBatchReader } from "apache-arrow";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import type { Cell, Column } from "../model/evidence.ts";
import { createCanonical, formatUnixMicros } from "./canonical.ts";
import type { RowReader } from "./verify-export.mjs";

type Columns = Parameters<RowReader>[1];

/** Rows of Parquet as canonical lines, one row group in memory at a time. */
async function* parquetRows(path: string, columns: Columns): AsyncGenerator<Uint8Array> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const lineOf = lines(columns);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) },
      parsers: { timestampFromMicroseconds: formatUnixMicros },
    });
    for (const row of rows) yield lineOf((name) => row[name]);
    rowStart = rowEnd;
  }
}

/** Rows of an Arrow file as canonical lines, one record batch in memory at a time. */
async function* arrowRows(path: string, columns: Columns): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const lineOf = lines(columns);
    const reader = await RecordBatchReader.from(file);
    for await (const batch of reader) {
      const vectors = new Map(columns.map(({ name, type }) => [name, { vector: batch.getChild(name), type }]));
      for (let i = 0; i < batch.numRows; i++) {
        yield lineOf((name) => {
          const { vector, type } = vectors.get(name) ?? {};
          const isNull = vector === undefined || vector === null || !vector.isValid(i);
          if (isNull) return null;
          return type === "instant" ? formatUnixMicros(microsAt(vector.data, i)) : vector.get(i);
        });
      }
    }
  } finally {
    await file.close();
  }
}

/** The raw number: the library's own reading of a timestamp is in milliseconds. */
function microsAt(chunks: readonly { readonly values: unknown; readonly length: number }[], at: number): bigint {
  let place = at;
  for (const { values, length } of chunks) {
    if (place < length && values instanceof BigInt64Array) return values[place] ?? 0n;
    place -= length;
  }
  throw new Error("no column of timestamps");
}

function lines(columns: Columns): (cell: (name: string) => unknown) => Uint8Array {
  const canonical = createCanonical(columns.map(({ name, type }) => ({ name, type: typeOf(type), says: "" })));
  return (cell) => Buffer.from(canonical(columns.map(({ name }) => cellOf(cell(name)))));
}

const TYPES: readonly Column["type"][] = ["text", "integer", "decimal", "instant", "boolean"];

const typeOf = (text: string): Column["type"] => TYPES.find((type) => type === text) ?? "text";

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new Error(`a cell is a ${typeof value}`);
}

/** Readers of the formats that are no text. What they are given may be broken in any way: they may throw, and they may never end. */
export const BINARY_READERS = { parquet: parquetRows, arrow: arrowRows } as const;
