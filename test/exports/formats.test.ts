import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { createCanonical, formatMicros, unixMicros } from "../../src/exports/canonical.ts";
import { leafHash, MerkleTree } from "../../src/exports/merkle.ts";
import { BINARY_READERS } from "../../src/exports/binary-rows.ts";
import { READERS, type RowReader } from "../../src/exports/verify-export.mjs";
import { type FileEntry, TableFile } from "../../src/exports/table-file.ts";
import { TABLE_FORMATS, type TableFormat } from "../../src/exports/table-format.ts";
import { CALL_COLUMNS, type Cell, OPERATION_COLUMNS, type Row } from "../../src/model/evidence.ts";
import { instantFromMs } from "../../src/model/time.ts";
import { at, claims, gatewayError, gatewayRequest, operation } from "../builders.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { evidenceOf, rowsOf } from "./evidence-rows.ts";

type Db = Awaited<ReturnType<DuckDBInstance["connect"]>>;
let db: Db;
beforeAll(async () => {
  db = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  await db.run("set TimeZone = 'Asia/Kathmandu'");
});

const canonical = createCanonical(CALL_COLUMNS);

function rootOf(lines: Iterable<string>): string {
  const tree = new MerkleTree();
  for (const line of lines) tree.add(leafHash(Buffer.from(line)));
  return tree.root().toString("hex");
}

const writeCalls = (folder: string, format: TableFormat, rows: readonly Row[]): FileEntry =>
  writeTable(new TableFile(folder, "calls", format), rows);

function writeTable(file: TableFile, rows: readonly Row[]): FileEntry {
  for (const row of rows) file.add(row);
  const [entry] = file.close();
  if (entry === undefined) throw new Error("no entry");
  return entry;
}

async function readBack(folder: string, { name, table }: FileEntry): Promise<string[]> {
  const lines: string[] = [];
  const readers: Readonly<Record<string, RowReader>> = { ...READERS, ...BINARY_READERS };
  const reader = readers[table?.format ?? ""];
  if (reader === undefined || table === undefined) throw new Error("no reader");
  for await (const line of reader(join(folder, name), table.columns)) lines.push(Buffer.from(line).toString());
  return lines;
}

/** Rows of a file as DuckDB reads them, instants as UTC text, as canonical lines. */
async function duckLines(path: string, format: "parquet" | "csv" | "ndjson"): Promise<string[]> {
  const columns = CALL_COLUMNS.map(({ name, type }) =>
    type === "instant" && format === "parquet"
      ? `strftime("${name}" at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as "${name}"`
      : `"${name}"`,
  );
  const typed = CALL_COLUMNS.map(({ name }) => `'${name}': 'VARCHAR'`).join(", ");
  const from = {
    parquet: `read_parquet('${path}')`,
    csv: `read_csv('${path}', all_varchar = true, header = true, nullstr = '', allow_quoted_nulls = false, quote = '"', escape = '"', delim = ',', strict_mode = true)`,
    ndjson: `read_json('${path}', format = 'newline_delimited', columns = {${typed}})`,
  }[format];
  const reader = await db.runAndReadAll(`select ${columns.join(", ")} from ${from}`);
  return reader.getRowsJson().map((row) => canonical(row.map((cell, i) => cellOf(cell, i, format))));
}

function cellOf(cell: unknown, i: number, format: string): Cell {
  if (cell === null || typeof cell === "number" || typeof cell === "boolean") return cell;
  if (typeof cell !== "string") throw new Error("a cell that is no scalar");
  const text = cell;
  const { type } = CALL_COLUMNS[i] ?? {};
  if (type === "text" || type === "instant") return format === "csv" && text.startsWith("'") ? text.slice(1) : text;
  return type === "boolean" ? text === "true" : Number(text);
}

const sample: readonly Row[] = Array.from({ length: 40 }, (_, i) => {
  const refused = i % 3 === 0;
  return evidenceOf(
    gatewayRequest({
      time: at(i + 0.123),
      status: refused ? 403 : 200,
      claims: claims({ expires: at(900) }),
      url: "https://api.example/orders",
      totalMs: 12.5,
      ...(refused ? { error: gatewayError("=TokenExpired"), backendStatus: 403 } : {}),
    }),
    i % 2 === 0 ? [operation({ time: at(i + 0.2), requestCharge: 2.83, status: refused ? 403 : 200 })] : [],
  ).call;
});

test("a row of a call has a cell for each column, and one of an operation too", () => {
  const { call, operations, ids } = evidenceOf(gatewayRequest({ status: 401 }), [operation()]);
  expect(call).toHaveLength(CALL_COLUMNS.length);
  expect(operations.map(({ length }) => length)).toEqual([OPERATION_COLUMNS.length]);
  expect(ids).toHaveLength(2);
  expect(evidenceOf(undefined, [operation()]).call).toHaveLength(CALL_COLUMNS.length);
});

test("the Merkle trees are those of RFC 6962", () => {
  const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const roots = leaves.map((_, i) => {
    const tree = new MerkleTree();
    for (const leaf of leaves.slice(0, i + 1)) tree.add(leafHash(Buffer.from(leaf, "hex")));
    return tree.root().toString("hex");
  });
  expect(new MerkleTree().root().toString("hex")).toBe(
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  expect(roots).toEqual([
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]);
});

test("instants keep their microseconds", () => {
  expect(formatMicros(instantFromMs(1_795_608_000_123, 4_567))).toBe("2026-11-25T12:00:00.123456Z");
  expect(unixMicros(instantFromMs(1_000_000_000_000, 9_999))).toBe(1_000_000_000_000_999n);
});

describe.each([...TABLE_FORMATS])("%s", (format) => {
  test("any rows are read back as they were written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowsOf(CALL_COLUMNS), { maxLength: 12 }), async (rows) => {
        await using folder = await temporaryFolder();
        const entry = writeCalls(folder.path, format, rows);
        const lines = rows.map(canonical);
        expect(await readBack(folder.path, entry)).toEqual(lines);
        expect(entry.table).toMatchObject({ rows: rows.length, merkleRoot: rootOf(lines) });
      }),
      { numRuns: 40 },
    );
  });

  test("columns that are all null, and more rows than one group holds", async () => {
    await using folder = await temporaryFolder();
    const bare = OPERATION_COLUMNS.map(({ required, type }) =>
      required === true ? { text: "x", integer: 1, decimal: 1, boolean: false, instant: 0 }[type] : null,
    );
    const rows = Array.from({ length: format === "parquet" || format === "arrow" ? 17_000 : 10 }, (_, i) =>
      bare.with(0, String(i)),
    );
    const entry = writeTable(new TableFile(folder.path, "operations", format), rows);
    expect(rootOf(await readBack(folder.path, entry))).toBe(entry.table?.merkleRoot);
  });
});

describe.each(["parquet", "csv", "ndjson"] as const)("DuckDB reads %s", (format) => {
  test.each([
    { name: "rows", rows: sample },
    { name: "no row", rows: [] },
  ])("$name, with the hashes that were signed", async ({ rows }) => {
    await using folder = await temporaryFolder();
    const entry = writeCalls(folder.path, format, rows);
    if (rows.length === 0 && format === "ndjson") expect(readFileSync(join(folder.path, entry.name), "utf8")).toBe("");
    const lines = await duckLines(join(folder.path, entry.name), format);
    expect(lines).toHaveLength(rows.length);
    expect(rootOf(lines)).toBe(entry.table?.merkleRoot);
  });
});

test("instants in Parquet are UTC for whoever reads them", async () => {
  await using folder = await temporaryFolder();
  const { name } = writeCalls(folder.path, "parquet", sample);
  const reader = await db.runAndReadAll(`describe select time from '${join(folder.path, name)}'`);
  expect(reader.getRowObjectsJson()).toMatchObject([{ column_type: "TIMESTAMP WITH TIME ZONE" }]);
});
