/** `duckdb-read.ts BUNDLE`: reads the Parquet of a bundle and says whether its rows are those that were signed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { createCanonical } from "../../src/exports/canonical.ts";
import { leafHash, MerkleTree } from "../../src/exports/merkle.ts";
import type { FileEntry } from "../../src/exports/table-file.ts";
import { type Cell, EVIDENCE_TABLES } from "../../src/model/evidence.ts";

const [, , bundle = ""] = process.argv;
const { files } = JSON.parse(readFileSync(join(bundle, "manifest.json"), "utf8")) as { files: readonly FileEntry[] };
const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
const connection = await instance.connect();
for (const { name, table } of files) {
  if (table === undefined) continue;
  const columns = table.columns.map((column) =>
    column.type === "instant"
      ? `strftime("${column.name}" at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`
      : `"${column.name}"`,
  );
  const canonical = createCanonical(EVIDENCE_TABLES[table.name]);
  const tree = new MerkleTree();
  const result = await connection.stream(`SELECT ${columns.join(", ")} FROM read_parquet('${join(bundle, name)}')`);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
    for (const row of chunk.getRows()) tree.add(leafHash(Buffer.from(canonical(row as readonly Cell[]))));
  const isSigned = tree.count === table.rows && tree.root().toString("hex") === table.merkleRoot;
  console.log(
    `DuckDB reads ${tree.count} rows of ${name}: ${isSigned ? "those that were signed" : "OTHERS than were signed"}`,
  );
}
