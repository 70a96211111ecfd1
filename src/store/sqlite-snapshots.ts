import type { DatabaseSync } from "node:sqlite";
import { checkedBytesOf, crcOf, integerOf } from "./sqlite-columns.ts";
import { WRITE_VERSIONS } from "./sqlite-file.ts";

/** Snapshots in parts, each in a transaction of its own, of which one is in use. What is called in no transaction reads only. */
export interface SqliteSnapshots {
  readonly load: () => Uint8Array | undefined;
  readonly stage: (part: Uint8Array, isFirst: boolean) => void;
  /** The staged one is in use from now on. */
  readonly turn: () => void;
  /** Gives up a part of one that is not in use any more; whether one is left. */
  readonly tidy: () => boolean;
}

export function createSqliteSnapshots(db: DatabaseSync): SqliteSnapshots {
  const inUse = db.prepare("select cast(value as integer) as generation from meta where key = 'snapshot'");
  const parts = db.prepare("select bytes, crc from snapshot where generation = ? order by id");
  const size = db.prepare("select coalesce(sum(length(bytes)), 0) as size from snapshot where generation = ?");
  const forgetStaged = db.prepare("delete from snapshot where generation > ?");
  const cut = db.prepare(
    "update meta set value = (select coalesce(max(id), 0) from journal) where key = 'staged_after'",
  );
  const add = db.prepare("insert into snapshot (generation, bytes, crc) values (?, ?, ?)");
  const staged = db.prepare("select count(*) as parts from snapshot where generation = ?");
  const use = db.prepare("update meta set value = ? where key = 'snapshot'");
  const clearJournal = db.prepare(
    "delete from journal where id <= (select cast(value as integer) from meta where key = 'staged_after')",
  );
  const forgetOne = db.prepare(
    "delete from snapshot where id = (select id from snapshot where generation < ? order by id limit 1)",
  );
  const old = db.prepare("select count(*) as parts from snapshot where generation < ?");
  const generation = (): number => integerOf(inUse.get() ?? {}, "generation");
  return {
    load() {
      const current = generation();
      const bytes = Buffer.allocUnsafeSlow(integerOf(size.get(current) ?? {}, "size"));
      let at = 0;
      for (const row of parts.iterate(current)) {
        const part = checkedBytesOf(row);
        bytes.set(part, at);
        at += part.length;
      }
      return at === 0 ? undefined : bytes;
    },
    stage(part, isFirst) {
      const current = generation();
      if (isFirst) {
        forgetStaged.run(current);
        cut.run();
      }
      add.run(current + 1, part, crcOf(part));
    },
    turn() {
      const next = generation() + 1;
      if (integerOf(staged.get(next) ?? {}, "parts") === 0) throw new Error("no snapshot is staged");
      use.run(String(next));
      clearJournal.run();
      db.exec(WRITE_VERSIONS);
    },
    tidy() {
      const current = generation();
      forgetOne.run(current);
      return integerOf(old.get(current) ?? {}, "parts") > 0;
    },
  };
}
