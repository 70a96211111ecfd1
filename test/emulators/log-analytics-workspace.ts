import { createHash } from "node:crypto";

/** One row as a workspace holds it. */
export interface StoredRow {
  /** When it was taken in, ms since 1970; a fraction is kept to the 100 ns. */
  readonly ingested: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Tables of a workspace, and answers to the queries that Scopetrail sends. */
export interface FakeWorkspace {
  add(table: string, rows: readonly StoredRow[]): void;
  /** Rows that went for good, as a purge does. */
  remove(table: string, isGone: (row: StoredRow) => boolean): void;
  answer(query: string): QueryAnswer;
}

export type QueryAnswer =
  | { readonly kind: "rows"; readonly columns: readonly Column[]; readonly rows: readonly (readonly unknown[])[] }
  | { readonly kind: "no-table"; readonly table: string };

interface Column {
  readonly name: string;
  readonly type: string;
}

interface Query {
  readonly table: string;
  readonly from: number;
  readonly to: number;
  readonly byIngestion: boolean;
  readonly count: { readonly as: string; readonly ms: number } | undefined;
  readonly shards: number;
  readonly shard: number;
}

/** Understands what `queries/*.kql` become, and nothing else: another query is an error of the test. */
function parse(text: string): Query {
  const time = (name: string): number => Date.parse(valueOf(text, name, /datetime\((.+?)\)/));
  const count =
    /summarize Rows = count\(\) by (\w+) = tostring\(bin\((?:ingestion_time\(\)|TimeGenerated), (\w+)\)\)/.exec(text);
  const table = /^[A-Z]\w+$/m.exec(text)?.[0];
  if (table === undefined) throw new Error(`no table in ${text}`);
  const span = count?.[2] === "span" ? valueOf(text, "span", /(\d+)m/) : "1";
  return {
    table,
    from: time("since"),
    to: time("until"),
    byIngestion: text.includes("where ingestion_time() >= since and ingestion_time() < until"),
    count: count === null ? undefined : { as: count[1] ?? "", ms: Number(span) * 60_000 },
    shards: count === null ? Number(valueOf(text, "pieces", /(\d+)/)) : 1,
    shard: count === null ? Number(valueOf(text, "piece", /(\d+)/)) : 0,
  };
}

function valueOf(text: string, name: string, pattern: RegExp): string {
  const line = new RegExp(`^let ${name} = (.+);$`, "m").exec(text)?.[1] ?? "";
  const value = pattern.exec(line)?.[1];
  if (value === undefined) throw new Error(`no ${name} in ${text}`);
  return value;
}

/** With seven digits, as the service writes it. */
export function datetime(ms: number): string {
  const ticks = Math.round((ms - Math.floor(ms)) * 10_000);
  return `${new Date(Math.floor(ms)).toISOString().slice(0, -1)}${String(ticks).padStart(4, "0")}Z`;
}

const shardOf = (row: StoredRow): number =>
  createHash("sha256").update(JSON.stringify(row.values)).digest().readUInt32BE(0);
const generatedAt = ({ values }: StoredRow): number => Date.parse(String(values["TimeGenerated"]));

export function createWorkspace(): FakeWorkspace {
  const tables = new Map<string, StoredRow[]>();
  return {
    add(table, rows) {
      const known = tables.get(table) ?? [];
      tables.set(table, known);
      for (const row of rows) known.push(row);
    },
    remove(table, isGone) {
      tables.set(
        table,
        (tables.get(table) ?? []).filter((row) => !isGone(row)),
      );
    },
    answer(text) {
      const query = parse(text);
      const all = tables.get(query.table);
      if (all === undefined) return { kind: "no-table", table: query.table };
      const timeOf = query.byIngestion ? (row: StoredRow) => row.ingested : generatedAt;
      const found = all.filter((row) => timeOf(row) >= query.from && timeOf(row) < query.to);
      return query.count === undefined
        ? rowsOf(
            found.filter((row) => shardOf(row) % query.shards === query.shard),
            query.byIngestion,
          )
        : countsOf(found.map(timeOf), query.count);
    },
  };
}

function countsOf(times: readonly number[], { as, ms }: { readonly as: string; readonly ms: number }): QueryAnswer {
  const counts = new Map<number, number>();
  for (const time of times) {
    const bin = Math.floor(time / ms) * ms;
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const columns = [
    { name: as, type: "string" },
    { name: "Rows", type: "long" },
  ];
  return { kind: "rows", columns, rows: [...counts].map(([bin, count]) => [datetime(bin), count]) };
}

function rowsOf(found: readonly StoredRow[], byIngestion: boolean): QueryAnswer {
  const names = [...new Set(found.flatMap(({ values }) => Object.keys(values)))];
  const columns = names.map((name) => ({ name, type: "string" }));
  const rows = found.map(({ values, ingested }) => {
    const row = names.map((name) => values[name] ?? null);
    return byIngestion ? [...row, datetime(ingested)] : row;
  });
  return {
    kind: "rows",
    columns: byIngestion ? [...columns, { name: "ScopetrailIngested", type: "string" }] : columns,
    rows,
  };
}
