import { describe, expect, test } from "vitest";
import type { CauseId } from "../../src/model/cause.ts";
import type { Event } from "../../src/model/event.ts";
import { gatewayError } from "../builders.ts";
import {
  appId,
  eventsOf,
  objectId,
  operationOf,
  type Ordinary,
  refusedByCosmos,
  refusedByGateway,
} from "../traffic.ts";
import {
  analyze,
  CALLS,
  controlPlane,
  during,
  type Fault,
  keyed,
  ONSET,
  orders,
  recreated,
  signInFailure,
} from "./tenant.ts";

const SIGNED = "The input authorization token can't serve the request. Server used the following payload to sign: ";
const signed = (verb: string, container = "invoices"): { errorBody: string } => ({
  errorBody: `{"code":"Unauthorized","message":"${SIGNED}'${verb}\\\\ndocs\\\\ndbs/shop/colls/${container}\\\\n'"}`,
});
const OTHER = "33333333-3333-4333-8333-00000000000b";

const regenerated = controlPlane(ONSET - 30, { change: "key-regenerated", operation: "regeneratekey/action" });
const bound = controlPlane(ONSET - 300, {
  change: "role-assignment",
  operation: "sqlroleassignments/write",
  details: new Map([["principalId", "99999999-0000-4000-8000-000000000001"]]),
});
const blocked = (address: string): Event =>
  signInFailure(ONSET - 60, { appId: appId(4), principal: objectId(4), address, errorCode: 53_003 });

/** An identity that nobody saw before answers for all calls of the orders. */
const replaced: Fault = (call) =>
  orders(call) ? refusedByCosmos(call, 403, { subStatus: 5301 }, { principal: OTHER }) : undefined;
const nameless = (call: Ordinary): readonly Event[] =>
  refusedByGateway(call, { error: gatewayError("TokenExpired") }).map(withoutClaims);

function withoutClaims(event: Event): Event {
  if (event.kind !== "gateway-request") return event;
  const { claims: _claims, ...gateway } = event;
  return gateway;
}

const gatewayOnly = (event: Event): readonly Event[] => (event.kind === "data-plane-operation" ? [] : [event]);
const all = (event: Event): readonly Event[] => [event];
const unclaimed = (event: Event): readonly Event[] => [withoutClaims(event)];

interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly also?: readonly Event[];
  readonly seen: (event: Event) => readonly Event[];
  readonly cause: CauseId;
}

const cases: readonly Case[] = [
  {
    name: "writes alone are refused by what was signed: a read-only key",
    fault: (call) => (keyed(call) && call.write ? refusedByCosmos(call, 401, signed("put")) : undefined),
    seen: gatewayOnly,
    cause: "read-only-key-write",
  },
  {
    name: "writes alone, but after a key was regenerated: another key than that of reads",
    fault: (call) => (keyed(call) && call.write ? refusedByCosmos(call, 401, signed("put")) : undefined),
    also: [regenerated],
    seen: gatewayOnly,
    cause: "key-rotated",
  },
  {
    name: "reads and writes are refused by what was signed: a wrong key",
    fault: (call) => (keyed(call) ? refusedByCosmos(call, 401, signed(call.write ? "put" : "get")) : undefined),
    seen: gatewayOnly,
    cause: "key-rotated",
  },
  {
    name: "messages name the container that was made anew",
    fault: (call) =>
      keyed(call) && call.seconds < ONSET + 600 && call.chance < 0.6
        ? refusedByCosmos(call, 401, signed("get"))
        : undefined,
    also: recreated,
    seen: gatewayOnly,
    cause: "container-recreated",
  },
  {
    name: "messages name another container than the one that was made anew",
    fault: (call) =>
      keyed(call) && call.seconds < ONSET + 600 && call.chance < 0.6
        ? refusedByCosmos(call, 401, signed("get", "drafts"))
        : undefined,
    also: recreated,
    seen: gatewayOnly,
    cause: "key-rotated",
  },
  {
    name: "no claims, but sign-ins fail at the callers' address",
    fault: (call) => (call.app === 4 ? nameless(call) : undefined),
    also: [blocked("203.0.4.2")],
    seen: unclaimed,
    cause: "conditional-access-blocked",
  },
  {
    name: "no claims, and sign-ins fail at another address",
    fault: (call) => (call.app === 4 ? nameless(call) : undefined),
    also: [blocked("203.0.9.2")],
    seen: unclaimed,
    cause: "caller-token-expired",
  },
  {
    name: "another identity took the place of the one that had the role",
    fault: replaced,
    seen: all,
    cause: "wrong-identity",
  },
  {
    name: "another identity took its place, and a role was given to a third id",
    fault: (call) => (call.chance < 0.6 ? replaced(call) : undefined),
    also: [bound],
    seen: all,
    cause: "role-bound-to-wrong-id",
  },
];

const instance = ({ chance }: Ordinary): string => `198.51.100.${10 + Math.floor(chance * 4)}`;
const unjoined = (event: Event): readonly Event[] =>
  event.kind === "data-plane-operation" ? [{ ...event, activityId: `${event.activityId.slice(0, -1)}x` }] : [event];

describe("where attributes are shared", () => {
  const others: readonly Case[] = [
    {
      name: "a backend that refuses and lets through in turn lacks no grant",
      fault: (call) =>
        call.backend === "orders-a" && call.seconds % 60 < 30 ? refusedByCosmos(call, 401, {}) : undefined,
      seen: all,
      cause: "unknown-periodic",
    },
    {
      name: "two of four instances refuse and let through in turn",
      fault(call) {
        if (!orders(call)) return undefined;
        const over = { clientAddress: instance(call) };
        return call.chance < 0.5 && call.seconds % 60 < 30
          ? refusedByCosmos(call, 401, {}, over)
          : [call.gateway, operationOf(call, over)];
      },
      seen: all,
      cause: "unknown-periodic",
    },
    {
      name: "the principals that are refused from one network are let in from others: they have their roles",
      fault: (call) =>
        orders(call) && call.chance < 0.3
          ? refusedByCosmos(call, 403, {}, { clientAddress: "198.51.109.4" })
          : undefined,
      seen: all,
      cause: "firewall-blocked",
    },
    {
      name: "no log tells as whom the calls that succeed are made, but who works in the same place succeeds",
      fault: (call) =>
        orders(call) && call.chance < 0.05
          ? refusedByCosmos(call, 403, { subStatus: 5301 }, { principal: OTHER })
          : undefined,
      seen: (event) => (event.kind === "data-plane-operation" && event.principal !== OTHER ? unjoined(event) : [event]),
      cause: "wrong-identity",
    },
    {
      name: "a burst over many clients of one region, and healthy hours after it",
      fault(call) {
        const region = call.chance < 0.5 ? "East US" : "West US";
        const over = { region, clientAddress: `198.51.${call.app}.4` };
        return call.chance < 0.35 && call.seconds < ONSET + 400
          ? refusedByCosmos(call, 401, {}, over)
          : [call.gateway, operationOf(call, over)];
      },
      seen: all,
      cause: "service-identity-hiccup",
    },
  ];

  test.each(others)("$name", ({ fault, seen, cause }) => {
    const events = eventsOf(CALLS, during(fault)).flatMap(seen);
    expect(analyze(events).map((finding) => finding.cause.id)).toEqual([cause]);
  });
});

/** By the address that a client calls from: those of some connections reach a gateway with an old policy. */
const askedForToken = (call: Ordinary): readonly Event[] =>
  refusedByGateway(call, { error: gatewayError("TokenNotPresent") }).map(withoutClaims);

test("one operation asks for a token in one region, of one client that has one: no matter of the client or the region", () => {
  const fault = during((call) =>
    orders(call) && call.write && call.region === "North Europe" && call.app === 4 ? askedForToken(call) : undefined,
  );
  const nobody = ({ subscription: _key, ...gateway }: Ordinary["gateway"]): Event => withoutClaims(gateway);
  const events = eventsOf(CALLS, fault).map((event) => (event.kind === "gateway-request" ? nobody(event) : event));
  const findings = analyze(events);
  expect(findings.map(({ cause }) => cause.id)).toEqual(["policy-branch-fallthrough"]);
});

describe("the cause from what little the logs tell", () => {
  test.each(cases)("$name", ({ fault, also = [], seen, cause }) => {
    const events = [...eventsOf(CALLS, during(fault)).flatMap(seen), ...also].toSorted((a, b) => a.time - b.time);
    expect(analyze(events).map((finding) => finding.cause.id)).toEqual([cause]);
  });
});

test("a principal that mostly writes and reads what it may not create or, later, replace has too narrow a role", () => {
  const create = (call: Ordinary): boolean => call.chance < 0.3;
  const isTheirs = ({ seconds }: Ordinary): boolean => seconds > ONSET + 600;
  const fault = during((call) => {
    if (!orders(call) || !call.write) return undefined;
    const operation = create(call) ? "Create" : "Upsert";
    return create(call) || isTheirs(call) ? refusedByCosmos(call, 403, {}, { operation, principal: OTHER }) : undefined;
  });
  const theirs = (event: Event, i: number): Event =>
    event.kind === "data-plane-operation" &&
    event.container === "orders" &&
    (i % 10 === 1 || event.operation !== "Read")
      ? { ...event, principal: OTHER }
      : event;
  const causes = analyze(eventsOf(CALLS, fault).map(theirs)).map(({ cause }) => cause.id);
  expect([...new Set(causes)]).toEqual(["role-too-narrow"]);
});
