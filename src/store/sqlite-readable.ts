import type { DatabaseSync, SQLOutputValue } from "node:sqlite";

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Rows looked for one by one between those that can be reached from both ends. */
const MOST_PROBES = 200_000;

/**
 * The rows of a table of a damaged file that can be read and that `check` does not throw for: from the first on, from the last
 * back, and, where rows have numbers, each in between. `lost`: rows that are known to have been there.
 */
export function readableRows(
  db: DatabaseSync,
  table: string,
  check: (row: Row) => void,
): { readonly rows: readonly Row[]; readonly lost: number; readonly isWhole: boolean } {
  const taken = new Map<string, Row>();
  const wrong = new Set<string>();
  const take = (row: Row): void => {
    try {
      check(row);
      taken.set(keyOf(row), row);
    } catch {
      wrong.add(keyOf(row));
    }
  };
  const columns = columnsOf(db, table);
  const hasNumbers = columns.keys.length === 0;
  const list = hasNumbers ? ["rowid as row_number", "*"] : ["*"];
  const orders = hasNumbers ? ["rowid"] : columns.keys;
  const select = (rest: string): string => `select ${list.join(", ")} from ${table} ${rest}`;
  const first = walk(db, select(`order by ${orders.join(", ")}`), take);
  if (first.isWhole) return { rows: [...taken.values()].map(plain), lost: wrong.size, isWhole: wrong.size === 0 };
  const last = walk(db, select(`order by ${orders.map((key) => `${key} desc`).join(", ")}`), take);
  const between = hasNumbers ? probe(db, select("where rowid = ?"), { from: first.last, to: last.last }, take) : 0;
  return { rows: [...taken.values()].map(plain), lost: wrong.size + between, isWhole: false };
}

/** Number of a row beside its columns; those of tables that name theirs have it twice. */
function plain(row: Row): Row {
  const { row_number: place, ...columns } = row;
  return place === undefined ? row : columns;
}

const keyOf = (row: Row): string =>
  JSON.stringify(Object.values(row), (_, value: unknown) => (value instanceof Uint8Array ? value.length : value));

/** Columns of the primary key of a table without row numbers; none for others. */
function columnsOf(db: DatabaseSync, table: string): { readonly keys: readonly string[] } {
  const [kind] = db.prepare("select wr from pragma_table_list where name = ?").all(table);
  if (kind?.["wr"] !== 1) return { keys: [] };
  const info = db.prepare("select name from pragma_table_info(?) where pk > 0 order by pk").all(table);
  return { keys: info.map(({ name }) => String(name)) };
}

/** Rows until one cannot be read. */
function walk(
  db: DatabaseSync,
  sql: string,
  take: (row: Row) => void,
): { readonly last: number | undefined; readonly isWhole: boolean } {
  let last: number | undefined;
  try {
    for (const row of db.prepare(sql).iterate()) {
      take(row);
      if (typeof row["row_number"] === "number") last = row["row_number"];
    }
    return { last, isWhole: true };
  } catch {
    return { last, isWhole: false };
  }
}

/** Gives how many rows between two numbers cannot be read. */
function probe(
  db: DatabaseSync,
  sql: string,
  { from, to }: { readonly from: number | undefined; readonly to: number | undefined },
  take: (row: Row) => void,
): number {
  if (to === undefined) return 0;
  let lost = 0;
  const statement = db.prepare(sql);
  for (let place = Math.max((from ?? 0) + 1, to - MOST_PROBES); place < to; place++) {
    try {
      const row = statement.get(place);
      if (row !== undefined) take(row);
    } catch {
      lost += 1;
    }
  }
  return lost;
}
