import { describe, expect, test } from "vitest";
import type { CauseId } from "../../src/model/cause.ts";
import type { Event, SecretAccess } from "../../src/model/event.ts";
import { at, change, claims, gatewayError } from "../builders.ts";
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
  during,
  END,
  type Fault,
  keyed,
  ONSET,
  orders,
  refusedByBackend,
  signInFailure,
} from "./tenant.ts";
import { soleFinding } from "./sole-finding.ts";

const secretAccess = (over: Partial<SecretAccess>): SecretAccess => ({
  kind: "secret-access",
  shape: "event-hub",
  resource: "/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/kv",
  dedupKey: `kv|${over.operation ?? ""}|${over.time ?? 0}|${over.status ?? 0}`,
  time: at(0),
  vault: "kv",
  operation: "SecretGet",
  secret: "orders-key",
  status: 200,
  ...over,
});
const GATEWAY = { ownerResource: "/subscriptions/s/resourcegroups/g/providers/microsoft.apimanagement/service/apim" };

const container = (seconds: number, action: "create" | "delete", name: string) =>
  change({
    time: at(seconds),
    change: "container",
    action,
    operation: `sqlcontainers${action}`,
    details: new Map([["resource", `/dbs/shop/colls/${name}`]]),
  });

interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly also?: readonly Event[];
  readonly cause: CauseId;
}

const TOKEN = "33333333-3333-4333-8333-00000000000b";
const PUBLIC = "20.50.60.7";
const inPrivate = (call: Ordinary): readonly Event[] => [
  call.gateway,
  ...refusedByCosmos(call, 403, {}, { status: 200, clientAddress: "10.1.2.7" }).slice(1),
];

/** The gateway read a secret, which was replaced just before the onset. */
const REPLACED = [
  secretAccess({ time: at(ONSET - 2_000), ...GATEWAY }),
  secretAccess({ time: at(ONSET - 60), operation: "SecretSet" }),
];

const cases: readonly Case[] = [
  {
    name: "one operation asks for a token that it never needed",
    fault: (call) => {
      if (!orders(call) || !call.write || call.chance > 0.6) return undefined;
      const { claims: _claims, ...gateway } = call.gateway;
      return refusedByGateway({ ...call, gateway }, { error: gatewayError("TokenNotPresent") });
    },
    cause: "policy-branch-fallthrough",
  },
  {
    name: "a regenerated key is refused until the gateway knows it",
    fault: (call) => {
      if (call.app !== 4 || call.seconds > ONSET + 540) return undefined;
      const { subscription: _key, ...gateway } = call.gateway;
      return refusedByGateway(
        { ...call, gateway },
        { error: gatewayError("SubscriptionKeyInvalid", "authorization"), claims: claims({ ...gateway.claims }) },
      );
    },
    also: [
      change({ time: at(ONSET - 30), change: "subscription", operation: "subscriptions/regenerateprimarykey/action" }),
    ],
    cause: "subscription-key-not-propagated",
  },
  {
    name: "a header that Cosmos DB cannot read",
    fault: (call) =>
      orders(call) && call.write
        ? refusedByCosmos(call, 401, { subStatus: 5001 }, { credential: "Invalid" })
        : undefined,
    cause: "cosmos-authorization-format",
  },
  {
    name: "a token that is cached for longer than it lives",
    fault: (call) =>
      orders(call) && (call.seconds - ONSET) % 900 < 350 ? refusedByCosmos(call, 401, { subStatus: 5006 }) : undefined,
    cause: "cached-token-outlived",
  },
  {
    name: "a backend that finds the gateway's token expired, though the caller's is valid",
    fault: (call) =>
      orders(call)
        ? refusedByBackend(call, 401, {
            challenge: 'Bearer error="invalid_token", error_description="The token expired"',
            claims: claims({ ...call.gateway.claims, expires: at(call.seconds + 1_800) }),
          })
        : undefined,
    cause: "cached-token-outlived",
  },
  {
    name: "one of the instances holds a token that has ended",
    fault: (call) =>
      call.backend === "orders-a" && call.chance < 0.4
        ? refusedByCosmos(
            call,
            403,
            { subStatus: 5300, errorBody: "Provided AAD token has been expired since 8:12." },
            { clientAddress: "198.51.100.9" },
          )
        : undefined,
    cause: "instance-dead-token",
  },
  {
    name: "a chain of credentials answers with another identity",
    fault: (call) =>
      call.backend === "orders-a" && call.chance < 0.4
        ? refusedByCosmos(call, 403, { subStatus: 5301 }, { principal: TOKEN })
        : undefined,
    cause: "wrong-identity",
  },
  {
    name: "a role that is held through a group",
    fault: (call) =>
      call.backend === "orders-a" && call.chance < 0.5
        ? refusedByCosmos(call, 403, {
            subStatus: 5301,
            errorBody:
              "principal [x] does not have required RBAC permissions. This could be because the user's group memberships were not present in the AAD token.",
          })
        : undefined,
    cause: "group-grant-not-in-token",
  },
  {
    name: "a role that was given to a client id",
    fault: (call) => (orders(call) ? refusedByCosmos(call, 403, { subStatus: 5302 }) : undefined),
    also: [
      change({
        time: at(ONSET - 200),
        change: "role-assignment",
        action: "write",
        operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/write",
        details: new Map([["principalId", "99999999-0000-4000-8000-000000000001"]]),
      }),
    ],
    cause: "role-bound-to-wrong-id",
  },
  {
    name: "the gateway holds a secret that was replaced",
    fault: (call) => (orders(call) ? refusedByBackend(call, 401) : undefined),
    also: REPLACED,
    cause: "named-value-stale-secret",
  },
  {
    name: "a third of a route's calls is refused after a secret was replaced, which all of them are sent with",
    fault: (call) => (orders(call) && call.chance < 0.34 ? refusedByBackend(call, 401) : undefined),
    also: REPLACED,
    cause: "unknown",
  },
  {
    name: "most of a route's calls are refused after a secret was replaced that the gateway was not seen to read",
    fault: (call) => (orders(call) && call.chance < 0.7 ? refusedByBackend(call, 401) : undefined),
    also: [secretAccess({ time: at(ONSET - 60), operation: "SecretSet" })],
    cause: "unknown",
  },
  {
    name: "the vault has refused the gateway since long before the secret was replaced",
    fault: (call) => (orders(call) ? refusedByBackend(call, 401) : undefined),
    also: [
      secretAccess({ time: at(ONSET - 4_000), status: 403, ...GATEWAY }),
      secretAccess({ time: at(ONSET - 60), operation: "SecretSet" }),
    ],
    cause: "gateway-cannot-read-key-vault",
  },
  {
    name: "the vault refuses the gateway when it comes to ask again, minutes after the secret was replaced",
    fault: (call) => (orders(call) ? refusedByBackend(call, 401) : undefined),
    also: [
      secretAccess({ time: at(ONSET - 2_000), ...GATEWAY }),
      secretAccess({ time: at(ONSET - 60), operation: "SecretSet" }),
      secretAccess({ time: at(ONSET + 300), status: 403, ...GATEWAY }),
    ],
    cause: "gateway-cannot-read-key-vault",
  },
  {
    name: "a token of Entra is refused after a secret was replaced, which no secret stands for",
    fault: (call) => (orders(call) ? refusedByCosmos(call, 401, {}) : undefined),
    also: REPLACED,
    cause: "unknown",
  },
  {
    name: "another vault refuses the gateway than that of the secret which was replaced",
    fault: (call) => (orders(call) ? refusedByBackend(call, 401) : undefined),
    also: [
      secretAccess({ time: at(ONSET - 4_000), ...GATEWAY }),
      secretAccess({ time: at(ONSET - 2_000), status: 403, vault: "kv-mail", secret: "mail-password", ...GATEWAY }),
      secretAccess({ time: at(ONSET - 60), operation: "SecretSet" }),
    ],
    cause: "named-value-stale-secret",
  },
  {
    name: "another vault refused the gateway before, and a secret of it was replaced long before this one",
    fault: (call) => (orders(call) ? refusedByBackend(call, 401) : undefined),
    also: [
      secretAccess({ time: at(ONSET - 4_000), status: 403, vault: "kv-mail", secret: "mail-password", ...GATEWAY }),
      secretAccess({ time: at(ONSET - 3_900), ...GATEWAY }),
      secretAccess({ time: at(ONSET - 2_100), operation: "SecretSet", vault: "kv-mail", secret: "mail-password" }),
      secretAccess({ time: at(ONSET - 60), operation: "SecretSet" }),
    ],
    cause: "named-value-stale-secret",
  },
  {
    name: "a caller that cannot renew its token, as its secret has expired",
    fault: (call) =>
      call.app === 4
        ? refusedByGateway(call, {
            error: gatewayError("TokenExpired"),
            claims: claims({ ...call.gateway.claims, state: "unverified", expires: at(ONSET - 10) }),
          })
        : undefined,
    also: [signInFailure(ONSET - 900, { appId: appId(4), principal: objectId(4), errorCode: 7_000_222 })],
    cause: "client-secret-expired",
  },
  {
    name: "a backend that passes on that it was not let sign in",
    fault: (call) =>
      call.backend === "orders-a"
        ? refusedByBackend(call, 401, {
            errorBody: "AADSTS53003: Access has been blocked by Conditional Access policies.",
          })
        : undefined,
    cause: "conditional-access-blocked",
  },
  {
    name: "a container that was deleted and created again",
    fault: (call) => (keyed(call) && call.seconds < ONSET + 700 ? refusedByCosmos(call, 401, {}) : undefined),
    also: [container(ONSET - 60, "delete", "invoices"), container(ONSET - 20, "create", "invoices")],
    cause: "container-recreated",
  },
  {
    name: "part of an application's calls takes the public way to an account that has a private one",
    fault: (call) => {
      if (call.backend !== "orders-a") return undefined;
      return call.chance < 0.4 && call.seconds >= ONSET && call.seconds < END
        ? refusedByCosmos(call, 403, {}, { clientAddress: PUBLIC })
        : inPrivate(call);
    },
    cause: "split-dns-private-endpoint",
  },
  {
    name: "a network security perimeter",
    fault: (call) => (call.region === "North Europe" ? refusedByCosmos(call, 403, { subStatus: 5307 }) : undefined),
    cause: "network-perimeter-blocked",
  },
  {
    name: "the service cannot check tokens for some minutes",
    fault: (call) =>
      orders(call) && call.chance < 0.6 && call.seconds < ONSET + 400
        ? refusedByCosmos(call, 401, { subStatus: 5200 })
        : undefined,
    cause: "service-identity-hiccup",
  },
  {
    name: "half a minute on, half a minute off",
    fault: (call) => (orders(call) && call.seconds % 60 < 30 ? refusedByBackend(call, 401) : undefined),
    cause: "unknown-periodic",
  },
];

describe("the cause of one fault", () => {
  test.each(cases)("$name", ({ fault, also = [], cause }) => {
    const finding = soleFinding(fault, also, cause === "split-dns-private-endpoint");
    expect(finding?.cause.id).toBe(cause);
    expect(finding?.cause.evidence.length).toBeGreaterThan(0);
  });
});

const without: readonly (Case & { readonly not: CauseId })[] = [
  {
    name: "a secret that was written long before is no cause",
    fault: (call) => (orders(call) ? refusedByBackend(call, 401) : undefined),
    also: [secretAccess({ time: at(ONSET - 4 * 3_600 - 700), operation: "SecretSet" })],
    cause: "unknown",
    not: "named-value-stale-secret",
  },
  {
    name: "one call in five that Cosmos DB refuses without a word is no missing role",
    fault: (call) => (orders(call) && call.chance < 0.2 ? refusedByCosmos(call, 403, { subStatus: 5400 }) : undefined),
    cause: "unknown",
    not: "role-assignment-propagating-or-missing",
  },
  {
    name: "sign-ins of another application are no cause",
    fault: (call) => (call.app === 4 ? refusedByGateway(call, { error: gatewayError("TokenExpired") }) : undefined),
    also: [signInFailure(ONSET - 900, { appId: "99999999-0000-4000-8000-000000000002", errorCode: 7_000_222 })],
    cause: "caller-token-expired",
    not: "client-secret-expired",
  },
  {
    name: "a role that was given to the very principal is no wrong id",
    fault: (call) => (call.backend === "orders-a" ? refusedByCosmos(call, 403, { subStatus: 5302 }) : undefined),
    also: [
      change({
        time: at(ONSET - 200),
        change: "role-assignment",
        details: new Map([["principalId", "00000003-0000-4000-8000-000000000001"]]),
      }),
    ],
    cause: "backend-grants-differ",
    not: "role-bound-to-wrong-id",
  },
];

test.each(without)("$name", ({ fault, also = [], cause, not }) => {
  const finding = soleFinding(fault, also);
  expect(finding?.cause.id).toBe(cause);
  const said = finding?.cause.rejected.find(({ id }) => id === not)?.because ?? "";
  expect(said).not.toMatch(/^fits/);
});

test("a stale secret is refused to all who call the API, be it nearly one caller", () => {
  const calls = CALLS.filter((call) => !keyed(call) || call.app === 3 || call.chance < 0.02);
  const refused = during((call) => (keyed(call) ? refusedByBackend(call, 401) : undefined));
  const events = [...eventsOf(calls, refused), ...REPLACED].toSorted((a, b) => a.time - b.time);
  expect(analyze(events).map(({ cause }) => cause.id)).toEqual(["named-value-stale-secret"]);
});

test("of refusals that both logs tell of without an id, those with a credential say which one is refused", () => {
  const backendUrl = "https://shop.documents.azure.com/dbs";
  const direct = (call: Ordinary) => ({ ...call.gateway, backendUrl, backendId: "shop.documents.azure.com" });
  const apart = (call: Ordinary, status: number): readonly Event[] => [
    { ...direct(call), status, backendStatus: status },
    operationOf(call, { status, activityId: `x${call.gateway.correlationId.slice(1)}` }),
  ];
  const calls = CALLS.filter(keyed);
  const events = eventsOf(calls, (call) => apart(call, call.seconds > ONSET ? 401 : 200));
  const off = change({ time: at(ONSET - 60), change: "local-auth-disabled" });
  const found = analyze([...events, off].toSorted((a, b) => a.time - b.time));
  expect(found.map(({ cause }) => cause.id)).toEqual(["local-auth-disabled"]);
});
