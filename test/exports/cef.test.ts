import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cefFormat } from "../../src/exports/cef.ts";
import { verifyExports } from "../../src/exports/verify-export.mjs";
import { CALL_COLUMNS, columnPlace, OPERATION_COLUMNS, type Row } from "../../src/model/evidence.ts";
import { at, claims, gatewayRequest, operation } from "../builders.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { addBundle, newKey } from "./bundles.ts";
import { evidenceOf, rowsOf } from "./evidence-rows.ts";

function written(columns: typeof CALL_COLUMNS, rows: readonly Row[]): string {
  let text = "";
  cefFormat(columns, { writeText: (part) => void (text += part) }, "1").write(rows);
  return text;
}

/** A reader of its own: seven fields by bars that are not escaped, then keys by equals signs that are not. */
function parseCef(line: string): { readonly head: readonly string[]; readonly values: ReadonlyMap<string, string> } {
  const parts = line.split(/(?<!\\)(?:\\\\)*\|/);
  const extension = parts.slice(7).join("|");
  const starts = [...extension.matchAll(/(?:^| )([A-Za-z0-9]+)=/g)];
  const values = starts.map((start, i) => {
    const from = start.index + start[0].length;
    const value = extension.slice(from, starts[i + 1]?.index ?? extension.length);
    return [
      start[1] ?? "",
      value.replaceAll(/\\([\\=n])/g, (_, sign: string) => (sign === "n" ? "\n" : sign)),
    ] as const;
  });
  return { head: parts.slice(0, 7), values: new Map(values) };
}

test("a refused call is an event with the keys of the standard", () => {
  const { call, operations } = evidenceOf(
    gatewayRequest({
      correlationId: "11111111-0000-4000-8000-000000000001",
      time: at(0.5),
      status: 403,
      claims: claims(),
    }),
    [operation({ status: 403, time: at(1) })],
  );
  const { head, values } = parseCef(written(CALL_COLUMNS, [call]).trimEnd());
  expect(head).toEqual(["CEF:0", "Scopetrail", "Scopetrail", "1", "call-refused", "API call refused", "6"]);
  expect(Object.fromEntries(values)).toMatchObject({
    rt: "1795608000500",
    externalId: "11111111-0000-4000-8000-000000000001",
    outcome: "refused",
    cn1Label: "status",
    cn1: "403",
    src: "203.0.113.7",
    suser: "11111111-1111-4111-8111-111111111111",
    cs1Label: "identity",
    cs1: "validated",
  });
  expect(written(OPERATION_COLUMNS, operations)).toMatch(
    /^CEF:0\|Scopetrail\|Scopetrail\|1\|cosmos-operation\|Read\|6\|/,
  );
});

test("no text of a log ends an event or a value, and each is read as it was", () => {
  const agent = columnPlace(CALL_COLUMNS, "user_agent");
  fc.assert(
    fc.property(rowsOf(CALL_COLUMNS), fc.string({ maxLength: 40 }), (row, text) => {
      const hostile = row.with(agent, `a=b|c\\d\r\n${text}`);
      const lines = written(CALL_COLUMNS, [hostile, hostile]).split("\n");
      expect(lines).toHaveLength(3);
      expect(lines[0]).toMatch(/^CEF:0(?:\|(?:[^|\\]|\\.)*){5}\|\d\|rt=/s);
      const start = lines[0]?.indexOf("requestClientApplication=") ?? -1;
      expect(start).toBeGreaterThan(0);
      expect(lines[0]?.slice(start)).toContain(String.raw`a\=b|c\\d\n`);
    }),
  );
});

test("a bundle of events is verified by its bytes", async () => {
  await using folder = await temporaryFolder();
  addBundle(folder.path, { key: newKey(), format: "cef" });
  const notes: string[] = [];
  expect(await verifyExports(folder.path, { note: (text) => notes.push(text) })).toMatchObject({ faults: [] });
  expect(notes[0]).toBe("export-000001/calls.cef: its bytes were checked, its rows cannot be read here");
  expect(readFileSync(join(folder.path, "export-000001/calls.cef"), "utf8").trimEnd().split("\n")).toHaveLength(6);
});
