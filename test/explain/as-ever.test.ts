import { describe, expect, test } from "vitest";
import type { Event, SecretAccess } from "../../src/model/event.ts";
import { at, gatewayError, gatewayRequest } from "../builders.ts";
import { eventsOf, type Ordinary, operationOf, refusedByCosmos, refusedByGateway } from "../traffic.ts";
import {
  CALLS,
  causesOf,
  controlPlane,
  during,
  type Fault,
  found,
  gatewayOnly,
  nameless,
  ONSET,
  orders,
  refusedByBackend,
  signInFailure,
} from "./tenant.ts";

const wrongKey = (call: Ordinary): readonly Event[] =>
  refusedByGateway(nameless(call), { error: gatewayError("SubscriptionKeyInvalid", "authorization") });

describe("a slight share of one caller's calls", () => {
  /** Three calls of four of this caller are not made: it calls once in half a minute. */
  const seldom = CALLS.filter(({ app, chance }) => app !== 4 || chance < 0.25);
  const some = ({ app, chance }: Ordinary): boolean => app === 4 && (chance * 1_000) % 1 < 0.12;
  const since = (seconds: number): readonly string[] =>
    causesOf(eventsOf(seldom, (call) => (call.seconds >= seconds && some(call) ? wrongKey(call) : undefined)));

  test("is no fault where it may have been refused all along", () => expect(since(900)).toEqual([]));
  test("is one where calls enough came before that were let in", () => expect(since(5_000)).toHaveLength(1));
});

test("a slight share that is refused from the first moment on is no fault, though nothing tells what it was before", () => {
  const isRead = ({ gateway }: Ordinary): boolean => gateway.operation === "orders-get";
  const few = CALLS.filter((call) => !isRead(call) || (call.chance * 10 + 2) % 10 < 1);
  const business = (call: Ordinary): readonly Event[] | undefined =>
    isRead(call) && (call.chance * 10_000) % 10 < (call.seconds < 4_000 ? 1.5 : 0.4)
      ? refusedByBackend(call, 403)
      : undefined;
  expect(causesOf(eventsOf(few, business))).toEqual([]);
});

test("calls that name nobody, refused from the first moment on, are told where ever fewer of them are let in", () => {
  /** Each address is refused once its token is renewed. */
  const renewed = ({ gateway, seconds }: Ordinary): boolean =>
    seconds > 60 + 1_200 * ((Number(gateway.callerAddress?.split(".").at(-1)) + seconds / 9_000) % 4);
  const fault: Fault = (call) =>
    orders(call) && renewed(call)
      ? refusedByGateway(nameless(call), { error: gatewayError("TokenIssuerNotAllowed") })
      : eventsOf([nameless(call)], () => undefined);
  expect(causesOf(eventsOf(CALLS, fault))).toEqual(["token-issuer-mismatch"]);
});

describe("a scanner behind the address of clients that are let in", () => {
  const shared = CALLS.map((call) =>
    call.app === 3
      ? { ...call, gateway: { ...call.gateway, callerAddress: "203.0.4.1", userAgent: "dotnet/8" } }
      : call,
  );
  const scanned = (n: number, over: Parameters<typeof gatewayRequest>[0]): Event => {
    const {
      api: _api,
      operation: _operation,
      ...bare
    } = gatewayRequest({
      time: at(ONSET + 7 * n),
      correlationId: `scan-${n}`,
      dedupKey: `scan-${n}`,
      callerAddress: "203.0.4.1",
      userAgent: "dotnet/8",
      status: 404,
      ...over,
    });
    return over?.api === undefined ? bare : { ...bare, api: over.api, operation: `${over.api}-get` };
  };
  const refused = (n: number, api = "orders"): Event =>
    scanned(n, {
      api,
      status: 401,
      error: gatewayError(api === "orders" ? "TokenNotPresent" : "SubscriptionKeyInvalid"),
    });
  const kinds = [
    {
      name: "that asks for paths without an API raises nothing",
      of: (n: number) => (n % 2 ? refused(n) : scanned(n, {})),
    },
    { name: "that tries two APIs raises nothing", of: (n: number) => refused(n, n % 2 ? "orders" : "billing") },
  ];
  test.each(kinds)("$name", ({ of }) => {
    const scan = Array.from({ length: 120 }, (_, n) => of(n));
    expect(causesOf([...eventsOf(shared, () => undefined), ...scan])).toEqual([]);
  });
  test("that only asks one API for one thing is told: it may be a client's new program", () => {
    const one = Array.from({ length: 120 }, (_, n) => refused(n));
    expect(causesOf([...eventsOf(shared, () => undefined), ...one])).toHaveLength(1);
  });
});

describe("a subscription that somebody switched off", () => {
  const off = controlPlane(ONSET - 20, {
    change: "subscription",
    resource: "/SUBSCRIPTIONS/S/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM/SUBSCRIPTIONS/TEAM-4",
    operation: "microsoft.apimanagement/service/subscriptions/write",
    details: new Map([["state", "suspended"]]),
  });
  const gone = CALLS.filter(({ app, seconds }) => app !== 4 || seconds < ONSET + 900);
  const isRefused = ({ app, seconds }: Ordinary): boolean => app === 4 && seconds >= ONSET;

  test("is no fault, though another fault refused its calls before", () => {
    const shut: Fault = (call) => {
      if (isRefused(call)) return wrongKey(call);
      return orders(call) && call.seconds >= 1_800 ? refusedByBackend(call, 403) : undefined;
    };
    expect(causesOf([...eventsOf(gone, shut), off])).toEqual(["unknown"]);
  });

  test("is no fault, though a few others always come with a wrong key", () => {
    const few: Fault = (call) =>
      isRefused(call) || (call.app === 5 && call.chance < 0.08) ? wrongKey(call) : undefined;
    expect(causesOf([...eventsOf(gone, few), off])).toEqual([]);
  });
});

describe("who cannot sign in is known", () => {
  const ADDRESSES = [1, 2, 3, 4].map((n) => `203.0.4.${n}`);
  test("by all the addresses that its sign-ins come from", () => {
    const spread = CALLS.map((call) =>
      call.app === 4
        ? {
            ...nameless(call),
            gateway: { ...nameless(call).gateway, callerAddress: `203.${(call.seconds % 4) | 0}.4.9` },
          }
        : nameless(call),
    );
    const fault = during((call) =>
      call.app === 4 ? refusedByGateway(call, { error: gatewayError("TokenExpired") }) : undefined,
    );
    const signIns = ADDRESSES.map((_, i) =>
      signInFailure(ONSET - 60 + i, { appId: "a", principal: "p", address: `203.${i}.4.9`, errorCode: 7_000_215 }),
    );
    expect(causesOf([...eventsOf(spread, fault), ...signIns])).toEqual(["client-secret-expired"]);
  });

  test("by a part of the backend's host that is its name", () => {
    const hosted = CALLS.map((call) =>
      orders(call) ? { ...call, gateway: { ...call.gateway, backendId: "contoso-parcels.example" } } : call,
    );
    const fault = during((call) => (orders(call) && call.chance < 0.5 ? refusedByBackend(call, 401) : undefined));
    const signIn = signInFailure(ONSET - 300, { name: "parcels", errorCode: 7_000_215 });
    expect(causesOf([...gatewayOnly(eventsOf(hosted, fault)), signIn])).toEqual(["client-secret-expired"]);
  });
});

describe("one caller in one region", () => {
  const own = ({ app, region }: Ordinary): boolean => app === 4 && region === "West Europe";
  test.each([
    { reason: "TokenExpired", share: 0.9, cause: "caller-token-expired" },
    { reason: "TokenClaimNotFound", share: 0.5, cause: "token-claim-missing" },
  ])("refused with $reason, is not about the region", ({ reason, share, cause }) => {
    const unclaimed = CALLS.map(nameless);
    const fault = during((call) =>
      own(call) && call.chance < share ? refusedByGateway(call, { error: gatewayError(reason) }) : undefined,
    );
    expect(causesOf(eventsOf(unclaimed, fault))).toEqual([cause]);
  });
});

const accessed = (seconds: number, over: Pick<SecretAccess, "operation" | "ownerResource">): SecretAccess => ({
  kind: "secret-access",
  shape: "event-hub",
  resource: "/subscriptions/s/providers/microsoft.keyvault/vaults/kv",
  vault: "kv",
  secret: "cosmos-key",
  time: at(seconds),
  dedupKey: `${over.operation}-${seconds}`,
  status: 200,
  ...over,
});
const GATEWAY = "/subscriptions/s/providers/microsoft.apimanagement/service/apim";

describe("a secret that was replaced before the onset", () => {
  const fault = during((call) => (orders(call) ? refusedByBackend(call, 401) : undefined));
  const written = [
    accessed(600, { operation: "SecretGet", ownerResource: GATEWAY }),
    accessed(ONSET - 900, { operation: "SecretSet" }),
  ];
  const causesWith = (signs: readonly Event[]): readonly string[] =>
    causesOf([...gatewayOnly(eventsOf(CALLS, fault)), ...signs]);

  test("may be the one that the gateway still holds as it was", () => {
    expect(causesWith(written)).toEqual(["named-value-stale-secret"]);
  });
  test("is not where the gateway has read it anew since", () => {
    const read = accessed(ONSET - 800, { operation: "SecretGet", ownerResource: GATEWAY });
    expect(causesWith([...written, read])).toEqual(["unknown"]);
  });
});

describe("refused by Cosmos DB, and no log says why", () => {
  test("a part of each kind of write is as a limit refuses, which is no fault", () => {
    const write = (call: Ordinary): string => (call.chance < 0.2 ? "Delete" : "Upsert");
    const fault: Fault = (call) => {
      const isIn = call.seconds >= ONSET && call.seconds < 6_200;
      if (!orders(call) || !call.write) return undefined;
      const over = { operation: write(call) };
      if (isIn && (call.chance * 100) % 1 < 0.5) return refusedByCosmos(call, 403, {}, over);
      return [call.gateway, operationOf(call, over)];
    };
    expect(causesOf(eventsOf(CALLS, fault))).toEqual([]);
  });

  test("of a network where one identity took another's place, the identity is the wrong one", () => {
    const worker = (call: Ordinary, over: Parameters<typeof operationOf>[1]): readonly Event[] => [
      operationOf(call, {
        userAgent: "azsdk-js-cosmos/4",
        clientAddress: call.app === 4 ? "40.7.7.4" : "40.8.8.4",
        ...over,
      }),
    ];
    const principal = (call: Ordinary): string => `aaaaaaaa-0000-4000-8000-00000000000${call.app}`;
    const fault: Fault = (call) =>
      call.app === 4 && call.seconds >= ONSET && call.seconds < ONSET + 900
        ? worker(call, { status: 403, principal: "bbbbbbbb-0000-4000-8000-000000000001" })
        : worker(call, { principal: principal(call) });
    expect(found(eventsOf(CALLS.filter(orders), fault)).map(([cause]) => cause)).toEqual(["wrong-identity"]);
  });

  test("a key that an SDK signs with was not read from a vault by a gateway", () => {
    const fault: Fault = (call) => [
      operationOf(call, {
        userAgent: "azsdk-python-cosmos/4.7",
        credential: "SecondaryMasterKey",
        clientAddress: `10.4.${call.app}.5`,
        ...(call.app < 4 && call.seconds >= ONSET ? { status: 401 } : {}),
      }),
    ];
    const signs = [
      accessed(600, { operation: "SecretGet", ownerResource: GATEWAY }),
      accessed(ONSET - 200, { operation: "SecretSet" }),
    ];
    expect(causesOf([...eventsOf(CALLS, fault), ...signs])).toEqual(["key-rotated"]);
  });
});

test("a role that was given to another id is meant for the refused one, though some of the same calls are let in", () => {
  const bound = controlPlane(ONSET - 300, {
    change: "role-assignment",
    operation: "sqlroleassignments/write",
    details: new Map([["principalId", "99999999-0000-4000-8000-000000000001"]]),
  });
  const fault = during((call) =>
    call.backend === "orders-a" && call.chance < 0.6 ? refusedByCosmos(call, 403, { subStatus: 5_302 }) : undefined,
  );
  expect(
    causesOf([
      ...eventsOf(
        CALLS.filter(({ backend }) => backend === "orders-a"),
        fault,
      ),
      bound,
    ]),
  ).toEqual(["role-bound-to-wrong-id"]);
});
