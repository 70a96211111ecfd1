/** `duckdb-parquet.ts NDJSON PARQUET`: a table of an export as DuckDB writes it, with Zstandard. */
import { DuckDBInstance } from "@duckdb/node-api";

const [, , from = "", to = ""] = process.argv;
const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
const connection = await instance.connect();
await connection.run(
  `COPY (SELECT * FROM read_json('${from}', format = 'newline_delimited')) TO '${to}' (FORMAT parquet, COMPRESSION zstd)`,
);
