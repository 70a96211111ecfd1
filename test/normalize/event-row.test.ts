import { describe, expect, test } from "vitest";
import { Fingerprint } from "../../src/correlate/fingerprint.ts";
import { compareRows, dedupKeyAt, gatewayAt, idAt, operationAt } from "../../src/correlate/row-event.ts";
import { appendRow, createEventTable, HAS_OBJECT, TRAITS, WORDS } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { instantFromTicks } from "../../src/model/time.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { normalize } from "../../src/normalize/normalize.ts";
import { at, change, gatewayRequest, guid, operation } from "../builders.ts";

const tableOf = () => ({ table: createEventTable(), names: createNames(7) });

function fingerprintOf(
  { table, names }: ReturnType<typeof tableOf>,
  event: Parameters<typeof putEvent>[2],
): readonly number[] {
  const print = new Fingerprint();
  print.of(table, putEvent(table, names, event), names);
  return [print.high, print.low];
}

const record = (properties: object, top: object) =>
  normalize({
    value: { time: "2026-11-25T12:00:00.1234567Z", ...top, properties },
    position: { source: "s", partition: "0", sequence: 1, index: 0 },
    repairs: [],
  });

describe("a row tells what its event tells", () => {
  test("a data-plane operation, whole", () => {
    const { table, names } = tableOf();
    const read = record(
      {
        activityId: guid(),
        statusCode: "403",
        duration: "12.34",
        requestCharge: "2.83",
        responseLength: "417",
        requestResourceType: "Document",
        databaseName: "shop",
        collectionName: "orders",
        clientIpAddress: "198.51.100.9",
        userAgent: "cosmos-netstandard-sdk/3.33.1",
        regionName: "West Europe",
        authTokenType: "AadToken",
        aadPrincipalId: guid(),
        aadAppliedRoleAssignmentId: guid(),
        partitionId: "p1",
      },
      { category: "DataPlaneRequests", operationName: "Read", resourceId: "/a/b/shop" },
    );
    if (read.kind !== "event" || read.event.kind !== "data-plane-operation") throw new Error("no operation");
    const place = putEvent(table, names, read.event);
    expect(operationAt(table, place, names)).toEqual(read.event);
    expect(table.objects.size).toBe(0);
    expect(idAt(table, place)).toBe(read.event.activityId);
  });

  test("the dedup key of a request that was answered well", () => {
    const { table, names } = tableOf();
    const read = record(
      { responseCode: 200 },
      { category: "GatewayLogs", correlationId: guid().toUpperCase(), resourceId: "/service/APIM" },
    );
    if (read.kind !== "event" || read.event.kind !== "gateway-request") throw new Error("no request");
    const place = putEvent(table, names, read.event);
    expect((table.words[WORDS * place + TRAITS] ?? 0) & HAS_OBJECT).toBe(0);
    expect(dedupKeyAt(table, place, names)).toBe(read.event.dedupKey);
    expect(idAt(table, place)).toBe(read.event.correlationId);
  });

  test("a refusal, an id that is no GUID and a change are beside their rows, copies too", () => {
    const { table, names } = tableOf();
    const refused = gatewayRequest({ status: 401 });
    const odd = operation({ activityId: "trace-1" });
    const events = [refused, odd, change()];
    for (const event of events) putEvent(table, names, event);
    const copy = createEventTable(1);
    for (const [place] of events.entries()) appendRow(table, place, copy);
    expect(gatewayAt(copy, 0)).toBe(refused);
    expect(operationAt(copy, 1, names)).toBe(odd);
    expect([0, 1, 2].map((place) => dedupKeyAt(copy, place, names))).toEqual(events.map((event) => event.dedupKey));
  });
});

describe("a fingerprint", () => {
  const base = { activityId: guid(), durationMs: 1.5, requestCharge: 2, responseBytes: 10 };
  test("is the same for the same record, in another order of names and another case of the operation", () => {
    const one = tableOf();
    const other = tableOf();
    putEvent(other.table, other.names, gatewayRequest());
    const copy = operation({ ...base, operation: "READ", region: "elsewhere" });
    expect(fingerprintOf(other, copy)).toEqual(fingerprintOf(one, operation({ ...base, operation: "Read" })));
  });
  test.each([
    ["id", operation({ ...base, activityId: guid() })],
    ["time", operation({ ...base, time: at(1) })],
    ["status", operation({ ...base, status: 404 })],
    ["account", operation({ ...base, account: "other" })],
    ["operation", operation({ ...base, operation: "Delete" })],
    ["type", operation({ ...base, resourceType: "Collection" })],
    ["database", operation({ ...base, database: "other" })],
    ["container", operation({ ...base, container: "other" })],
    ["duration", operation({ ...base, durationMs: 1.25 })],
    ["charge", operation({ ...base, requestCharge: 3 })],
    ["response", operation({ ...base, responseBytes: 11 })],
  ])("differs with the %s", (_, event) => {
    expect(fingerprintOf(tableOf(), event)).not.toEqual(fingerprintOf(tableOf(), operation(base)));
  });
  test("differs with the seed", () => {
    const other = { table: createEventTable(), names: createNames(8) };
    expect(fingerprintOf(other, operation(base))).not.toEqual(fingerprintOf(tableOf(), operation(base)));
  });
});

test("rows are ordered by time, then by content", () => {
  const { table, names } = tableOf();
  const later = putEvent(table, names, operation({ time: instantFromTicks(2) }));
  const earlier = putEvent(table, names, operation({ time: instantFromTicks(1) }));
  const gateway = putEvent(table, names, gatewayRequest({ time: instantFromTicks(2) }));
  const order = [later, earlier, gateway].toSorted((a, b) => compareRows(table, a, b, names));
  expect(order).toEqual([earlier, gateway, later]);
});
