import { describe, expect, test } from "vitest";
import {
  ACCOUNT_READ,
  actionsOf,
  BATCH,
  MANAGEMENT,
  namesOf,
  needOf,
  permits,
  UNMAPPED,
  useName,
  useOf,
} from "../../src/privileges/actions.ts";

const short = (actions: number): readonly string[] =>
  namesOf(actions).map((name) =>
    name.replace("Microsoft.DocumentDB/databaseAccounts/", "").replace("sqlDatabases/containers/", ""),
  );
const full = (name: string): string => `Microsoft.DocumentDB/databaseAccounts/${name}`;
const ITEMS = ["items/create", "items/read", "items/replace", "items/upsert", "items/delete"];

const patterns: { name: string; texts: string[]; grants: string[] }[] = [
  { name: "a name", texts: [full("readMetadata")], grants: ["readMetadata"] },
  { name: "a name in another case", texts: [full("READMETADATA").toUpperCase()], grants: ["readMetadata"] },
  { name: "items by a wildcard", texts: [full("sqlDatabases/containers/items/*")], grants: [...ITEMS, "items/unmask"] },
  {
    name: "all of a container by a wildcard",
    texts: [full("sqlDatabases/containers/*")],
    grants: [...ITEMS, "executeQuery", "readChangeFeed", "executeStoredProcedure", "manageConflicts", "items/unmask"],
  },
  { name: "a wildcard inside", texts: [full("sqlDatabases/*/items/re*")], grants: ["items/read", "items/replace"] },
  { name: "a wildcard whose ends would overlap", texts: [`${full("readMeta")}*Metadata`], grants: [] },
  { name: "an action of management", texts: [full("listKeys/action")], grants: [] },
  { name: "nothing", texts: [], grants: [] },
];
describe("a role's texts grant", () => {
  test.each(patterns)("$name", ({ texts, grants }) => expect(short(actionsOf(texts))).toEqual(grants));
  test("everything by one star", () => expect(short(actionsOf(["*"]))).toHaveLength(11));
  test("no more in time that grows with the square of a hostile pattern", () =>
    expect(actionsOf(["*a".repeat(100)])).toBe(0));
});

const operations: { operation: string; type: string; use: string | number }[] = [
  { operation: "Read", type: "Document", use: "items/read" },
  { operation: "Head", type: "Document", use: "items/read" },
  { operation: "Create", type: "Document", use: "items/create" },
  { operation: "Patch", type: "Document", use: "items/replace" },
  { operation: "Upsert", type: "Document", use: "items/upsert" },
  { operation: "Delete", type: "Document", use: "items/delete" },
  { operation: "QueryPlan", type: "Document", use: "executeQuery" },
  { operation: "ReadFeed", type: "Document", use: "readChangeFeed" },
  { operation: "Execute", type: "StoredProcedure", use: "executeStoredProcedure" },
  { operation: "Read", type: "StoredProcedure", use: MANAGEMENT },
  { operation: "Delete", type: "Conflict", use: "manageConflicts" },
  { operation: "Read", type: "Collection", use: "readMetadata" },
  { operation: "Create", type: "Collection", use: MANAGEMENT },
  { operation: "Read", type: "DatabaseAccount", use: ACCOUNT_READ },
  { operation: "Batch", type: "Document", use: BATCH },
  { operation: "Query", type: "Offer", use: MANAGEMENT },
  { operation: "Ponder", type: "Document", use: UNMAPPED },
  { operation: "Read", type: "constructor", use: UNMAPPED },
];
describe("an operation uses", () => {
  test.each(operations)("$operation of $type", ({ operation, type, use }) => {
    const code = useOf(operation, type);
    if (typeof use === "number") expect(code).toBe(use);
    else expect(useName(code).endsWith(`/${use}`)).toBe(true);
  });
});

describe("a use needs", () => {
  const all = actionsOf(["*"]);
  test("metadata and the change feed with a query", () =>
    expect(short(needOf(useOf("Query", "Document"), all))).toEqual(["readMetadata", "executeQuery", "readChangeFeed"]));
  test("no more than is held", () => {
    const held = actionsOf([full("sqlDatabases/containers/executeQuery")]);
    expect(short(needOf(useOf("Query", "Document"), held))).toEqual(["executeQuery"]);
  });
  test("whatever could have permitted a batch", () =>
    expect(short(needOf(BATCH, all))).toEqual(["readMetadata", ...ITEMS]));
  test("nothing where it is not held: something else let it in", () =>
    expect(needOf(useOf("Read", "Document"), 0)).toBe(0));
  test("a role without metadata does not permit a read that had it", () => {
    const read = actionsOf([full("sqlDatabases/containers/items/read")]);
    expect(permits(read, useOf("Read", "Document"), all)).toBe(false);
    expect(permits(read, useOf("Read", "Document"), read)).toBe(true);
  });
});
