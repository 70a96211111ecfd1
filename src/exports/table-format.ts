import type { Column, EXPORT_FORMATS, Row } from "../model/evidence.ts";
import { arrowFormat } from "./arrow.ts";
import { cefFormat } from "./cef.ts";
import { csvFormat } from "./csv.ts";
import type { ByteSink } from "./hashed-file.ts";
import { ocsfFormat } from "./ocsf.ts";
import { parquetFormat } from "./parquet.ts";

/** Formats that hold all of a row: it can be read back, and its hash made again. */
export const TABLE_FORMATS = ["parquet", "arrow", "csv", "ndjson"] as const;

/** Formats of the tables of an export. */
export type TableFormat = (typeof EXPORT_FORMATS)[number];

/** Writes rows of one table behind each other; `lines` are the same rows as canonical lines. */
export interface FormatWriter {
  write(rows: readonly Row[], lines: readonly string[]): void;
  /** Nothing more comes: what a format has at its end. */
  end(): void;
}

/** A writer of a format into a file. */
export function formatWriter(format: TableFormat, columns: readonly Column[], file: ByteSink): FormatWriter {
  switch (format) {
    case "parquet":
      return parquetFormat(columns, file);
    case "arrow":
      return arrowFormat(columns, file);
    case "csv":
      return csvFormat(columns, file);
    case "ndjson":
      return ndjsonFormat(file);
    case "ocsf":
      return ocsfFormat(columns, file);
    case "cef":
      return cefFormat(columns, file, CEF_VERSION);
  }
}

/** Of the events, as receivers tell them apart: another one once their keys mean something else. */
const CEF_VERSION = "1";

const ndjsonFormat = (file: ByteSink): FormatWriter => ({
  write(_, lines) {
    for (const line of lines) file.writeText(`${line}\n`);
  },
  end() {},
});
