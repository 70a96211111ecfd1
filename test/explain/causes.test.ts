import { describe, expect, test } from "vitest";
import type { DimensionValues } from "../../src/model/call.ts";
import type { CauseId } from "../../src/model/cause.ts";
import type { Event } from "../../src/model/event.ts";
import { at, change, claims, gatewayError } from "../builders.ts";
import { appId, eventsOf, operationOf, PRINCIPALS, refusedByCosmos, refusedByGateway } from "../traffic.ts";
import { analyze, CALLS, during, type Fault, keyed, ONSET, orders, recreated } from "./tenant.ts";

interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly also?: readonly Event[];
  readonly cause: CauseId;
  readonly where?: DimensionValues;
  /** What the title says. */
  readonly says?: string;
}

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
    name: "the busiest region alone refuses an issuer's tokens; calls with a key only go on",
    fault(call) {
      if (call.region !== "West Europe") return undefined;
      if (call.app < 8) return refusedByGateway(call, { error: gatewayError("TokenIssuerNotAllowed") });
      const { claims: _claims, ...gateway } = call.gateway;
      return [gateway, operationOf(call)];
    },
    cause: "gateway-region-differs",
    where: { region: "West Europe" },
  },
  {
    name: "an application keeps its token past the end, for a while each hour",
    fault: (call) =>
      call.app === 4 && call.seconds % 1_200 < 500
        ? refusedByGateway(call, {
            error: gatewayError("TokenExpired"),
            claims: claims({
              ...call.gateway.claims,
              state: "unverified",
              expires: at(call.seconds - (call.seconds % 1_200) - 5),
            }),
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
    name: "a principal lost its role on one account, and keeps that on another",
    fault: (call) =>
      orders(call)
        ? refusedByCosmos(call, 403, { subStatus: 5302 }, { principal: PRINCIPALS["orders-a"] ?? "" })
        : [
            call.gateway,
            operationOf(call, { principal: PRINCIPALS["orders-a"] ?? "", credential: "AadToken", account: "other" }),
          ],
    cause: "role-assignment-propagating-or-missing",
  },
  {
    name: "a container was made anew, hours after the account's key",
    fault: (call) => {
      if (!keyed(call)) return undefined;
      if (call.app === 3) return [call.gateway, operationOf(call, { container: "notes" })];
      return refusedByCosmos(call, 401, {
        errorBody: "The wrong key is being used or the signature is not as expected.",
      });
    },
    also: [
      change({
        time: at(ONSET - 4_500),
        change: "key-regenerated",
        action: "action",
        operation: "microsoft.documentdb/databaseaccounts/regeneratekey/action",
      }),
      ...recreated.slice(1),
    ],
    cause: "container-recreated",
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
    says: "the client's clock is off",
    where: { clientNetwork: "198.51.102.0/24" },
  },
  {
    name: "the clock of one gateway region is ahead: it refuses tokens that have not expired",
    fault: (call) =>
      call.region === "North Europe" && call.chance < 0.3
        ? refusedByGateway(call, {
            error: gatewayError("TokenExpired"),
            claims: claims({ ...call.gateway.claims, state: "unverified", expires: at(call.seconds + 500) }),
          })
        : undefined,
    cause: "clock-skew",
    where: { region: "North Europe" },
    says: "the gateway's clock is off",
  },
  {
    name: "the clock of one gateway region is behind",
    fault: (call) =>
      call.region === "North Europe" && call.chance < 0.3
        ? refusedByGateway(call, {
            error: {
              ...gatewayError("JwtInvalid"),
              message: "IDX10222: Lifetime validation failed. The token is not yet valid.",
            },
          })
        : undefined,
    cause: "clock-skew",
    where: { region: "North Europe" },
    says: "the gateway's clock is off",
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
  test.each(cases)("$name", ({ fault, also = [], cause, where, says }) => {
    const events = [...eventsOf(CALLS, during(fault)), ...also].toSorted((a, b) => a.time - b.time);
    const findings = analyze(events);
    expect(findings.map((finding) => finding.cause.id)).toEqual([cause]);
    const [finding] = findings;
    if (where !== undefined) expect(finding?.splits[0]?.where).toEqual(where);
    expect(finding?.title).toContain(says ?? "");
    const onset = ((finding?.onset ?? 0) - at(0)) / 1e7;
    expect(Math.abs(onset - ONSET)).toBeLessThan(120);
    expect(finding?.status).toBe("resolved");
    expect(finding?.cause.evidence.length).toBeGreaterThan(0);
  });
});
