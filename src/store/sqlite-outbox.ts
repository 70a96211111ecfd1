import type { DatabaseSync } from "node:sqlite";
import { checkTexts, integerOf, textCrc, textOf } from "./sqlite-columns.ts";
import type { Commit, OutboxRow, Store } from "./store.ts";

type Outbox = Pick<Store, "due" | "lease" | "sent" | "retry" | "dead" | "fold"> & {
  /** Throws where a row that waits is not what was written. */
  check(): void;
  /** Within the caller's transaction. */
  add(rows: Commit["outbox"]): void;
};

/** What a new row is made of. */
const columnsOf = ({ alertId, target, body, findingId = alertId }: Commit["outbox"][number]): (string | number)[] => [
  alertId,
  target,
  findingId,
  body,
  textCrc(alertId, target, findingId, body),
];

/** Throws where an alert is not what was written. */
export const checkOutboxRow = (row: Parameters<typeof checkTexts>[0]): void =>
  checkTexts(row, "alert", "target", "finding", "body");

/** Alerts done with that are kept to look at, newest. */
const KEPT = 10_000;

export function createSqliteOutbox(db: DatabaseSync): Outbox {
  // Whoever had leased them is gone: this process alone has the file.
  db.exec("update outbox set state = 'pending', next = 0 where state = 'leased'");
  const insert = db.prepare(`insert into outbox (alert, target, finding, body, crc, state, attempts, next)
    values (?, ?, ?, ?, ?, 'pending', 0, 0) on conflict (alert, target) do nothing`);
  const forget = db.prepare(
    `delete from outbox where state not in ('pending', 'leased') and id <= (select max(id) from outbox) - ${KEPT}`,
  );
  const waiting = db.prepare("select * from outbox where state in ('pending', 'leased')");
  const selectDue = db.prepare(`select alert, target, finding, body, crc, attempts from outbox as later
    where state in ('pending', 'leased') and next <= ? and not exists (
      select 1 from outbox as earlier
      where earlier.target = later.target and earlier.finding = later.finding and earlier.state in ('pending', 'leased') and earlier.id < later.id)
    order by id limit ?`);
  const close = db.prepare(`update outbox set state = ?, attempts = attempts + 1, because = ?
    where alert = ? and target = ? and state in ('pending', 'leased')`);
  const lease = db.prepare(`update outbox set state = 'leased', next = ?
    where alert = ? and target = ? and state in ('pending', 'leased')`);
  const fold = db.prepare(`update outbox set state = 'folded', because = ?
    where alert = ? and target = ? and state in ('pending', 'leased')`);
  const postpone = db.prepare(`update outbox set state = 'pending', attempts = attempts + 1, next = ?, because = ?
    where alert = ? and target = ? and state in ('pending', 'leased')`);

  return {
    check() {
      for (const row of waiting.iterate()) checkOutboxRow(row);
    },
    add(rows) {
      for (const row of rows) insert.run(...columnsOf(row));
      if (rows.length > 0) forget.run();
    },
    due(now, limit) {
      return selectDue.all(now, limit).map((row): OutboxRow => {
        checkOutboxRow(row);
        return {
          alertId: textOf(row, "alert"),
          target: textOf(row, "target"),
          findingId: textOf(row, "finding"),
          body: textOf(row, "body"),
          attempts: integerOf(row, "attempts"),
        };
      });
    },
    lease(alertId, target, until) {
      lease.run(until, alertId, target);
    },
    fold(target, alertIds, { alertId, body }) {
      insert.run(...columnsOf({ alertId, target, body }));
      for (const id of alertIds) fold.run(alertId, id, target);
    },
    sent(alertId, target) {
      close.run("sent", null, alertId, target);
    },
    retry(alertId, target, next, because) {
      postpone.run(next, because, alertId, target);
    },
    dead(alertId, target, because) {
      close.run("dead", because, alertId, target);
    },
  };
}
