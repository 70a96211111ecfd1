import { closeSync, openSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { makeFolder } from "../folder.ts";
import { networkFileSystem } from "./network-file-system.ts";
import { textCrc } from "./sqlite-columns.ts";
import {
  ANALYSIS_VERSION,
  APPLICATION_ID,
  CARRIED_VERSION,
  MIGRATIONS,
  SCHEMA,
  SCHEMA_VERSION,
} from "./sqlite-schema.ts";
import { StoreError, type StoreErrorKind } from "./store-error.ts";

export interface SqliteFileOptions {
  /** `statfs` type of a folder's file system; the kernel's answer by default. */
  readonly statfsType?: (folder: string) => number;
  /** Upper limit of the file; reaching it is a `full`. */
  readonly maxBytes?: number;
  /** How long to wait for another process that has the file. */
  readonly busyMs?: number;
}

/** Below it, two connections could corrupt a file in WAL mode. https://sqlite.org/wal.html#walresetbug */
const OLDEST_SQLITE = [3, 51, 3] as const;
const BUSY_MS = 5_000;
const PAGE_BYTES = 4_096;

/** Each is set, and read back: a promise of durability that the build or the disk does not keep is not made. */
const PRAGMAS: readonly { readonly name: string; readonly value: string; readonly reads: SQLOutputValue }[] = [
  { name: "page_size", value: String(PAGE_BYTES), reads: PAGE_BYTES },
  { name: "locking_mode", value: "exclusive", reads: "exclusive" },
  { name: "journal_mode", value: "wal", reads: "wal" },
  { name: "synchronous", value: "full", reads: 2 },
  { name: "mmap_size", value: "0", reads: 0 },
  { name: "trusted_schema", value: "off", reads: 0 },
  { name: "foreign_keys", value: "on", reads: 1 },
  { name: "cell_size_check", value: "on", reads: 1 },
  { name: "journal_size_limit", value: String(64 << 20), reads: 64 << 20 },
];

/**
 * Opens or creates the file for this process alone, checked and ready; throws `StoreError`.
 * Only the owner may read it, as it holds who called what.
 */
export function openSqliteFile(path: string, options: SqliteFileOptions = {}): DatabaseSync {
  const full = resolve(path);
  assertLocalDisk(full, options.statfsType ?? ((folder) => statfsSync(folder).type));
  const busyMs = options.busyMs ?? BUSY_MS;
  const db = connect(full, busyMs);
  try {
    assertVersion(full, db);
    setPragma(full, db, { name: "busy_timeout", value: String(busyMs), reads: busyMs });
    for (const pragma of PRAGMAS) setPragma(full, db, pragma);
    lock(full, db);
    db.function("text_crc", { deterministic: true, varargs: true }, (...texts) => textCrc(...texts.map(String)));
    prepareSchema(full, db);
    if (options.maxBytes !== undefined) db.exec(`pragma max_page_count = ${Math.floor(options.maxBytes / PAGE_BYTES)}`);
    return db;
  } catch (error) {
    db.close();
    throw storeErrorOf(full, "cannot be opened", error);
  }
}

function assertLocalDisk(path: string, statfsType: (folder: string) => number): void {
  const folder = dirname(path);
  try {
    makeFolder(folder);
    const network = networkFileSystem(statfsType(folder));
    if (network === undefined) return;
    const says = `lies on a network disk (${network}), where SQLite's locks and writes are not safe. Put the state on a local disk.`;
    throw new StoreError(path, "unfit", says);
  } catch (error) {
    throw storeErrorOf(path, "its folder cannot be used", error);
  }
}

function connect(path: string, busyMs: number): DatabaseSync {
  try {
    closeSync(openSync(path, "a", 0o600));
    return new DatabaseSync(path, { timeout: busyMs, enableForeignKeyConstraints: true });
  } catch (error) {
    throw storeErrorOf(path, "cannot be opened", error);
  }
}

function assertVersion(path: string, db: DatabaseSync): void {
  const version = String(db.prepare("select sqlite_version() as v").get()?.["v"]);
  const parts = version.split(".").map(Number);
  for (const [i, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[i] ?? 0;
    if (part > oldest) return;
    if (part < oldest) {
      const says = `SQLite ${version} is too old to be safe; ${OLDEST_SQLITE.join(".")} or newer is needed. Use a newer Node.`;
      throw new StoreError(path, "unfit", says);
    }
  }
}

function setPragma(path: string, db: DatabaseSync, { name, value, reads }: (typeof PRAGMAS)[number]): void {
  db.exec(`pragma ${name} = ${value}`);
  const found = Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0];
  if (found === reads) return;
  const says = `SQLite does not take ${name} = ${value} (it says ${String(found)}) here. Put the state on another disk.`;
  throw new StoreError(path, "unfit", says);
}

/** In exclusive mode the first write takes the lock until the file is closed. */
function lock(path: string, db: DatabaseSync): void {
  const application = pragmaNumber(db, "application_id");
  const isEmpty = db.prepare("select count(*) as n from sqlite_schema").get()?.["n"] === 0;
  if (application !== APPLICATION_ID && !isEmpty)
    throw new StoreError(path, "mismatch", "is a database of another program. Choose another path for the state.");
  db.exec("begin immediate; commit");
}

function prepareSchema(path: string, db: DatabaseSync): void {
  const version = pragmaNumber(db, "user_version");
  if (version > SCHEMA_VERSION) {
    const says = `was written by a newer version (schema ${version}, this one knows ${SCHEMA_VERSION}). Use that version, or another path.`;
    throw new StoreError(path, "mismatch", says);
  }
  if (version === 0) {
    db.exec(`begin immediate; ${SCHEMA} ${WRITE_VERSIONS} commit`);
    return;
  }
  // Not the quick one: that takes an index that lost its entries for sound, and alerts would not be found.
  const check = db.prepare("pragma integrity_check(1)").get()?.["integrity_check"];
  if (check !== "ok") throw corrupt(path, new Error(String(check)));
  for (let at = version; at < SCHEMA_VERSION; at++) migrate(path, db, at);
  assertAnalysis(path, db);
}

/** One step up; a file of a version without a step is left as it is. */
function migrate(path: string, db: DatabaseSync, version: number): void {
  const step = MIGRATIONS.get(version);
  if (step === undefined) {
    const says = `was written by an older version (schema ${version}, this one knows ${SCHEMA_VERSION}). Choose another path: what the sources still hold is read once more, from their configured start.`;
    throw new StoreError(path, "mismatch", says);
  }
  db.exec(`begin immediate; ${step} commit`);
}

/** Says which versions a snapshot is of. */
export const WRITE_VERSIONS = `insert into meta values ('analysis', '${ANALYSIS_VERSION}'), ('carried', '${CARRIED_VERSION}')
  on conflict (key) do update set value = excluded.value;`;

/** Whether what is held was written by a version whose snapshots are others. */
export const isOfOtherVersion = (db: DatabaseSync): boolean => versionIn(db, "analysis") !== String(ANALYSIS_VERSION);

const versionIn = (db: DatabaseSync, key: "analysis" | "carried"): string =>
  String(db.prepare("select value from meta where key = ?").get(key)?.["value"] ?? "1");

/** Of another version's snapshot a part is known where that part has the same version; of its journal nothing is. */
function assertAnalysis(path: string, db: DatabaseSync): void {
  if (!isOfOtherVersion(db)) return;
  const count = (table: "snapshot" | "journal"): unknown =>
    db.prepare(`select count(*) as n from ${table}`).get()?.["n"];
  const isCarried = versionIn(db, "carried") === String(CARRIED_VERSION);
  if (count("journal") === 0 && (isCarried || count("snapshot") === 0)) return;
  const found = versionIn(db, "analysis");
  const wayOut = isCarried
    ? "It was not ended in peace: start that version once more and stop it, then start this one."
    : "Use that version, or choose another path: what the sources still hold is read once more, from their configured start.";
  const says = `holds an analysis of another version (${found}, this one writes ${ANALYSIS_VERSION}). ${wayOut}`;
  throw new StoreError(path, "mismatch", says);
}

function pragmaNumber(db: DatabaseSync, name: string): number {
  const value = Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0];
  if (typeof value !== "number") throw new Error(`pragma ${name} gave ${typeof value}`);
  return value;
}

const corrupt = (path: string, cause: unknown): StoreError =>
  new StoreError(
    path,
    "corrupt",
    "is damaged and was not touched. Start serve with --salvage to go on from the rows that can be read. Or: Move it away and start again: what the sources still hold is read once more, from their configured start.",
    cause,
  );

/** Primary result codes. https://sqlite.org/rescode.html */
const RESULT = { busy: 5, locked: 6, io: 10, corrupt: 11, full: 13, notADatabase: 26 } as const;

/** What SQLite or the disk said, as a `StoreError` that tells what to do; `otherwise` is the kind of anything else. */
export function storeErrorOf(
  path: string,
  says: string,
  error: unknown,
  otherwise: StoreErrorKind = "unfit",
): StoreError {
  if (error instanceof StoreError) return error;
  switch (resultCode(error)) {
    case RESULT.busy:
    case RESULT.locked:
      return new StoreError(
        path,
        "in-use",
        "is in use by another process. Stop that one, or choose another path for the state.",
        error,
      );
    case RESULT.full:
      return new StoreError(
        path,
        "full",
        `${says}: no room left. Free some, or raise the limit; what was committed is safe.`,
        error,
      );
    case RESULT.io:
      return new StoreError(
        path,
        "broken",
        `${says}: the disk failed. Check it and start again; what was committed is safe.`,
        error,
      );
    case RESULT.corrupt:
    case RESULT.notADatabase:
      return corrupt(path, error);
    default:
      return otherwise === "corrupt"
        ? corrupt(path, error)
        : new StoreError(path, otherwise, `${says}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** The primary code of a SQLite error, else -1. */
function resultCode(error: unknown): number {
  const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : -1;
}
