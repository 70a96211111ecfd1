import fc from "fast-check";
import { expect, test } from "vitest";
import { buildCall, trialsOf } from "../../src/correlate/call.ts";
import { createCallRow, readCall } from "../../src/correlate/call-row.ts";
import type { Call } from "../../src/model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../../src/model/event.ts";
import { createEventTable } from "../../src/model/event-table.ts";
import { createNames } from "../../src/model/names.ts";
import { putEvent } from "../../src/normalize/event-row.ts";
import { at, claims, gatewayError, gatewayRequest, operation } from "../builders.ts";

const statuses = [0, 200, 201, 304, 400, 401, 403, 404, 409, 412, 429, 500, 503];
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

const gateways: fc.Arbitrary<GatewayRequest> = fc
  .record({
    status: fc.constantFrom(...statuses),
    backendStatus: maybe(fc.constantFrom(200, 401, 403, 404, 500)),
    claims: maybe(fc.constantFrom(claims(), claims({ state: "unverified" }))),
    subscription: maybe(fc.constant("team-1")),
    error: maybe(fc.constantFrom(gatewayError("TokenExpired"), gatewayError(""))),
    subStatus: maybe(fc.constantFrom(3, 1008, 5301)),
    seconds: fc.nat(100),
  })
  .map(({ seconds, ...over }) => gatewayRequest({ ...told(over), time: at(seconds) }));

const operations: fc.Arbitrary<DataPlaneOperation> = fc
  .record({
    status: fc.constantFrom(...statuses),
    account: fc.constantFrom("shop", "bills"),
    operation: fc.constantFrom("Read", "Query", ""),
    resourceType: fc.constantFrom("Document", "Collection", "document"),
    container: fc.constantFrom(undefined, "orders", "items"),
    credential: fc.constantFrom(undefined, "AadToken", "PrimaryMasterKey", "primarymasterKEY"),
    principal: fc.constantFrom(undefined, "33333333-3333-4333-8333-333333333333"),
    seconds: fc.nat(100),
  })
  .map(({ seconds, container, credential, principal, ...over }) => {
    const { container: _c, credential: _k, principal: _p, ...base } = operation({ ...over, time: at(seconds) });
    return Object.assign(base, told({ container, credential, principal }));
  });

/** Less what is not told. */
function told<T extends object>(over: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  // Only members that are there are left.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** Without the dedup keys: those of the builders are none that a record makes. */
const unkeyed = (call: Call) =>
  Object.assign({}, call, { operations: call.operations.map((one) => Object.assign({}, one, { dedupKey: "" })) });

test("rows tell of a call what its events tell", () => {
  const row = createCallRow();
  fc.assert(
    fc.property(maybe(gateways), fc.array(operations, { maxLength: 7, size: "max" }), (gateway, joined) => {
      if (gateway === undefined && joined.length === 0) return;
      const table = createEventTable();
      const names = createNames(7);
      const first = gateway === undefined ? -1 : putEvent(table, names, gateway);
      const places = joined.map((one) => putEvent(table, names, one));
      readCall(row, { table, names, gateway: first, operations: places });
      const call = buildCall(gateway, joined);
      const [own, ...further] = trialsOf(call);
      const { kind } = call.outcome;
      expect(row.outcome).toBe(kind === "look-alike" ? "refused" : kind);
      expect(row.call && unkeyed(row.call)).toEqual(row.outcome === "refused" ? unkeyed(call) : undefined);
      expect(row.match).toBe(call.match);
      expect(row.provenance).toBe(call.identity.provenance);
      expect(row.time).toBe(call.time);
      const placeOf = (one: DataPlaneOperation | undefined) =>
        one === undefined ? -1 : (places[joined.indexOf(one)] ?? -1);
      expect(row.decisive).toBe(placeOf(own?.operation));
      expect([...row.further.subarray(0, row.furtherCount)]).toEqual(further.map((trial) => placeOf(trial.operation)));
    }),
    { numRuns: 3_000 },
  );
});

test("a call has a gateway request or an operation", () => {
  const row = createCallRow();
  const places = { table: createEventTable(), names: createNames(7), gateway: -1, operations: [] };
  expect(() => readCall(row, places)).toThrow("a call needs");
});
