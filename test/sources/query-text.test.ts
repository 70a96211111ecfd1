import { createRequire } from "node:module";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rowsByIngestion, rowsByTime, rowsPerMinute, rowsPerSpan, TABLES } from "../../src/sources/query-text.ts";
import { instantFromMs } from "../../src/model/time.ts";
import { callKql, findingKql } from "../../src/server/kql.ts";
import { finding } from "../finding-builder.ts";
import { createKql } from "./kql.ts";

const FOLDER = join(import.meta.dirname, "../../queries");
const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".kql"));
const kql = createKql(createRequire(import.meta.url));

describe("each query of the folder", () => {
  test.each(files)("%s is right against the tables' columns, and says what it is for", async (name) => {
    const text = await readFile(join(FOLDER, name), "utf8");
    expect(kql.faults(text)).toEqual([]);
    for (const head of ["// Purpose: ", "// Tables: ", "// Columns: ", "// Look-back: "]) expect(text).toContain(head);
  });
});

const span = { from: Date.parse("2026-11-25T12:00:00.5Z"), to: Date.parse("2026-11-25T13:00:00Z") };
const slice = { ...span, shards: 4, shard: 3 };

describe("what is sent", () => {
  const sent = TABLES.flatMap((table) => [
    { table, query: rowsByIngestion(table, slice), columns: ["TimeGenerated", "ScopetrailIngested"] },
    { table, query: rowsByTime(table, slice), columns: ["TimeGenerated"] },
    { table, query: rowsPerMinute(table, span), columns: ["Minute", "Rows"] },
    { table, query: rowsPerSpan(table, span, 10), columns: ["Start", "Rows"] },
  ]);
  test.each(sent)("is right for $table and gives $columns", ({ table, query, columns }) => {
    expect(kql.faults(query)).toEqual([]);
    expect(kql.columns(query)).toEqual(expect.arrayContaining(columns));
    expect(query).toContain(`\n${table}\n`);
    expect(query).toContain("let since = datetime(2026-11-25T12:00:00.500Z);");
    expect(query).toContain("let until = datetime(2026-11-25T13:00:00.000Z);");
  });

  test("has a part of the rows where a slice is a part", () => {
    expect(rowsByIngestion("AzureActivity", slice)).toContain("let pieces = 4;\nlet piece = 3;\n");
    expect(rowsPerSpan("AzureActivity", span, 30)).toContain("let span = 30m;\n");
  });
});

test("the query that a finding shows is right, whatever its split and its end", () => {
  for (const end of [null, instantFromMs(Date.parse("2026-11-25T14:00:00Z"))]) {
    for (const where of [
      {},
      { region: "West Europe", backend: 'a"b' },
      { container: "orders", callerNetwork: "10.1.2.0/24" },
    ]) {
      const splits = finding().splits.map((split) => Object.assign({}, split, { where }));
      expect(kql.faults(findingKql(finding({ end, splits })))).toEqual([]);
    }
  }
});

test("the query that a call shows is right, whatever its ids", () => {
  for (const id of ["3f06647e-1111-4222-8333-530eb9f15261", 'x" or 1 == 1 // \\'])
    expect(kql.faults(callKql({ ids: [id, "other"], time: instantFromMs(0) }))).toEqual([]);
});

test("a column that a table does not have is seen", () => {
  expect(kql.faults("CDBDataPlaneRequests | where NoSuchColumn == 1")).toEqual([
    "KS142 The name 'NoSuchColumn' does not refer to any known column, table, variable or function.",
  ]);
  expect(kql.faults("NoSuchTable | count")).toEqual([expect.stringContaining("NoSuchTable")]);
});
