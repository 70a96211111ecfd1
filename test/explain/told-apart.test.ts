import { describe, expect, test } from "vitest";
import type { Finding } from "../../src/model/finding.ts";
import type { Event } from "../../src/model/event.ts";
import { at, change, claims, gatewayError } from "../builders.ts";
import {
  appId,
  eventsOf,
  objectId,
  operationOf,
  type Ordinary,
  PRINCIPALS,
  random,
  refusedByCosmos,
  refusedByGateway,
} from "../traffic.ts";
import {
  analyze,
  CALLS,
  causesOf,
  controlPlane,
  during,
  type Fault,
  found,
  gatewayOnly,
  keyed,
  ONSET,
  orders,
  recreated,
  refusedByBackend,
  signInFailure,
} from "./tenant.ts";

const STRANGER = "33333333-3333-4333-8333-00000000000b";

test("refusals that say nothing, from a network whose every refusal says nothing, are another fault than those that say why", () => {
  const events = eventsOf(CALLS, (call) => {
    if (!orders(call) || call.region !== "West Europe" || call.seconds < ONSET - 300) return undefined;
    if (call.chance < 0.25) return refusedByCosmos(call, 403, {}, { clientAddress: "20.1.2.3" });
    return call.seconds > ONSET ? refusedByCosmos(call, 403, { subStatus: 5307 }) : undefined;
  });
  expect(found(events)).toEqual([
    ["firewall-blocked", { clientNetwork: "20.1.2.0/24" }],
    ["network-perimeter-blocked", expect.anything()],
  ]);
});

test("no subscription key and one that a region does not know are two faults", () => {
  const fault: Fault = (call) => {
    const { subscription: _subscription, ...gateway } = call.gateway;
    const keyless = { ...call, gateway };
    if (call.app === 1 && call.chance < 0.3)
      return refusedByGateway(keyless, { error: gatewayError("SubscriptionKeyNotFound", "authorization") });
    return call.region === "North Europe" && call.chance > 0.3 && call.chance < 0.42
      ? refusedByGateway(keyless, { error: gatewayError("SubscriptionKeyInvalid", "authorization") })
      : undefined;
  };
  const evidence = analyze(eventsOf(CALLS, during(fault))).map(({ cause }) => [cause.id, cause.evidence[0]?.says]);
  expect(evidence).toContainEqual([
    "subscription-key-missing-or-wrong",
    "The gateway refused before the backend was called: SubscriptionKeyNotFound",
  ]);
  expect(new Set(evidence.map(([cause]) => cause))).toEqual(
    new Set(["gateway-region-differs", "subscription-key-missing-or-wrong"]),
  );
  expect(evidence).toHaveLength(2);
});

describe("a new signing key", () => {
  const renewed = (call: Ordinary) => claims({ ...call.gateway.claims, keyId: "key-2" });
  const unknownKey = (call: Ordinary): readonly Event[] =>
    refusedByGateway(call, {
      error: gatewayError("TokenSignatureKeyNotFound"),
      claims: { ...renewed(call), state: "unverified" },
    });
  const knownKey = (call: Ordinary): readonly Event[] => [
    { ...call.gateway, claims: renewed(call) },
    operationOf(call),
  ];

  test("that the regions of a gateway learn one after the other is one fault", () => {
    const learnedBy = ({ region }: Ordinary): number => ONSET + (region === "North Europe" ? 700 : 300);
    const events = eventsOf(CALLS, (call) => {
      if (call.seconds < ONSET) return undefined;
      return call.seconds < learnedBy(call) ? unknownKey(call) : knownKey(call);
    });
    expect(found(events)).toEqual([["signing-key-rollover", { keyId: "key-2" }]]);
  });

  test("that one region has yet to learn is a rollover, not a region set up otherwise", () => {
    const fault = during((call) => {
      if (call.chance > 0.5) return undefined;
      return call.region === "North Europe" ? unknownKey(call) : knownKey(call);
    });
    expect(causesOf(eventsOf(CALLS, fault))).toEqual(["signing-key-rollover"]);
  });
});

describe("what cannot be a fault", () => {
  test("tokens of the last signing key that run out, for nothing but those has that key by now", () => {
    const events = eventsOf(CALLS, (call) => {
      if (call.seconds < ONSET) return undefined;
      const isOld = call.chance < 0.005;
      const keyId = isOld ? "key-1" : "key-2";
      const token = claims({ ...call.gateway.claims, keyId, expires: at(call.seconds - 1_000) });
      if (isOld)
        return refusedByGateway(call, {
          error: gatewayError("TokenExpired"),
          claims: { ...token, state: "unverified" },
        });
      return [{ ...call.gateway, claims: claims({ ...call.gateway.claims, keyId }) }, operationOf(call)];
    });
    expect(causesOf(events)).toEqual([]);
  });

  const late: readonly { readonly name: string; readonly told: boolean }[] = [
    { name: "told by the claims", told: true },
    { name: "without claims, of one client", told: false },
  ];
  test.each(late)("a client that goes on with its token for a minute and a half each time, $name", ({ told }) => {
    const events = eventsOf(CALLS, (call) => {
      const since = call.seconds % 2_400;
      if (call.app % 3 !== 0 || since > 90 || call.seconds < ONSET - 1_000) return undefined;
      const gateway = { ...call.gateway, callerAddress: "203.0.0.1" };
      const expired = claims({ ...gateway.claims, state: "unverified", expires: at(call.seconds - since - 1) });
      const [event] = refusedByGateway({ ...call, gateway }, { error: gatewayError("TokenExpired"), claims: expired });
      if (event?.kind !== "gateway-request") throw new Error("no refusal");
      const { claims: _claims, ...unclaimed } = event;
      return [told ? event : unclaimed];
    });
    expect(causesOf(events)).toEqual([]);
  });

  test("first calls without a credential, where the gateway's log holds one call of ten", () => {
    const asked = eventsOf(CALLS, (call) => {
      if (call.app !== 4) return undefined;
      const { claims: _claims, subscription: _subscription, ...gateway } = call.gateway;
      const id = `bare-${gateway.correlationId}`;
      const time = at(call.seconds - 0.2);
      const bare = { ...call, gateway: { ...gateway, time, correlationId: id, dedupKey: id } };
      return [...refusedByGateway(bare, { error: gatewayError("TokenNotPresent") }), call.gateway, operationOf(call)];
    });
    const next = random(7);
    const sampled = asked.filter(({ kind }) => kind !== "gateway-request" || next() < 0.1);
    expect(causesOf(sampled)).toEqual([]);
  });
});

test("sign-ins of the callers fail, though one of two APIs does not log who calls", () => {
  const signIn = signInFailure(ONSET - 60, {
    appId: appId(4),
    principal: objectId(4),
    address: "203.0.4.2",
    errorCode: 7_000_222,
  });
  const fault = during((call) => {
    if (call.app !== 4) return undefined;
    const expires = at(ONSET - 10);
    const [event] = refusedByGateway(call, {
      error: gatewayError("TokenExpired"),
      claims: claims({ ...call.gateway.claims, state: "unverified", expires }),
    });
    if (event?.kind !== "gateway-request") throw new Error("no refusal");
    const { claims: _claims, ...unclaimed } = event;
    return [call.write ? unclaimed : event];
  });
  expect(causesOf([...eventsOf(CALLS, fault), signIn])).toEqual(["client-secret-expired"]);
});

describe("what an account begins to refuse by a change, where only the application in front of it is seen", () => {
  const cases: readonly {
    readonly cause: Finding["cause"]["id"];
    readonly status: 401 | 403;
    readonly change: Partial<Parameters<typeof change>[0]>;
    readonly hit?: (call: Ordinary) => boolean;
  }[] = [
    { cause: "local-auth-disabled", status: 401, change: { change: "local-auth-disabled" } },
    { cause: "key-rotated", status: 401, change: { change: "key-regenerated", action: "action" } },
    { cause: "firewall-blocked", status: 403, change: { change: "firewall" } },
    {
      cause: "role-assignment-propagating-or-missing",
      status: 403,
      change: { change: "role-assignment", action: "delete" },
    },
    {
      cause: "container-recreated",
      status: 401,
      change: { change: "container", action: "delete", operation: "sqlcontainersdelete" },
      hit: ({ write }) => write,
    },
    { cause: "unknown", status: 403, change: { change: "local-auth-disabled" } },
    { cause: "unknown", status: 401, change: { change: "role-assignment", action: "create" } },
    { cause: "unknown", status: 401, change: { change: "key-regenerated" }, hit: ({ write }) => write },
  ];
  test.each(cases)("$cause after $change.change", ({ cause, status, change: made, hit = () => true }) => {
    const fault = during((call) => (orders(call) && hit(call) ? refusedByBackend(call, status) : undefined));
    const events = gatewayOnly(eventsOf(CALLS, fault));
    expect(causesOf([...events, controlPlane(ONSET - 40, made)])).toEqual([cause]);
  });

  test("an audience that was let in until then is not what is wrong", () => {
    const audience = (event: Event): Event =>
      event.kind === "gateway-request" && event.api === "orders"
        ? { ...event, claims: claims({ ...event.claims, audience: "api://orders-only" }) }
        : event;
    const fault = during((call) => (orders(call) ? refusedByBackend(call, 401) : undefined));
    expect(causesOf(gatewayOnly(eventsOf(CALLS, fault)).map(audience))).toEqual(["unknown"]);
  });

  const parts = [
    { of: "all of a backend", share: 1 },
    { of: "a third of a backend, of one instance behind it", share: 0.33 },
  ];
  test.each(parts)("sign-ins that begin to fail with the refusals of $of are its own", ({ share }) => {
    const signIns = Array.from({ length: 6 }, (_, i) =>
      signInFailure(ONSET + 60 * i, { name: "app", errorCode: 7_000_215 }),
    );
    const fault = during((call) =>
      call.backend === "orders-a" && call.chance < share ? refusedByBackend(call, 401) : undefined,
    );
    expect(causesOf([...gatewayOnly(eventsOf(CALLS, fault)), ...signIns])).toEqual(["client-secret-expired"]);
  });
});

test("a principal is read from Cosmos DB's answer where its own log does not hold what it refused", () => {
  const message = `Request is blocked because principal [${STRANGER}] does not have required RBAC permissions to perform action [items/read] on resource [/].`;
  const fault = during((call) => {
    const [gateway] = refusedByCosmos(call, 403, {
      errorBody: message,
      backendUrl: "https://shop.documents.azure.com/dbs",
    });
    return orders(call) && call.chance < 0.5 && gateway !== undefined ? [gateway] : undefined;
  });
  const bound = controlPlane(ONSET - 300, {
    change: "role-assignment",
    details: new Map([["principalId", "99999999-0000-4000-8000-000000000001"]]),
  });
  expect(causesOf([...eventsOf(CALLS, fault), bound])).toEqual(["role-bound-to-wrong-id"]);
});

test("only writes, by their methods, are refused since a failover", () => {
  const fault = during((call) => {
    const url = "https://shop.documents.azure.com/dbs/shop";
    const over = { method: "PUT", status: 403, backendStatus: 403, backendUrl: url };
    return call.write ? [{ ...call.gateway, ...over }] : undefined;
  });
  const failover = controlPlane(ONSET - 40, {
    change: "failover",
    action: "action",
    operation: "regionfailovercomplete",
  });
  expect(causesOf([...gatewayOnly(eventsOf(CALLS, fault)), failover])).toEqual(["write-to-read-region"]);
});

test("a container is named with its account, where another account has one of that name", () => {
  const isDuring = ({ seconds }: Ordinary): boolean => seconds >= ONSET && seconds < ONSET + 900;
  const events = eventsOf(CALLS, (call) => {
    const account = call.app < 5 ? "shop" : "archive";
    const container = call.write ? "invoices" : "drafts";
    const over = { account, container, operation: "Read", credential: "PrimaryMasterKey" };
    const isHit = isDuring(call) && account === "shop" && call.write && call.chance < 0.8;
    return isHit ? refusedByCosmos(call, 401, {}, over) : [call.gateway, operationOf(call, over)];
  });
  const operations = events.filter(({ kind }) => kind === "data-plane-operation");
  expect(found([...operations, ...recreated])).toEqual([
    ["container-recreated", { cosmosAccount: "shop", container: "invoices" }],
  ]);
});

test("an instance that goes by the public address, while another backend's of the same identity goes privately", () => {
  const principal = PRINCIPALS["orders-b"] ?? "";
  const errorBody =
    "Request originated from IP 20.1.2.3 through public internet. This is blocked by your firewall settings.";
  const events = eventsOf(CALLS, (call) => {
    if (!orders(call)) return undefined;
    if (call.backend === "orders-a" && call.seconds > ONSET)
      return refusedByCosmos(call, 403, { errorBody }, { principal, clientAddress: "20.1.2.3" });
    return [call.gateway, operationOf(call, { principal, clientAddress: "10.1.2.4" })];
  });
  expect(causesOf(events)).toEqual(["split-dns-private-endpoint"]);
});

test("a client inside a network with a key that is refused alone has a clock that is off", () => {
  const fault = during((call) =>
    keyed(call) && call.chance < 0.3 ? refusedByCosmos(call, 403, {}, { clientAddress: "10.7.8.9" }) : undefined,
  );
  expect(causesOf(eventsOf(CALLS, fault))).toEqual(["clock-skew"]);
});

test("a clock that is off spares no call of its client: where some pass it is not the clock", () => {
  const clientAddress = "10.7.8.9";
  const events = eventsOf(CALLS, (call) => {
    if (!keyed(call) || call.write || call.chance > 0.4) return undefined;
    const hit = during((one) => (one.chance < 0.3 ? refusedByCosmos(one, 403, {}, { clientAddress }) : undefined));
    return hit(call) ?? [call.gateway, operationOf(call, { clientAddress })];
  });
  expect(causesOf(events)).not.toContain("clock-skew");
});

test("writes of many operations are refused by what was signed: the API is named, not one of the operations", () => {
  const signed = (verb: string): { errorBody: string } => ({
    errorBody: `{"code":"Unauthorized","message":"The input authorization token can't serve the request. Server used the following payload to sign: '${verb}\\ndocs\\n'"}`,
  });
  const events = eventsOf(CALLS, (call) => {
    const operation = `${call.write ? "put" : "get"}-${call.app}`;
    const gateway = { ...call.gateway, operation };
    const isRefused = orders(call) && call.write && call.seconds > ONSET;
    return isRefused ? refusedByCosmos({ ...call, gateway }, 401, signed("put")) : [gateway, operationOf(call)];
  });
  const [one] = found(
    gatewayOnly(events).filter((event) => event.kind !== "gateway-request" || event.api === "orders"),
  );
  expect(one?.[0]).toBe("read-only-key-write");
  expect(one?.[1]?.operation).toBeUndefined();
});

test("a read-only key is named where writes of several kinds are refused", () => {
  const readOnly = { credential: "PrimaryReadonlyMasterKey" };
  const events = eventsOf(CALLS, (call) => {
    if (orders(call)) return undefined;
    const operation = call.write ? (call.chance < 0.5 ? "Create" : "Delete") : "Read";
    const gateway = { ...call.gateway, operation: `${operation}-${call.app}` };
    const over = { ...readOnly, operation };
    return call.write && call.seconds > ONSET
      ? refusedByCosmos({ ...call, gateway }, 401, {}, over)
      : [gateway, operationOf(call, over)];
  });
  expect(found(events)).toEqual([["read-only-key-write", { credential: "PrimaryReadonlyMasterKey" }]]);
});

describe("one fault on several parts", () => {
  const keeps = (call: Ordinary, since: number): readonly Event[] | undefined => {
    if (call.seconds < since) return undefined;
    const expired = claims({ ...call.gateway.claims, state: "unverified", expires: at(since - 1) });
    return refusedByGateway(call, { error: gatewayError("TokenExpired"), claims: expired });
  };

  test("instances of one application keep expired tokens, each from when its own ran out", () => {
    const events = eventsOf(CALLS, (call) => {
      if (call.app !== 4) return undefined;
      const instance = Math.floor(6 * call.chance);
      const gateway = { ...call.gateway, callerAddress: `203.${instance}.4.2` };
      const own = { ...call, gateway };
      return (instance < 3 ? keeps(own, ONSET + 700 * instance) : undefined) ?? [gateway, operationOf(call)];
    });
    expect(found(events)).toEqual([["caller-token-expired", { appId: appId(4) }]]);
  });

  test("two of an API's operations ask for what the role does not cover, though no data-plane log tells it", () => {
    const message = `Request is blocked because principal [${STRANGER}] does not have required RBAC permissions to perform action [items/upsert] on resource [/].`;
    const events = eventsOf(CALLS, (call) => {
      if (!orders(call)) return undefined;
      const operation = call.write ? (call.chance < 0.5 ? "put" : "patch") : `get-${call.app}`;
      const gateway = { ...call.gateway, operation, backendId: "orders", backendUrl: "https://orders.example/items" };
      const [refused] = refusedByCosmos({ ...call, gateway }, 403, { errorBody: message });
      return [call.write && call.seconds > ONSET && refused !== undefined ? refused : gateway];
    });
    expect(causesOf(gatewayOnly(events))).toEqual(["role-too-narrow"]);
  });
});

test("what Cosmos DB says of groups is read behind all that an SDK says first", () => {
  const errorBody = `{"error":"${"Response status code does not indicate success: Forbidden. ".repeat(9)}principal [${STRANGER}] does not have required RBAC permissions. This could be because the user's group memberships were not present in the AAD token."}`;
  const fault = during((call) =>
    orders(call) && call.chance < 0.4 ? refusedByCosmos(call, 403, { errorBody }) : undefined,
  );
  expect(causesOf(eventsOf(CALLS, fault))).toEqual(["group-grant-not-in-token"]);
});

test("a token that each region of the gateway keeps for itself is no instance's", () => {
  const url = "https://shop.documents.azure.com/dbs/shop";
  const events = eventsOf(CALLS, (call) => {
    if (!orders(call)) return [call.gateway, operationOf(call, { clientAddress: "10.9.9.9" })];
    const gateway = { ...call.gateway, backendId: "shop", backendUrl: url };
    const own = { ...call, gateway };
    return call.seconds > ONSET && call.region === "West Europe"
      ? refusedByCosmos(own, 401, { subStatus: 5_006 })
      : [gateway, operationOf(own)];
  });
  expect(causesOf(events)).toEqual(["cached-token-outlived"]);
});

describe("a role that was given to an id that never calls", () => {
  const elsewhere = {
    change: "role-assignment",
    details: new Map([["principalId", "99999999-0000-4000-8000-000000000001"]]),
  } as const;
  const strange = during((call) =>
    orders(call) && call.chance < 0.3
      ? refusedByCosmos(call, 403, { subStatus: 5_302 }, { principal: STRANGER })
      : undefined,
  );
  const cases = [
    { name: "a moment before the identity is refused", before: 120, cause: "role-bound-to-wrong-id" },
    { name: "long before, while another identity does the same work", before: 1_500, cause: "wrong-identity" },
  ];
  test.each(cases)("$name: $cause", ({ before, cause }) => {
    expect(causesOf([...eventsOf(CALLS, strange), controlPlane(ONSET - before, elsewhere)])).toEqual([cause]);
  });
});

test("a backend that lets most through is not told from its siblings by a grant", () => {
  const fault = during((call) =>
    call.backend === "orders-a" && call.chance < 0.3 ? refusedByBackend(call, 401) : undefined,
  );
  expect(causesOf(gatewayOnly(eventsOf(CALLS, fault)))).toEqual(["unknown"]);
});

describe("a part of one region's calls is refused for the subscription key", () => {
  const cases = [
    {
      name: "which is missing",
      reason: "SubscriptionKeyNotFound",
      changed: false,
      cause: "subscription-key-missing-or-wrong",
    },
    {
      name: "which was changed just before",
      reason: "SubscriptionKeyInvalid",
      changed: true,
      cause: "subscription-key-missing-or-wrong",
    },
    {
      name: "which is not known there",
      reason: "SubscriptionKeyInvalid",
      changed: false,
      cause: "gateway-region-differs",
    },
    {
      name: "behind a front door, which hides whose calls they are",
      reason: "SubscriptionKeyInvalid",
      changed: false,
      frontDoor: true,
      cause: "subscription-key-missing-or-wrong",
    },
  ];
  test.each(cases)("$name", ({ reason, changed, cause, frontDoor = false }) => {
    const seenFrom = (call: Ordinary): Ordinary =>
      frontDoor ? { ...call, gateway: { ...call.gateway, callerAddress: `147.243.${call.app % 2}.4` } } : call;
    const fault = during((call) => {
      const { subscription: _subscription, claims: _claims, ...gateway } = call.gateway;
      return call.region === "West Europe" && call.chance < 0.3
        ? refusedByGateway({ ...call, gateway }, { error: gatewayError(reason, "authorization") })
        : undefined;
    });
    const change = controlPlane(ONSET - 60, { change: "subscription", action: "action" });
    expect(causesOf([...eventsOf(CALLS.map(seenFrom), fault), ...(changed ? [change] : [])])).toEqual([cause]);
  });
});

test("a caller is told with its address where only calls from there are refused, which others come from for other work", () => {
  const from = (call: Ordinary): Ordinary =>
    keyed(call) || (call.app === 4 && call.chance < 0.5)
      ? { ...call, gateway: { ...call.gateway, callerAddress: "198.51.100.7" } }
      : call;
  const shutOut = during((call) =>
    orders(call) && call.gateway.callerAddress === "198.51.100.7"
      ? refusedByGateway(call, { status: 403, error: gatewayError("CallerIpNotAllowed", "ip-filter") })
      : undefined,
  );
  const [finding] = analyze(eventsOf(CALLS.map(from), shutOut));
  expect(finding?.cause.id).toBe("ip-filter");
  expect(finding?.splits[0]).toMatchObject({ where: { callerNetwork: "198.51.100.0/24" }, refusedInside: 1 });
});
