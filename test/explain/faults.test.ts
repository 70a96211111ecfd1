import { expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { at, change, gatewayError } from "../builders.ts";
import { appId, eventsOf, type Ordinary, refusedByCosmos, refusedByGateway } from "../traffic.ts";
import { analyze, CALLS, causesOf, controlPlane, during, type Fault, keyed, ONSET, orders } from "./tenant.ts";

test("a title calls an application by its name only where somebody vouched for the tokens", () => {
  const titleFor = (fault: Fault) => analyze(eventsOf(CALLS, during(fault)))[0]?.title;
  const claimed: Fault = (call) =>
    call.app === 4 ? refusedByGateway(call, { error: gatewayError("TokenExpired") }) : undefined;
  const vouched: Fault = (call) =>
    call.app === 4
      ? [{ ...call.gateway, status: 403, backendStatus: 403, challenge: 'Bearer error="insufficient_scope"' }]
      : undefined;
  expect(titleFor(claimed)).toContain(`with tokens that name application ${appId(4)} are refused`);
  expect(titleFor(vouched)).toContain(`by application ${appId(4)} are refused`);
});

/** The ordinary calls, those to orders served by five backends. */
const pool = (turn: (call: Ordinary, i: number) => number): readonly Ordinary[] =>
  CALLS.map((call, i): Ordinary => {
    const backend = orders(call) ? `orders-${turn(call, i)}` : call.backend;
    return {
      ...call,
      backend,
      gateway: { ...call.gateway, backendId: backend, backendUrl: `https://${backend}.example` },
    };
  });

test.each<[string, (call: Ordinary, i: number) => number]>([
  ["in turn", (_, i) => i % 5],
  ["at random", ({ chance }) => Math.floor(5 * chance)],
  ["at random, some far more than others", ({ chance }) => Math.floor(5 * chance ** 2)],
])("several backends of a pool that refuse are one finding that names each: %s", (_, turn) => {
  const bad = new Set(["orders-0", "orders-2", "orders-3"]);
  const fault = during((call) =>
    bad.has(call.backend) ? [{ ...call.gateway, status: 403, backendStatus: 403 }] : undefined,
  );
  const findings = analyze(eventsOf(pool(turn), fault));
  expect(findings.map(({ cause }) => cause.id)).toEqual(["backend-grants-differ"]);
  const named = findings[0]?.splits.slice(0, 3).map(({ where }) => where.backend ?? "");
  expect(new Set(named)).toEqual(bad);
  expect(findings[0]?.splits[0]?.refusedInside).toBe(1);
});

function withPlainOperation(call: Ordinary): Ordinary {
  const { gateway, write } = call;
  return { ...call, gateway: { ...gateway, operation: write ? "put" : "get" } };
}

test("backends of other APIs are no siblings, even where operations have the same names", () => {
  const calls = CALLS.map(withPlainOperation);
  const fault = during((call) =>
    keyed(call) ? refusedByCosmos(call, 403, {}, { credential: "AadToken" }) : undefined,
  );
  const [finding] = analyze(eventsOf(calls, fault));
  expect(finding?.cause.id).not.toBe("backend-grants-differ");
  expect(finding?.cause.rejected.find(({ id }) => id === "backend-grants-differ")?.because).toMatch(/no other backend/);
});

test("a whole account that is refused since a change of its firewall", () => {
  const fault = during((call) => (orders(call) ? refusedByCosmos(call, 403, {}) : undefined));
  const own = (event: Event): Event =>
    event.kind === "data-plane-operation" && event.container === "orders" ? { ...event, account: "orders-db" } : event;
  const rules = change({
    time: at(ONSET - 60),
    change: "firewall",
    resource: "/subscriptions/s/resourcegroups/g/providers/microsoft.documentdb/databaseaccounts/orders-db",
  });
  const events = [...eventsOf(CALLS, fault).map(own), rules].toSorted((x, y) => x.time - y.time);
  expect(analyze(events).map(({ cause }) => cause.id)).toEqual(["firewall-blocked"]);
});

test("a change of another account is no evidence", () => {
  const fault = during((call) => (orders(call) ? refusedByCosmos(call, 403, { subStatus: 5302 }) : undefined));
  const elsewhere = change({
    time: at(ONSET - 30),
    change: "role-assignment",
    action: "delete",
    operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/delete",
    resource: "/subscriptions/s/resourcegroups/g/providers/microsoft.documentdb/databaseaccounts/elsewhere",
  });
  const [finding] = analyze([...eventsOf(CALLS, fault), elsewhere].toSorted((a, b) => a.time - b.time));
  expect(JSON.stringify(finding?.cause.evidence)).not.toContain("sqlroleassignments");
});

function unjoined(event: Event): Event {
  return event.kind === "data-plane-operation" ? { ...event, activityId: `own-${event.activityId}` } : event;
}

test("without a join, the two logs of one fault are one finding, by the cause that Cosmos DB's tells", () => {
  const fault = during((call) =>
    keyed(call) && call.write ? refusedByCosmos(call, 401, {}, { credential: "PrimaryReadonlyMasterKey" }) : undefined,
  );
  const apart = eventsOf(CALLS, fault).map(unjoined);
  expect(analyze(apart).map(({ cause }) => cause.id)).toEqual(["read-only-key-write"]);
});

test("two faults at the same time that Cosmos DB tells apart are two findings, though together all calls fail alike", () => {
  const fault = during((call) => {
    if (call.chance > 0.5) return undefined;
    return orders(call)
      ? refusedByCosmos(call, 403, { subStatus: 5302 })
      : refusedByCosmos(call, 403, { errorBody: "blocked by your Cosmos DB account firewall settings." });
  });
  const findings = analyze(eventsOf(CALLS, fault));
  expect(findings.map(({ cause }) => cause.id).toSorted()).toEqual([
    "firewall-blocked",
    "role-assignment-propagating-or-missing",
  ]);
});

test("a key that is refused for two reasons at once is two findings", () => {
  const wrongKey = { errorBody: "The input authorization token can't serve the request. The wrong key is being used." };
  const fault = during((call) => {
    if (!keyed(call)) return undefined;
    if (call.chance < 0.4) return refusedByCosmos(call, 401, wrongKey);
    return call.chance < 0.7 ? refusedByCosmos(call, 401, { subStatus: 5202 }) : undefined;
  });
  const found = analyze(eventsOf(CALLS, fault)).map(({ cause }) => cause.id);
  expect(found.toSorted()).toEqual(["key-rotated", "local-auth-disabled"]);
});

test("a key was regenerated; that local authorization was disabled when its calls were refused already is not why", () => {
  const refused = during((call) => (keyed(call) ? refusedByCosmos(call, 401, {}) : undefined));
  const changed = [
    controlPlane(ONSET - 100, {
      operation: "microsoft.documentdb/databaseaccounts/regeneratekey/action",
      change: "key-regenerated",
    }),
    controlPlane(ONSET + 50, {
      operation: "microsoft.documentdb/databaseaccounts/write",
      change: "local-auth-disabled",
    }),
  ];
  expect(causesOf([...eventsOf(CALLS, refused), ...changed])).toEqual(["key-rotated"]);
});

test("refusals without a reason, an hour before those of the same key that have one, are a fault of their own", () => {
  const regenerated = change({
    time: at(ONSET - 30),
    operation: "microsoft.documentdb/databaseaccounts/regeneratekey/action",
    change: "key-regenerated",
  });
  const fault: Fault = (call) => {
    if (!keyed(call)) return undefined;
    if (call.seconds >= ONSET && call.seconds < ONSET + 900) return refusedByCosmos(call, 401, {});
    return call.seconds >= ONSET + 3_600 ? refusedByCosmos(call, 401, { subStatus: 5202 }) : undefined;
  };
  const events = [...eventsOf(CALLS, fault), regenerated].toSorted((a, b) => a.time - b.time);
  expect(
    analyze(events)
      .map(({ cause }) => cause.id)
      .toSorted(),
  ).toEqual(["key-rotated", "local-auth-disabled"]);
});
