import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analyzePaths } from "../../src/commands/analyze-paths.ts";
import { callEvidence } from "../../src/correlate/call-evidence.ts";
import { ocsfFormat } from "../../src/exports/ocsf.ts";
import { ocsfFinding } from "../../src/exports/ocsf-findings.ts";
import { type Cell, type Column, EVIDENCE_TABLES, type Row } from "../../src/model/evidence.ts";
import { at } from "../builders.ts";
import { generate } from "../../src/simulate/generate.ts";
import { temporaryFolder } from "../temporary-folder.ts";

interface Event {
  readonly class_uid: number;
  readonly [name: string]: unknown;
}
const schema = JSON.parse(readFileSync(join(import.meta.dirname, "ocsf-1.8.0.schema.json"), "utf8")) as {
  readonly version: string;
  readonly classes: Readonly<Record<string, object>>;
  readonly $defs: object;
};
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const validators = new Map(
  Object.entries(schema.classes).map(([uid, one]) => [Number(uid), ajv.compile({ ...one, $defs: schema.$defs })]),
);

/** What is wrong with an event by the published schema. */
function faultsOf(event: Event): readonly string[] {
  const validate = validators.get(event.class_uid);
  if (validate === undefined) return [`no class ${event.class_uid}`];
  validate(event);
  return (validate.errors ?? []).map(
    ({ instancePath, message = "", params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function eventsOf(columns: readonly Column[], rows: readonly Row[]): readonly Event[] {
  let text = "";
  const writer = ocsfFormat(columns, { writeText: (more) => (text += more) });
  writer.write(rows);
  writer.end();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
}

test("the schema is that of OCSF 1.8.0, and refuses what it should", () => {
  expect(schema.version).toBe("1.8.0");
  const [event] = eventsOf(EVIDENCE_TABLES.operations, [operationRow({})]);
  if (event === undefined) throw new Error("no event");
  expect(faultsOf(event)).toEqual([]);
  const { actor: _actor, ...without } = event;
  expect(faultsOf(without)[0]).toContain("must have required property 'actor'");
  expect(faultsOf({ ...event, activity_id: 77 })[0]).toContain("/activity_id must be equal to one of");
  expect(faultsOf({ ...event, strange: 1 })[0]).toContain("must NOT have additional properties");
  expect(faultsOf({ ...event, src_endpoint: { ip: "nowhere" } })[0]).toContain("/src_endpoint/ip must match pattern");
});

const rowOf = (columns: readonly Column[], cells: Readonly<Record<string, Cell>>): Row =>
  columns.map(
    ({ name, type, required }) =>
      cells[name] ?? (required !== true ? null : type === "boolean" ? false : type === "text" ? "x" : at(1)),
  );
const callRow = (cells: Readonly<Record<string, Cell>>): Row => rowOf(EVIDENCE_TABLES.calls, cells);
const operationRow = (cells: Readonly<Record<string, Cell>>): Row => rowOf(EVIDENCE_TABLES.operations, cells);

describe("a call", () => {
  test("whose caller merely claims who it is names nobody", () => {
    const [event] = eventsOf(EVIDENCE_TABLES.calls, [
      callRow({
        identity: "claimed",
        caller_app: "forged-app",
        caller_object: "forged-object",
        outcome: "refused",
        status: 401,
        layer: "gateway",
      }),
    ]);
    expect(JSON.stringify(event?.["actor"])).not.toContain("forged");
    expect(event).toMatchObject({
      class_uid: 6003,
      status_id: 2,
      action_id: 2,
      unmapped: { caller_app: "forged-app" },
    });
  });

  test("that no gateway request owns is in its operations only", () => {
    expect(eventsOf(EVIDENCE_TABLES.calls, [callRow({ match: "data-plane-only" })])).toEqual([]);
  });

  test("with a validated token is an authentication too; one without a word of it is none", () => {
    const events = eventsOf(EVIDENCE_TABLES.calls, [
      callRow({ identity: "validated", token_state: "validated", caller_object: "o", outcome: "succeeded" }),
      callRow({ identity: "unknown", outcome: "succeeded" }),
    ]);
    expect(events.map(({ class_uid, status_id }) => [class_uid, status_id])).toEqual([
      [6003, 1],
      [3002, 1],
      [6003, 1],
    ]);
  });
});

test("whatever a row holds, its events are as the schema has them", () => {
  const texts = fc.oneof(
    fc.constantFrom(
      "GET",
      "BREW",
      "10.0.0.1",
      "10.0.0.0/24",
      "~0123456789abcdef",
      "2001:db8::1",
      "validated",
      "key",
      "refused",
      "Query",
      "gateway",
    ),
    fc.string({ unit: "grapheme" }),
  );
  const cellOf = ({ type, required }: Column): fc.Arbitrary<Cell> => {
    const one: fc.Arbitrary<Cell> =
      type === "boolean"
        ? fc.boolean()
        : type === "text"
          ? texts
          : type === "instant"
            ? fc.integer({ min: 0, max: 60_000_000 }).map((second) => at(second))
            : fc.integer({ min: 0, max: 999 });
    return required === true ? one : fc.option(one, { nil: null });
  };
  for (const columns of Object.values(EVIDENCE_TABLES))
    fc.assert(
      fc.property(fc.tuple(...columns.map(cellOf)), (row) => {
        for (const event of eventsOf(columns, [row])) expect(faultsOf(event)).toEqual([]);
      }),
      { numRuns: 300 },
    );
});

test("calls, operations and findings of a simulated tenant are events of all five classes", async () => {
  const { records } = generate({ seed: 5, scenario: "single", hours: 0.5 });
  await using folder = await temporaryFolder({
    "log.ndjson": records.map(({ record }) => JSON.stringify(record)).join("\n"),
  });
  const calls: Row[] = [];
  const operations: Row[] = [];
  const { findings } = await analyzePaths([folder.path], {
    onCall(call) {
      const one = callEvidence(call);
      calls.push(one.call);
      operations.push(...one.operations);
    },
  });
  const told = findings.map(ocsfFinding) as unknown as readonly Event[];
  const events = [
    ...eventsOf(EVIDENCE_TABLES.calls, calls),
    ...eventsOf(EVIDENCE_TABLES.operations, operations),
    ...told,
  ];
  // Every tenth will do: the rows of one kind differ in their values only.
  const faults = [...events.filter((_, i) => i % 10 === 0), ...told].flatMap(faultsOf);
  expect([...new Set(faults)].slice(0, 5)).toEqual([]);
  expect([...new Set(events.map(({ class_uid }) => class_uid))].toSorted((a, b) => a - b)).toEqual([
    2004, 2008, 3002, 6003, 6005,
  ]);
});
