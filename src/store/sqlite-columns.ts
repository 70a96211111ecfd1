import { crc32 } from "node:zlib";
import type { SQLOutputValue } from "node:sqlite";

type Row = Readonly<Record<string, SQLOutputValue>>;

/** Each reads one column and throws where the file holds another type there. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : wrongType(column, "text", value);
}

export function integerOf(row: Row, column: string): number {
  const value = row[column];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : wrongType(column, "an integer", value);
}

export const crcOf = (bytes: Uint8Array): number => crc32(bytes);

/** Of texts that belong together. */
export const textCrc = (...texts: readonly string[]): number => crc32(texts.join("\0"));

/** Throws where the row's `crc` is not that of these of its columns. */
export function checkTexts(row: Row, ...columns: readonly string[]): void {
  const texts = columns.map((column) => textOf(row, column));
  if (textCrc(...texts) !== integerOf(row, "crc"))
    throw new Error(`${columns.join(", ")} differ from what was written`);
}

/** The row's `bytes`; throws where they are not those that its `crc` was made of, as SQLite itself does not look. */
export function checkedBytesOf(row: Row): Uint8Array {
  const bytes = row["bytes"];
  if (!(bytes instanceof Uint8Array)) return wrongType("bytes", "bytes", bytes);
  if (crcOf(bytes) !== integerOf(row, "crc")) throw new Error("bytes differ from what was written");
  return bytes;
}

function wrongType(column: string, wanted: string, value: SQLOutputValue | undefined): never {
  throw new Error(`column ${column} holds ${value === null ? "null" : typeof value}, not ${wanted}`);
}
