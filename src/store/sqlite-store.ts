import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { entry } from "../lib/entry.ts";
import type { Finding } from "../model/finding.ts";
import { assertConserved, isConserved } from "./conservation.ts";
import { formatFindingRow, parseFindingRow } from "./finding-row.ts";
import { backUp } from "./sqlite-backup.ts";
import { checkedBytesOf, checkTexts, crcOf, integerOf, textCrc, textOf } from "./sqlite-columns.ts";
import { isOfOtherVersion, openSqliteFile, type SqliteFileOptions, storeErrorOf } from "./sqlite-file.ts";
import { createSqliteOutbox } from "./sqlite-outbox.ts";
import { createSqliteRejects } from "./sqlite-rejects.ts";
import { createSqliteSnapshots } from "./sqlite-snapshots.ts";
import { spoolBeside } from "./spool.ts";
import { type Commit, KEPT_FINDINGS, type LedgerRow, type Saved, type Store } from "./store.ts";
import { StoreError } from "./store-error.ts";

export interface SqliteStoreOptions extends SqliteFileOptions {
  /** What the state is of (sources by name and hub); a file that is of something else is refused. */
  readonly identity?: string;
}

/**
 * State in one SQLite file that this process alone has open; throws `StoreError`.
 * After a failed fsync nothing more is written: the file holds the last commit that returned.
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const db = openSqliteFile(path, options);
  try {
    if (options.identity !== undefined) checkIdentity(path, db, options.identity);
    return createStore(path, db);
  } catch (error) {
    db.close();
    throw storeErrorOf(path, "cannot be opened", error);
  }
}

function checkIdentity(path: string, db: DatabaseSync, identity: string): void {
  db.prepare("insert into meta (key, value) values ('identity', ?) on conflict (key) do nothing").run(identity);
  const row = db.prepare("select value from meta where key = 'identity'").get() ?? {};
  const found = textOf(row, "value");
  if (found === identity) return;
  const says = `is the state of ${found}, not of ${identity}. Choose another path for the state, or take back the change of the sources.`;
  throw new StoreError(path, "mismatch", says);
}

function createStore(path: string, db: DatabaseSync): Store {
  const outbox = createSqliteOutbox(db);
  const rejects = createSqliteRejects(db);
  const snapshots = createSqliteSnapshots(db);
  const write = createWriter(db, snapshots.turn);
  let broken: StoreError | undefined;

  /** One transaction; whatever fails in it, nothing of it stays. */
  const transact = <T>(says: string, work: () => T): T => {
    if (broken !== undefined) throw broken;
    try {
      db.exec("begin immediate");
      const done = work();
      db.exec("commit");
      return done;
    } catch (error) {
      rollBack(db);
      const failure = storeErrorOf(path, says, error);
      if (failure.kind === "broken" || failure.kind === "corrupt") broken = failure;
      throw failure;
    }
  };
  const read = <T>(says: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw storeErrorOf(path, says, error, "corrupt");
    }
  };

  return {
    load: () => read("cannot be loaded", () => loadSaved(db, snapshots.load(), outbox)),
    spool: (pieces, breathe) => spoolBeside(path, pieces, breathe),
    stage: (part, isFirst) => transact("cannot keep a snapshot", () => snapshots.stage(part, isFirst)),
    tidy: () => transact("cannot give up a snapshot", () => snapshots.tidy()),
    commit(commit) {
      assertConserved(commit.ledger);
      const findings = commit.findings.map((finding) => [finding.id, formatFindingRow(finding)] as const);
      transact("cannot be committed to", () => {
        write(commit, findings);
        outbox.add(commit.outbox);
        rejects.add(commit.rejects);
      });
    },
    positions: () => read("its positions cannot be read", () => loadPositions(db)),
    ledger: () => read("its ledger cannot be read", () => loadLedger(db)),
    findings: () => read("its findings cannot be read", () => loadFindings(db)),
    ...rowsOf({ read, transact, outbox, rejects }),
    async backUp() {
      if (broken !== undefined) throw broken;
      try {
        await backUp(db, path);
      } catch (error) {
        throw storeErrorOf(path, "cannot be copied", error);
      }
    },
    close() {
      if (!db.isOpen) return;
      if (broken === undefined) db.exec("pragma wal_checkpoint(truncate)");
      db.close();
    },
  };
}

interface Rows {
  readonly read: <T>(says: string, work: () => T) => T;
  readonly transact: <T>(says: string, work: () => T) => T;
  readonly outbox: ReturnType<typeof createSqliteOutbox>;
  readonly rejects: ReturnType<typeof createSqliteRejects>;
}

/** What is read and marked beside commits. */
const rowsOf = ({
  read,
  transact,
  outbox,
  rejects,
}: Rows): Pick<
  Store,
  "rejects" | "rejectCounts" | "due" | "lease" | "fold" | "notify" | "sent" | "retry" | "dead"
> => ({
  rejects: (query) => read("its rejects cannot be read", () => rejects.rejects(query)),
  rejectCounts: () => read("its rejects cannot be read", rejects.rejectCounts),
  due: (now, limit) => read("its alerts cannot be read", () => outbox.due(now, limit)),
  lease: (alertId, target, until) => transact("cannot mark an alert", () => outbox.lease(alertId, target, until)),
  fold: (target, alertIds, digest) => transact("cannot fold alerts", () => outbox.fold(target, alertIds, digest)),
  notify: (alerts) => transact("cannot add an alert", () => outbox.add(alerts)),
  sent: (alertId, target) => transact("cannot mark an alert", () => outbox.sent(alertId, target)),
  retry: (alertId, target, next, because) =>
    transact("cannot mark an alert", () => outbox.retry(alertId, target, next, because)),
  dead: (alertId, target, because) => transact("cannot mark an alert", () => outbox.dead(alertId, target, because)),
});

/** SQLite itself may have rolled back already, and a failing disk may fail this as well: the error to tell is the first one. */
function rollBack(db: DatabaseSync): void {
  if (!db.isTransaction) return;
  try {
    db.exec("rollback");
  } catch {
    // Told by the error that led here.
  }
}

type Write = (commit: Commit, findings: readonly (readonly [id: string, body: string])[]) => void;

function createWriter(db: DatabaseSync, turn: () => void): Write {
  const position = db.prepare(`insert into position (source, partition, checkpoint) values (?, ?, ?)
    on conflict (source, partition) do update set checkpoint = excluded.checkpoint`);
  const keep = db.prepare(`insert into kept (source, key, bytes, crc) values (?, ?, ?, ?)
    on conflict (source, key) do update set bytes = excluded.bytes, crc = excluded.crc`);
  const forgetKept = db.prepare("delete from kept where source = ? and key = ?");
  const ledger = db.prepare(`insert into ledger values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (source, partition) do update set records = records + excluded.records, accepted = accepted + excluded.accepted,
    duplicate = duplicate + excluded.duplicate, filtered = filtered + excluded.filtered, rejected = rejected + excluded.rejected,
    bytes = bytes + excluded.bytes`);
  const journal = db.prepare("insert into journal (bytes, crc) values (?, ?)");
  const finding = db.prepare(
    "insert into finding (id, body, crc) values (?, ?, ?) on conflict (id) do update set body = excluded.body, crc = excluded.crc",
  );
  const forget = db.prepare(`delete from finding where rowid <= (select max(rowid) from finding) - ${KEPT_FINDINGS}`);

  return (commit, findings) => {
    for (const [source, partitions] of commit.positions)
      for (const [partition, checkpoint] of partitions) position.run(source, partition, checkpoint);
    for (const [source, entries] of commit.kept)
      for (const [key, bytes] of entries) {
        if (bytes === undefined) forgetKept.run(source, key);
        else keep.run(source, key, bytes, crcOf(bytes));
      }
    for (const [source, partitions] of commit.ledger)
      for (const [partition, row] of partitions) ledger.run(source, partition, ...ledgerColumns(row));
    if (commit.turns === true) turn();
    if (commit.journal.length > 0) journal.run(commit.journal, crcOf(commit.journal));
    for (const [id, body] of findings) finding.run(id, body, textCrc(id, body));
    if (findings.length > 0) forget.run();
  };
}

const ledgerColumns = (row: LedgerRow): readonly number[] => [
  row.records,
  row.accepted,
  row.duplicate,
  row.filtered,
  row.rejected,
  row.bytes,
];

function loadSaved(db: DatabaseSync, snapshot: Saved["snapshot"], outbox: { check(): void }): Saved {
  outbox.check();
  return {
    positions: loadPositions(db),
    kept: nested(db.prepare("select source, key as partition, bytes, crc from kept").all(), checkedBytesOf),
    snapshot,
    journal: db.prepare("select bytes, crc from journal order by id").all().map(checkedBytesOf),
    isOtherVersion: snapshot !== undefined && isOfOtherVersion(db),
  };
}

const loadFindings = (db: DatabaseSync): ReturnType<Store["findings"]> =>
  db.prepare("select id, body, crc from finding order by rowid").all().map(checkedFindingOf);

/** The finding of a row; throws where it is not what was written. */
function checkedFindingOf(row: Readonly<Record<string, SQLOutputValue>>): Finding {
  checkTexts(row, "id", "body");
  return parseFindingRow(textOf(row, "body"));
}

const loadPositions = (db: DatabaseSync): Saved["positions"] =>
  nested(db.prepare("select source, partition, checkpoint from position").all(), (row) => textOf(row, "checkpoint"));

const loadLedger = (db: DatabaseSync): ReturnType<Store["ledger"]> =>
  nested(db.prepare("select * from ledger").all(), (columns) => {
    const row = {
      records: integerOf(columns, "records"),
      accepted: integerOf(columns, "accepted"),
      duplicate: integerOf(columns, "duplicate"),
      filtered: integerOf(columns, "filtered"),
      rejected: integerOf(columns, "rejected"),
      bytes: integerOf(columns, "bytes"),
    };
    if (!isConserved(row)) throw new Error("a row of the ledger does not add up");
    return row;
  });

/** Rows with `source` and `partition` as source → partition → value. */
function nested<T>(
  rows: readonly Record<string, SQLOutputValue>[],
  valueOf: (row: Record<string, SQLOutputValue>) => T,
): ReadonlyMap<string, ReadonlyMap<string, T>> {
  const sources = new Map<string, Map<string, T>>();
  for (const row of rows) {
    const partitions = entry(sources, textOf(row, "source"), () => new Map<string, T>());
    partitions.set(textOf(row, "partition"), valueOf(row));
  }
  return sources;
}
