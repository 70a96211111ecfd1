import { describe, expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { eventsOf, operationOf, type Ordinary, refusedByCosmos } from "../traffic.ts";
import { CALLS, causesOf, controlPlane, during, type Fault, found, ONSET, orders } from "./tenant.ts";

type Operation = Parameters<typeof operationOf>[1];

const SDK = { userAgent: "cosmos-netstandard-sdk/3.42" };
const OWN = "bbbbbbbb-0000-4000-8000-000000000007";
const OTHERS = "cccccccc-0000-4000-8000-000000000008";
const ADDRESSES = ["10.8.0.4", "10.8.0.5", "10.8.0.6", "10.8.0.7"];
const addressOf = ({ chance }: Ordinary): string => ADDRESSES[Math.floor(4 * chance)] ?? "";
const STRANGER = "99999999-0000-4000-8000-000000000003";
const PROPAGATING = "role-assignment-propagating-or-missing";
const WRONG_ID = "role-bound-to-wrong-id";
const nameless = { principal: undefined as never };

const operation = (call: Ordinary, over: Operation): readonly Event[] => [
  operationOf(call, { ...SDK, clientAddress: addressOf(call), principal: OWN, ...over }),
];

/** What Cosmos DB's log has of one application, with a fault. */
const ofApplication = (fault: Fault): readonly Event[] =>
  eventsOf(CALLS.filter(orders), (call) => during(fault)(call) ?? operation(call, {}));

describe("an instance whose token Cosmos DB refuses", () => {
  const dead: Fault = (call) =>
    addressOf(call) === ADDRESSES[1] ? operation(call, { status: 401, ...nameless }) : undefined;

  test("is named where other addresses go on as the principal that it was", () => {
    expect(found(ofApplication(dead))).toEqual([["instance-dead-token", { clientNetwork: "10.8.0.5" }]]);
  });

  test("is not where the other addresses are of another principal", () => {
    const ofOthers: Fault = (call) =>
      during(dead)(call) ?? (addressOf(call) === ADDRESSES[1] ? undefined : operation(call, { principal: OTHERS }));
    const asOthers = eventsOf(CALLS.filter(orders), (call) => ofOthers(call) ?? operation(call, {}));
    expect(causesOf(asOthers)).toEqual(["unknown"]);
  });
});

describe("refused by Cosmos DB with 403, and no log says why", () => {
  test("an address that is let in to other containers is not shut out: its role does not cover this one", () => {
    const container = (call: Ordinary): string => (call.write ? "leases" : "orders");
    const narrow: Fault = (call) =>
      call.app === 4 ? operation(call, { ...ofApp(call), status: call.write ? 403 : 200 }) : undefined;
    const ofApp = (call: Ordinary): Operation => ({
      operation: "Query",
      container: container(call),
      clientAddress: call.app === 4 ? "20.5.6.7" : addressOf(call),
      principal: call.app === 4 ? OTHERS : OWN,
    });
    const events = eventsOf(CALLS.filter(orders), (call) => during(narrow)(call) ?? operation(call, ofApp(call)));
    expect(causesOf(events)).toEqual(["role-too-narrow"]);
  });

  const PUBLIC = "40.1.2.3";
  /** One address of the application leaves its private network; another application always comes openly. */
  const outside: Fault = (call) =>
    addressOf(call) === ADDRESSES[1] ? operation(call, { status: 403, clientAddress: PUBLIC }) : undefined;
  const besideOpen = (fault: Fault): readonly Event[] =>
    eventsOf(CALLS.filter(orders), (call) =>
      call.app === 4
        ? operation(call, { principal: OTHERS, clientAddress: "20.5.6.7" })
        : (during(fault)(call) ?? operation(call, {})),
    );

  test("that another application comes by a public address says nothing of one that always came privately", () => {
    expect(found(besideOpen(outside))).toEqual([["split-dns-private-endpoint", { clientNetwork: "40.1.2.0/24" }]]);
  });

  const role = (details: Readonly<Record<string, string>>): Event =>
    controlPlane(ONSET - 240, {
      change: "role-assignment",
      operation: "sqlroleassignmentscreate",
      details: new Map(Object.entries(details)),
    });
  const all: Fault = (call) => operation(call, { status: 403 });

  test("a role that was given to an id which never calls was meant for the principal that is refused", () => {
    expect(causesOf([role({ principalId: STRANGER }), ...ofApplication(all)])).toEqual(["role-bound-to-wrong-id"]);
  });

  test("a role on another service says nothing of an identity that does the work of another since", () => {
    const given = controlPlane(ONSET - 600, {
      change: "role-assignment",
      operation: "microsoft.authorization/roleassignments/write",
      resource:
        "/subscriptions/s/resourcegroups/g/providers/microsoft.storage/storageaccounts/st1/providers/microsoft.authorization/roleassignments/r",
      details: new Map([["principalId", STRANGER]]),
    });
    const clientAddress = "10.8.0.4";
    const another = during((call) =>
      call.chance < 0.5 ? operation(call, { status: 403, principal: OTHERS, clientAddress }) : undefined,
    );
    const one = eventsOf(CALLS.filter(orders), (call) => another(call) ?? operation(call, { clientAddress }));
    expect(causesOf([given, ...one])).toEqual(["wrong-identity"]);
  });

  test("not where that principal is let in from elsewhere", () => {
    const causes = causesOf([role({ principalId: STRANGER }), ...besideOpen(outside)]);
    expect(causes).toEqual(["split-dns-private-endpoint"]);
  });

  test("nor where it was given to a group, which never calls: the token may not name it", () => {
    const given = role({ principalId: STRANGER, principalType: "Group" });
    expect(causesOf([given, ...ofApplication(all)])).toEqual(["group-grant-not-in-token"]);
  });
});

describe("the assignment by which a principal was let in is deleted", () => {
  const HELD = "0abe40f1-0000-4000-8000-000000000001";
  const held = eventsOf(CALLS.filter(orders), (call) =>
    operation(call, call.seconds < ONSET ? { roleAssignment: HELD } : { status: 403 }),
  );
  const account = "/subscriptions/s/resourcegroups/g/providers/microsoft.documentdb/databaseaccounts/shop";
  const deleted = controlPlane(ONSET - 20, {
    change: "role-assignment",
    action: "delete",
    operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/delete",
    resource: `${account}/sqlroleassignments/${HELD}`,
  });
  const given = (seconds: number) =>
    controlPlane(seconds, { change: "role-assignment", details: new Map([["principalId", STRANGER]]) });
  test.each([
    { name: "and somebody else was given a role before", events: [given(ONSET - 400)], cause: PROPAGATING },
    {
      name: "and a role is given to an id that never calls at the same time",
      events: [given(ONSET - 60)],
      cause: WRONG_ID,
    },
    { name: "and nothing else happens", events: [], cause: PROPAGATING },
  ])("$name: $cause", ({ events, cause }) => {
    expect(causesOf([...held, deleted, ...events])).toEqual([cause]);
  });
});

describe("a database or container is managed with an Entra token", () => {
  const manage = (principal: string): readonly Event[] =>
    CALLS.filter(({ seconds, chance }) => seconds >= ONSET && seconds < ONSET + 1_200 && chance < 0.1).map((call) =>
      operationOf(call, {
        ...SDK,
        principal,
        status: 403,
        operation: "Create",
        resourceType: "Collection",
        container: undefined as never,
        activityId: `m${call.gateway.correlationId.slice(1)}`,
      }),
    );
  const beside = (events: readonly Event[]): readonly Event[] => [...ofApplication(() => undefined), ...events];

  test("by one whose work on items succeeds", () => {
    expect(causesOf(beside(manage(OWN)))).toEqual(["management-op-with-entra-token"]);
  });

  test("by one who was never let in to anything says nothing", () => {
    expect(causesOf(beside(manage(OTHERS)))).toEqual([]);
  });
});

test("a firewall that shuts out all there are is one, though nothing separates the refused from the others", () => {
  const shut: Fault = (call) => operation(call, { status: 403, ...nameless });
  const written = controlPlane(ONSET - 30, { change: "firewall" });
  const all = eventsOf(CALLS.filter(orders), (call) => (call.seconds > ONSET ? shut(call) : operation(call, {})));
  expect(causesOf([...all, written])).toEqual(["firewall-blocked"]);
  expect(causesOf(all)).not.toEqual(["firewall-blocked"]);
});

describe("a limit that the gateway's sampled log tells of", () => {
  /** A fifth of the calls is in the gateway's log, and there Cosmos DB's sub-status. */
  const sampled = (subStatus: number): Fault =>
    during((call) => {
      const [told, ...rest] = refusedByCosmos(call, 403, { subStatus });
      return call.chance < 0.2 && told !== undefined ? [told, ...rest] : rest;
    });
  const eventsBy = (subStatus: number): readonly Event[] =>
    eventsOf(
      CALLS.filter(orders),
      (call) => sampled(subStatus)(call) ?? (call.chance < 0.2 ? undefined : [operationOf(call)]),
    );

  test.each([1014, 4009])("%i: the other 403 of the same container, or account, say nothing of roles", (subStatus) => {
    expect(causesOf(eventsBy(subStatus))).toEqual([]);
  });

  test("a missing role is told all the same", () => {
    expect(causesOf(eventsBy(5302))).not.toEqual([]);
  });
});
