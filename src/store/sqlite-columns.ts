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

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : wrongType(column, "bytes", value);
}

function wrongType(column: string, wanted: string, value: SQLOutputValue | undefined): never {
  throw new Error(`column ${column} holds ${value === null ? "null" : typeof value}, not ${wanted}`);
}
