/**
 * The job in DuckDB on one thread: `duckdb.ts bodies FILE` reads Event Hubs bodies and keeps all columns in a table;
 * `duckdb.ts split GATEWAY COSMOS` is its best form: one file a category, typed, only the columns that the answer needs.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { bodiesSql, splitSql } from "./duckdb-sql.ts";

const [, , form, first = "", second = ""] = process.argv;
const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
const connection = await instance.connect();
await connection.run("SET preserve_insertion_order=false");
const statements = form === "bodies" ? bodiesSql(first) : splitSql(first, second);
for (const statement of statements.prepare) await connection.run(statement);
const reader = await connection.runAndReadAll(statements.answer);
const [row = {}] = reader.getRowObjectsJson();
const answer = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
process.stdout.write(`${JSON.stringify(answer)}\n`);
