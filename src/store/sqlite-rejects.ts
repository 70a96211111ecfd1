import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { gunzipSync, gzipSync } from "node:zlib";
import { integerOf, textOf } from "./sqlite-columns.ts";
import { KEPT_REJECTS, type RejectCount, type RejectRow, type RejectsOfCommit, type Store } from "./store.ts";

type Rejects = Pick<Store, "rejects" | "rejectCounts"> & {
  /** Within the caller's transaction. */
  add(rejects: RejectsOfCommit): void;
};

/** Of one record; the largest of a gateway's is 32 KB. */
const MOST_RAW = 65_536;

export function createSqliteRejects(db: DatabaseSync): Rejects {
  const insert = db.prepare(`insert into reject (source, partition, sequence, place, stage, reason, detail, sample, raw)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`);
  const count = db.prepare(`insert into reject_count values (?, ?, ?, ?, ?)
    on conflict do update set count = count + excluded.count`);
  const remove = db.prepare("delete from reject where id = ?");
  const forget = db.prepare(`delete from reject where id <= (select max(id) from reject) - ${KEPT_REJECTS}`);
  const select = db.prepare("select * from reject where id > ? and (? is null or reason = ?) order by id limit ?");
  const counts = db.prepare(
    "select source, partition, stage, reason, count from reject_count order by count desc, source, partition, stage, reason",
  );
  const held = db.prepare(
    "select count(*) as n from reject where source = ? and partition = ? and stage = ? and reason = ?",
  );
  return {
    add({ rows, counts: added, retried }) {
      for (const id of retried) remove.run(id);
      for (const row of rows) {
        const raw = row.raw === undefined || row.raw.length > MOST_RAW ? null : gzipSync(row.raw);
        const { source, partition, sequence, place, stage, reason, detail, sample } = row;
        insert.run(source, partition, sequence, place, stage, reason, detail, sample, raw);
      }
      for (const { source, partition, stage, reason, count: n } of added)
        count.run(source, partition, stage, reason, n);
      if (rows.length > 0) forget.run();
    },
    rejects({ after, limit, reason = null }) {
      return select.all(after, reason, reason, limit).map(rejectRow);
    },
    rejectCounts() {
      return counts.all().map((row): RejectCount => {
        const [source, partition, stage, reason] = [
          textOf(row, "source"),
          textOf(row, "partition"),
          textOf(row, "stage"),
          textOf(row, "reason"),
        ];
        const kept = held.get(source, partition, stage, reason) ?? {};
        return { source, partition, stage, reason, count: integerOf(row, "count"), kept: integerOf(kept, "n") };
      });
    },
  };
}

function rejectRow(row: Readonly<Record<string, SQLOutputValue>>): RejectRow {
  const kept = {
    id: integerOf(row, "id"),
    source: textOf(row, "source"),
    partition: textOf(row, "partition"),
    sequence: integerOf(row, "sequence"),
    place: integerOf(row, "place"),
    stage: textOf(row, "stage"),
    reason: textOf(row, "reason"),
    detail: textOf(row, "detail"),
    sample: textOf(row, "sample"),
  };
  const raw = row["raw"];
  if (!(raw instanceof Uint8Array)) return kept;
  return { ...kept, raw: gunzipSync(raw, { maxOutputLength: 4 * MOST_RAW }).toString("utf8") };
}
