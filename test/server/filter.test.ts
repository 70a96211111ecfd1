import { expect, test } from "vitest";
import { FACETS, facetValues, filterOf, isAsked } from "../../src/server/filter.ts";
import { inOrder } from "../../src/findings/order.ts";
import { afterCursor, afterCursorOrFault, cursorOf } from "../../src/server/paging.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

const findings = [
  finding({ id: "F-A" }),
  finding({
    id: "F-B",
    status: "resolved",
    end: at(100),
    severity: "low",
    layer: "gateway",
    subject: { api: "stock" },
  }),
  finding({
    id: "F-C",
    severity: "medium",
    counts: { calls: 9, refused: 5, status: { "401": 5, "403": 0 }, usualRate: 0 },
  }),
];
const asked = (query: string, range?: Parameters<typeof filterOf>[1]) => {
  const parameters = new URLSearchParams(query);
  const filter = filterOf((name) => (parameters.has(name) ? parameters.getAll(name) : undefined), range);
  return findings.filter((one) => isAsked(one, filter)).map(({ id }) => id);
};

const rows: { query: string; ids: string[] }[] = [
  { query: "", ids: ["F-A", "F-B", "F-C"] },
  { query: "status=open", ids: ["F-A", "F-C"] },
  { query: "status=open&status=resolved", ids: ["F-A", "F-B", "F-C"] },
  { query: "status=open&code=401", ids: ["F-C"] },
  { query: "layer=gateway", ids: ["F-B"] },
  { query: "api=stock&severity=high", ids: [] },
  { query: "backend=orders-b&severity=medium", ids: ["F-C"] },
  { query: "q=STOCK", ids: ["F-B"] },
  { query: "q=9a17c0de-1111", ids: ["F-A", "F-B", "F-C"] },
  { query: "status=", ids: ["F-A", "F-B", "F-C"] },
  { query: "cause=constructor", ids: [] },
  { query: "unknown=x", ids: ["F-A", "F-B", "F-C"] },
];
test.each(rows)("?$query asks for $ids", ({ query, ids }) => {
  expect(asked(query)).toEqual(ids);
});

test("a range asks for what went on in it", () => {
  expect(asked("", { from: at(200), to: at(300) })).toEqual(["F-A", "F-C"]);
  expect(asked("", { from: at(-300), to: at(-200) })).toEqual([]);
});

test("a facet counts what the other facets leave, and keeps what is asked for", () => {
  const filter = filterOf((name) => ({ status: ["open"], severity: ["low"] })[name]);
  const severity = FACETS.find(({ name }) => name === "severity");
  if (severity === undefined) throw new Error("there is a facet of severity");
  expect(facetValues(findings, filter, severity, 2)).toEqual([
    { value: "low", says: "low", count: 0, isAsked: true },
    { value: "high", says: "high", count: 1, isAsked: false },
  ]);
});

test("pages hold every finding once, in order, also when one goes meanwhile", () => {
  const all = inOrder(
    Array.from({ length: 57 }, (_, i) =>
      finding({
        id: `F-${i}`,
        onset: at(i % 3),
        severity: i % 2 === 0 ? "low" : "high",
        kind: i % 5 === 0 ? "over-scoped-token" : "intermittent-refusal",
      }),
    ),
  );
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = afterCursor(
      all.filter(({ id }) => cursor === undefined || id !== seen.at(-1)),
      cursor,
    ).slice(0, 10);
    seen.push(...page.map(({ id }) => id));
    cursor = page.length < 10 ? undefined : cursorOf(page.at(-1));
  } while (cursor !== undefined);
  expect(seen).toEqual(all.map(({ id }) => id));
  expect(all.findIndex(({ kind }) => kind === "over-scoped-token")).toBe(45);
});

test.each([
  "",
  "x",
  "bm90LWpzb24",
  Buffer.from("[1,2,3]").toString("base64url"),
  Buffer.from('[1,2,null,"x"]').toString("base64url"),
  "A".repeat(500),
])("%j is no cursor", (text) => {
  expect(afterCursorOrFault(findings, text)).toBeUndefined();
});
