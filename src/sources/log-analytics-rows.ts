import { createHash } from "node:crypto";
import type { RawRecord } from "../model/record.ts";
import type { Answer } from "./log-analytics-client.ts";
import type { TableName } from "./query-text.ts";

/** One row of an answer, told apart from every other of its table. */
export interface HashedRow {
  /** When the workspace took it in, in µs since 1970; of a query by event time, its event time. */
  readonly micros: number;
  /** 128 bits over its values, and over how often the same row stood before it. */
  readonly hash: Buffer;
  readonly value: Readonly<Record<string, unknown>>;
}

export const HASH_BYTES = 16;
const INGESTED = "ScopetrailIngested";

/** The rows of an answer, in the order of `timeColumn`, and of their hashes where that is the same. */
export function hashedRows(answer: Answer, timeColumn: typeof INGESTED | "TimeGenerated"): readonly HashedRow[] {
  const seen = new Map<string, number>();
  const rows = answer.rows.map((row) => hashedRow(answer.columns, row, { timeColumn, seen }));
  return rows.toSorted((a, b) => a.micros - b.micros || Buffer.compare(a.hash, b.hash));
}

/** The order of columns, and columns that are added later and empty, do not change a row's hash. */
function hashedRow(
  columns: readonly string[],
  row: readonly unknown[],
  { timeColumn, seen }: { readonly timeColumn: string; readonly seen: Map<string, number> },
): HashedRow {
  const filled = columns.flatMap((name, i): readonly (readonly [string, unknown])[] => {
    const value = row[i];
    return value === null || value === undefined || value === "" ? [] : [[name, value]];
  });
  const text = JSON.stringify(filled.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const before = seen.get(text) ?? 0;
  seen.set(text, before + 1);
  const hash = createHash("sha256").update(`${before}|${text}`).digest().subarray(0, HASH_BYTES);
  const time = row[columns.indexOf(timeColumn)];
  const value = Object.fromEntries(filled.filter(([name]) => name !== INGESTED));
  return { micros: microsOf(time), hash, value };
}

/** µs since 1970 of `2026-11-25T12:00:00.1234567Z`; 0 for what is no time. */
function microsOf(time: unknown): number {
  const text = time instanceof Date ? time.toISOString() : String(time);
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return 0;
  const [, digits = ""] = /\.\d{3}(\d{1,3})/.exec(text) ?? [];
  return ms * 1_000 + Number(digits.padEnd(3, "0"));
}

/** The row as a record; the table is named as Log Analytics itself names it in an export. */
export function recordOf(
  { micros, hash, value }: HashedRow,
  { source, partition, table }: { readonly source: string; readonly partition: string; readonly table: TableName },
): RawRecord {
  const typed = Object.hasOwn(value, "Type") ? value : { ...value, Type: table };
  return {
    value: typed,
    position: { source, partition, sequence: micros, index: hash.readUInt32BE(0) },
    repairs: [],
  };
}
