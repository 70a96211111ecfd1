import fc from "fast-check";
import { callEvidence } from "../../src/correlate/call-evidence.ts";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import type { Inference } from "../../src/model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import type { CallEvidence, Cell, Column, Row } from "../../src/model/evidence.ts";
import { createNames } from "../../src/model/names.ts";
import { instantFromMs } from "../../src/model/time.ts";
import { putEvent } from "../../src/normalize/event-row.ts";

/** A closed call of these events as evidence. */
export function evidenceOf(
  gateway: GatewayRequest | undefined,
  operations: readonly DataPlaneOperation[] = [],
  inference?: Inference,
): CallEvidence {
  const table = createEventTable();
  const names = createNames(7);
  const call = createCallRow();
  const first = gateway === undefined ? -1 : putEvent(table, names, gateway);
  const places = operations.map((one) => putEvent(table, names, one));
  readCall(call, {
    table,
    names,
    gateway: first,
    operations: places,
    ...(inference === undefined ? {} : { inference }),
  });
  return callEvidence(call);
}

/** Texts as attackers and spreadsheets like them, and those of any kind. */
const texts = fc.oneof(
  fc.constantFrom(
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    "'=x",
    "''",
    '"',
    '","',
    " =x",
    "a\r\nb",
    "\r",
    "\n",
    "\t",
    "\0",
    "",
    " ",
    "＝1",
    "a,b",
    "\ud800",
    "__proto__",
    "null",
    "true",
    "1e5",
    "\u2028",
    "{}",
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ maxLength: 30 }),
);

function cells({ type }: Column): fc.Arbitrary<Cell> {
  switch (type) {
    case "text":
      return texts;
    case "integer":
      return fc.integer();
    case "decimal":
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
    case "boolean":
      return fc.boolean();
    case "instant":
      return fc
        .tuple(fc.integer({ min: 700_000_000_000, max: 2_400_000_000_000 }), fc.nat(9_999))
        .map(([ms, ticks]) => instantFromMs(ms, ticks));
  }
}

/** Any row that a table can hold. */
export const rowsOf = (columns: readonly Column[]): fc.Arbitrary<Row> =>
  fc.tuple(
    ...columns.map((column) =>
      column.required === true ? cells(column) : fc.option(cells(column), { nil: null, freq: 2 }),
    ),
  );
