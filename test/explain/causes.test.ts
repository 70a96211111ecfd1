import { describe, expect, test } from "vitest";
import { reportOf } from "../../src/findings/report.ts";
import type { DimensionValues } from "../../src/model/call.ts";
import type { CauseId } from "../../src/model/cause.ts";
import type { Event } from "../../src/model/event.ts";
import type { Finding } from "../../src/model/finding.ts";
import { createAnalysis } from "../../src/analysis.ts";
import { end, follow } from "../../src/pipeline.ts";
import { at, change, claims, gatewayError, gatewayRequest } from "../builders.ts";
import {
  appId,
  eventsOf,
  type Ordinary,
  ordinaryCalls,
  PRINCIPALS,
  refusedByCosmos,
  refusedByGateway,
} from "../traffic.ts";

const CALLS = [...ordinaryCalls({ hours: 3, perSecond: 1.5, seed: 11 })];
const ONSET = 5_000;
const END = 8_000;

function analyze(events: readonly Event[]): readonly Finding[] {
  const analysis = createAnalysis({ lateness: 0, seed: 1 });
  follow(analysis, events);
  end(analysis);
  return reportOf(analysis).findings;
}

type Fault = (call: Ordinary) => readonly Event[] | undefined;

interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly also?: readonly Event[];
  readonly cause: CauseId;
  readonly where?: DimensionValues;
}

const during =
  (fault: Fault): Fault =>
  (call) =>
    call.seconds >= ONSET && call.seconds < END ? fault(call) : undefined;
const orders = ({ gateway }: Ordinary): boolean => gateway.api === "orders";
const keyed = (call: Ordinary): boolean => !orders(call);

const cases: readonly Case[] = [
  {
    name: "one of two backends lacks the role",
    fault: (call) =>
      call.backend === "orders-b"
        ? refusedByCosmos(call, 403, { subStatus: 5302 }, { credential: "AadToken" })
        : undefined,
    cause: "backend-grants-differ",
    where: { backend: "orders-b" },
  },
  {
    name: "one region does not know new keys",
    fault: (call) =>
      call.region === "North Europe" && call.chance < 0.8
        ? refusedByGateway(call, { error: gatewayError("SubscriptionKeyInvalid", "authorization") })
        : undefined,
    cause: "gateway-region-differs",
    where: { region: "North Europe" },
  },
  {
    name: "an application keeps its token past the end, for a while each hour",
    fault: (call) =>
      call.app === 4 && call.seconds % 1_200 < 500
        ? refusedByGateway(call, {
            error: gatewayError("TokenExpired"),
            claims: claims({ ...call.gateway.claims, state: "unverified", expires: at(call.seconds - 60) }),
          })
        : undefined,
    cause: "caller-token-expired",
    where: { appId: appId(4) },
  },
  {
    name: "tokens of a new signing key",
    fault: (call) =>
      call.chance < 0.5 && call.seconds < ONSET + 300
        ? refusedByGateway(call, {
            error: gatewayError("TokenSignatureKeyNotFound"),
            claims: claims({ ...call.gateway.claims, state: "unverified", keyId: "key-2" }),
          })
        : undefined,
    cause: "signing-key-rollover",
    where: { keyId: "key-2" },
  },
  {
    name: "an application moved to tokens of version 1",
    fault: (call) =>
      call.app === 5
        ? refusedByGateway(call, {
            error: gatewayError("TokenIssuerNotAllowed"),
            claims: claims({
              ...call.gateway.claims,
              state: "unverified",
              issuer: "https://sts.windows.net/t/",
              version: "1.0",
            }),
          })
        : undefined,
    cause: "token-issuer-mismatch",
    where: { issuer: "https://sts.windows.net/t/" },
  },
  {
    name: "an application asks for another audience in part of its calls",
    fault: (call) =>
      call.app === 5 && call.chance < 0.4
        ? refusedByGateway(call, {
            error: gatewayError("TokenAudienceNotAllowed"),
            claims: claims({ ...call.gateway.claims, state: "unverified", audience: "https://management.azure.com" }),
          })
        : undefined,
    cause: "token-audience-mismatch",
    where: { audience: "https://management.azure.com" },
  },
  {
    name: "tokens of one application lack the role",
    fault: (call) =>
      call.app === 2 && call.chance < 0.3
        ? refusedByGateway(call, { status: 403, error: gatewayError("TokenClaimNotFound") })
        : undefined,
    cause: "token-claim-missing",
    where: { appId: appId(2) },
  },
  {
    name: "a client forgets its key on one operation",
    fault: (call) => {
      if (call.app !== 1 || !call.write) return undefined;
      const { subscription: _subscription, claims: _claims, ...gateway } = call.gateway;
      return refusedByGateway(
        { ...call, gateway },
        { error: gatewayError("SubscriptionKeyNotFound", "authorization") },
      );
    },
    cause: "subscription-key-missing-or-wrong",
  },
  {
    name: "a subscription used up its quota",
    fault: (call) =>
      call.app === 7
        ? refusedByGateway(call, { status: 403, error: gatewayError("QuotaExceeded", "quota") })
        : undefined,
    cause: "quota-exceeded",
    where: { subscription: "team-7" },
  },
  {
    name: "the gateway's filter lost a range",
    fault: (call) =>
      call.app === 8
        ? refusedByGateway(call, { status: 403, error: gatewayError("CallerIpNotAllowed", "ip-filter") })
        : undefined,
    cause: "ip-filter",
    where: { callerNetwork: "203.0.8.0/24" },
  },
  {
    name: "writes with a read-only key",
    fault: (call) =>
      keyed(call) && call.write
        ? refusedByCosmos(call, 401, {}, { credential: "PrimaryReadonlyMasterKey" })
        : undefined,
    cause: "read-only-key-write",
    where: { credential: "PrimaryReadonlyMasterKey" },
  },
  {
    name: "a principal lost its role",
    fault: (call) =>
      orders(call)
        ? refusedByCosmos(call, 403, { subStatus: 5302 }, { principal: PRINCIPALS["orders-a"] ?? "" })
        : undefined,
    also: [
      change({
        time: at(ONSET - 30),
        change: "role-assignment",
        action: "delete",
        operation: "microsoft.documentdb/databaseaccounts/sqlroleassignments/delete",
      }),
    ],
    cause: "role-assignment-propagating-or-missing",
  },
  {
    name: "a role without writes",
    fault: (call) => (orders(call) && call.write ? refusedByCosmos(call, 403, { subStatus: 5302 }) : undefined),
    cause: "role-too-narrow",
    where: { operation: "orders-put" },
  },
  {
    name: "containers created with an Entra token",
    fault: (call) =>
      call.app === 4 && call.write
        ? refusedByCosmos(call, 403, { subStatus: 5300 }, { operation: "Create", resourceType: "Collection" })
        : undefined,
    cause: "management-op-with-entra-token",
  },
  {
    name: "a key was regenerated",
    fault: (call) => (keyed(call) ? refusedByCosmos(call, 401, {}) : undefined),
    also: [
      change({
        time: at(ONSET - 20),
        change: "key-regenerated",
        action: "action",
        operation: "microsoft.documentdb/databaseaccounts/regeneratekey/action",
      }),
    ],
    cause: "key-rotated",
    where: { credential: "PrimaryMasterKey" },
  },
  {
    name: "local authorization was disabled",
    fault: (call) =>
      keyed(call)
        ? refusedByCosmos(call, 401, {
            errorBody: "Local Authorization is disabled. Use an AAD token to authorize all requests.",
          })
        : undefined,
    cause: "local-auth-disabled",
    where: { credential: "PrimaryMasterKey" },
  },
  {
    name: "a firewall blocks one region's way out",
    fault: (call) =>
      call.region === "North Europe"
        ? refusedByCosmos(call, 403, {
            errorBody:
              "Request originated from IP 198.51.101.4 through public internet. This is blocked by your Cosmos DB account firewall settings.",
          })
        : undefined,
    cause: "firewall-blocked",
    where: { clientNetwork: "198.51.101.0/24" },
  },
  {
    name: "one client's clock is off",
    fault: (call) =>
      keyed(call) && call.region === "North Europe"
        ? refusedByCosmos(
            call,
            403,
            { errorBody: "The authorization token is not valid at the current time." },
            { clientAddress: "198.51.102.8" },
          )
        : undefined,
    cause: "clock-skew",
    where: { clientNetwork: "198.51.102.0/24" },
  },
  {
    name: "writes to a region that takes none, told by the failover only",
    fault: (call) => (call.write ? refusedByCosmos(call, 403, {}) : undefined),
    also: [change({ time: at(ONSET - 40), change: "failover", action: "action", operation: "regionfailovercomplete" })],
    cause: "write-to-read-region",
  },
  {
    name: "random refusals of one API that nothing explains",
    fault: (call) =>
      orders(call) && call.chance < 0.3 ? [{ ...call.gateway, status: 403, backendStatus: 403 }] : undefined,
    cause: "unknown",
    where: { api: "orders" },
  },
];

describe("one fault is one finding with its cause, what differs and its time", () => {
  test.each(cases)("$name", ({ fault, also = [], cause, where }) => {
    const events = [...eventsOf(CALLS, during(fault)), ...also].toSorted((a, b) => a.time - b.time);
    const findings = analyze(events);
    expect(findings.map((finding) => finding.cause.id)).toEqual([cause]);
    const [finding] = findings;
    if (where !== undefined) expect(finding?.splits[0]?.where).toEqual(where);
    const onset = ((finding?.onset ?? 0) - at(0)) / 1e7;
    expect(Math.abs(onset - ONSET)).toBeLessThan(120);
    expect(finding?.status).toBe("resolved");
    expect(finding?.cause.evidence.length).toBeGreaterThan(0);
  });
});

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

const scanner = (seconds: number): readonly Event[] => [
  gatewayRequest({
    time: at(seconds),
    callerAddress: "192.0.2.66",
    status: 401,
    error: gatewayError("TokenNotPresent"),
  }),
];

const quiet: readonly { name: string; events: () => readonly Event[] }[] = [
  { name: "healthy traffic", events: () => eventsOf(CALLS, () => undefined) },
  {
    name: "a little noise of expiring tokens",
    events: () =>
      eventsOf(CALLS, (call) =>
        call.chance < 0.003 ? refusedByGateway(call, { error: gatewayError("TokenExpired") }) : undefined,
      ),
  },
  {
    name: "a scanner",
    events: () =>
      [...eventsOf(CALLS, () => undefined), ...Array.from({ length: 2_000 }, (_, i) => scanner(i * 5)).flat()].toSorted(
        (a, b) => a.time - b.time,
      ),
  },
  {
    name: "an API that never worked",
    events: () =>
      eventsOf(CALLS, (call) =>
        keyed(call) ? refusedByGateway(call, { error: gatewayError("TokenAudienceNotAllowed") }) : undefined,
      ),
  },
  {
    name: "an application that never had a right",
    events: () =>
      eventsOf(CALLS, (call) =>
        call.app === 5 ? refusedByGateway(call, { error: gatewayError("TokenClaimNotFound") }) : undefined,
      ),
  },
  {
    name: "too many requests",
    events: () =>
      eventsOf(
        CALLS,
        during((call) => (call.chance < 0.5 ? [{ ...call.gateway, status: 429 }] : undefined)),
      ),
  },
  {
    name: "items not found",
    events: () =>
      eventsOf(
        CALLS,
        during((call) => (call.chance < 0.5 ? [{ ...call.gateway, status: 404 }] : undefined)),
      ),
  },
  {
    name: "a full partition",
    events: () =>
      eventsOf(
        CALLS,
        during((call) =>
          call.write && call.chance < 0.5 ? refusedByCosmos(call, 403, { subStatus: 1014 }) : undefined,
        ),
      ),
  },
  {
    name: "an outage",
    events: () =>
      eventsOf(
        CALLS,
        during((call) => [{ ...call.gateway, status: 503, backendStatus: 503 }]),
      ),
  },
  {
    name: "forged tokens that name a busy application",
    events: () =>
      [
        ...eventsOf(CALLS, () => undefined),
        ...CALLS.filter(({ app, seconds }) => app === 4 && seconds > ONSET).flatMap((call, i) =>
          refusedByGateway(
            {
              ...call,
              gateway: {
                ...call.gateway,
                correlationId: `forged-${i}`,
                dedupKey: `forged-${i}`,
                callerAddress: "192.0.2.99",
              },
            },
            { error: gatewayError("TokenSignatureInvalid") },
          ).map(({ subscription: _none, ...event }: Event & { subscription?: string }) => event as Event),
        ),
      ].toSorted((a, b) => a.time - b.time),
  },
];

test.each(quiet)("raises nothing: $name", ({ events }) => {
  expect(analyze(events()).map(({ title }) => title)).toEqual([]);
});
