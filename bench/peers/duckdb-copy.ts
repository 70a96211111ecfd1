/** `duckdb-copy.ts PARQUET PARQUET`: reads a table of an export and writes it again, with Zstandard. */
import { DuckDBInstance } from "@duckdb/node-api";

const [, , from = "", to = ""] = process.argv;
const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
const connection = await instance.connect();
await connection.run(`COPY (SELECT * FROM read_parquet('${from}')) TO '${to}' (FORMAT parquet, COMPRESSION zstd)`);
