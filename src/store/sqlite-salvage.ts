import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { isConserved } from "./conservation.ts";
import { parseFindingRow } from "./finding-row.ts";
import { checkedBytesOf, checkTexts, integerOf, textCrc, textOf } from "./sqlite-columns.ts";
import { openSqliteFile, storeErrorOf } from "./sqlite-file.ts";
import { checkOutboxRow } from "./sqlite-outbox.ts";
import { readableRows, type Row } from "./sqlite-readable.ts";
import { ANALYSIS_VERSION, SCHEMA_VERSION } from "./sqlite-schema.ts";
import { StoreError } from "./store-error.ts";

/** What became of one table of a damaged state. */
export interface SalvagedTable {
  readonly table: string;
  readonly kept: number;
  /** Rows that were there and are not any more; at least so many. */
  readonly lost: number;
  /** Whether nothing else can be missing. */
  readonly isWhole: boolean;
}

export interface Salvaged {
  readonly tables: readonly SalvagedTable[];
  /** The analysis goes on where it was; else what is usual is learned anew, counts begin anew, and open findings end. */
  readonly goesOn: boolean;
  /** Where the damaged file lies now. */
  readonly damaged: string;
}

/** Tables that an analysis goes on from: all of each, or none. */
const ANALYSIS = ["meta", "position", "ledger", "kept", "snapshot", "journal"] as const;
/** Tables whose rows each stand for themselves. */
const ROWS = ["finding", "outbox", "reject", "reject_count"] as const;
type Table = (typeof ANALYSIS)[number] | (typeof ROWS)[number];

type Found = ReturnType<typeof readableRows>;

/**
 * A new state with the rows of a damaged one that can be read and are what was written, row by row; throws `StoreError` where
 * the file cannot be read at all. Positions are kept only with the counts of what was read until there. `now` names the damaged file.
 */
export function salvage(path: string, now: number): Salvaged {
  const found = readAll(path);
  const goesOn = isAnalysisWhole(found);
  const kept = goesOn ? found : withoutAnalysis(found);
  const damaged = `${path}.damaged-${now}`;
  for (const suffix of ["-wal", "-shm", ""])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${damaged}${suffix}`);
  const db = openSqliteFile(path);
  try {
    const tables = [...kept].map(([table, { rows }]): SalvagedTable => {
      const before = found.get(table);
      const lost = (before?.rows.length ?? 0) + (before?.lost ?? 0) - rows.length;
      return { table, kept: rows.length, lost, isWhole: before?.isWhole === true };
    });
    db.exec("begin immediate");
    for (const [table, { rows }] of kept) for (const row of rows) insert(db, table, row);
    db.exec("commit");
    return { tables, goesOn, damaged };
  } catch (error) {
    throw storeErrorOf(path, "cannot be salvaged", error);
  } finally {
    db.close();
  }
}

/** Reads a copy, as SQLite writes where it opens a file that was not closed. */
function readAll(path: string): ReadonlyMap<Table, Found> {
  const copy = `${path}.salvage`;
  const forget = (): void => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${copy}${suffix}`, { force: true });
  };
  forget();
  for (const suffix of ["", "-wal"])
    if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
  const db = new DatabaseSync(copy);
  try {
    db.exec("pragma locking_mode = exclusive; pragma cell_size_check = on; pragma trusted_schema = off");
    const version = Object.values(db.prepare("pragma user_version").get() ?? {})[0];
    if (version !== SCHEMA_VERSION)
      throw new StoreError(
        path,
        "corrupt",
        `is damaged, and nothing of it can be read by this version (schema ${String(version)}).`,
      );
    return new Map([...ANALYSIS, ...ROWS].map((table) => [table, readableRows(db, table, CHECKS[table])]));
  } catch (error) {
    throw storeErrorOf(path, "is damaged, and nothing of it can be read", error, "corrupt");
  } finally {
    db.close();
    forget();
  }
}

/** Each throws where a row is not what was written. */
const CHECKS: Readonly<Record<Table, (row: Row) => void>> = {
  meta: (row) => textOf(row, "value"),
  position: (row) => textOf(row, "checkpoint"),
  ledger(row) {
    const [records, accepted, duplicate, filtered, rejected, bytes] = LEDGER.map((column) => integerOf(row, column));
    const counts = { records, accepted, duplicate, filtered, rejected, bytes };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    if (!isConserved(counts as Parameters<typeof isConserved>[0])) throw new Error("it does not add up");
  },
  kept: checkedBytesOf,
  snapshot: checkedBytesOf,
  journal: checkedBytesOf,
  finding(row) {
    checkTexts(row, "id", "body");
    parseFindingRow(textOf(row, "body"));
  },
  outbox: checkOutboxRow,
  reject: (row) => textOf(row, "detail"),
  reject_count: (row) => integerOf(row, "count"),
};
const LEDGER = ["records", "accepted", "duplicate", "filtered", "rejected", "bytes"] as const;

const isAnalysisWhole = (found: ReadonlyMap<Table, Found>): boolean =>
  ANALYSIS.every((table) => found.get(table)?.isWhole === true) &&
  valueIn(found, "analysis") === String(ANALYSIS_VERSION);

const valueIn = (found: ReadonlyMap<Table, Found>, key: string): SQLOutputValue | undefined =>
  found.get("meta")?.rows.find((row) => row["key"] === key)?.["value"];

/** What is left where the analysis cannot go on: positions with the counts that belong to them, and what stands for itself. */
function withoutAnalysis(found: ReadonlyMap<Table, Found>): ReadonlyMap<Table, Found> {
  const rowsOf = (table: Table): readonly Row[] => found.get(table)?.rows ?? [];
  const placeOf = (row: Row): string => JSON.stringify([row["source"], row["partition"]]);
  const both = (table: Table, other: Table): Row[] => {
    const places = new Set(rowsOf(other).map(placeOf));
    return rowsOf(table).filter((row) => places.has(placeOf(row)));
  };
  // What a source keeps beside its positions belongs to them: without all of it they are read again.
  const goOn = found.get("kept")?.isWhole === true;
  const rows = new Map<Table, readonly Row[]>([
    ["meta", rowsOf("meta").filter((row) => row["key"] === "identity")],
    ["position", goOn ? both("position", "ledger") : []],
    ["ledger", goOn ? both("ledger", "position") : []],
    ["kept", goOn ? rowsOf("kept") : []],
    ["snapshot", []],
    ["journal", []],
    ["finding", rowsOf("finding").map(endedFinding)],
    ["outbox", rowsOf("outbox")],
    ["reject", rowsOf("reject")],
    ["reject_count", rowsOf("reject_count")],
  ]);
  return new Map([...rows].map(([table, kept]) => [table, { rows: kept, lost: 0, isWhole: false }]));
}

/** Nobody follows it any more. */
function endedFinding(row: Row): Row {
  const finding = parseFindingRow(textOf(row, "body"));
  if (finding.kind !== "intermittent-refusal" || finding.status !== "open") return row;
  const ended = { ...finding, status: "resolved", end: finding.end ?? finding.detectedAt };
  const body = JSON.stringify(ended);
  return { ...row, body, crc: textCrc(textOf(row, "id"), body) };
}

/** A new file has rows of its own in `meta`; all names are of our schema. */
function insert(db: DatabaseSync, table: Table, row: Row): void {
  const columns = Object.keys(row);
  const holes = columns.map(() => "?").join(", ");
  const values: SQLInputValue[] = Object.values(row);
  db.prepare(`insert or replace into ${table} (${columns.join(", ")}) values (${holes})`).run(...values);
}
