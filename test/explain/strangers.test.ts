import { describe, expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { at, claims, gatewayError, gatewayRequest } from "../builders.ts";
import { appId, eventsOf, objectId, type Ordinary, refusedByGateway } from "../traffic.ts";
import { analyze, CALLS, causesOf, during, nameless, ONSET } from "./tenant.ts";

const SCAN_SECONDS = 1_200;
const POP = (n: number): string => `147.243.${n % 2}.4`;

/** All calls come from two addresses of a front door, and no log has the user agents. */
const throughFrontDoor = (call: Ordinary): Ordinary => {
  const { userAgent: _userAgent, ...gateway } = call.gateway;
  return { ...call, gateway: { ...gateway, callerAddress: POP(call.app) } };
};
const HIDDEN = CALLS.map(throughFrontDoor);

/** Tries each operation that callers are known to use, for the given reasons in turn. */
function scan(reasons: readonly string[], everySeconds: number): readonly Event[] {
  const operations = ["orders-get", "orders-put", "billing-get", "billing-put"];
  return Array.from({ length: Math.floor(SCAN_SECONDS / everySeconds) }, (_, n) => {
    const operation = operations[(n * 7) % operations.length] ?? "";
    return gatewayRequest({
      time: at(ONSET + n * everySeconds),
      correlationId: `scan-${n}`,
      dedupKey: `scan-${n}`,
      region: n % 5 < 3 ? "West Europe" : "North Europe",
      api: operation.slice(0, operation.indexOf("-")),
      operation,
      callerAddress: POP(n),
      status: 401,
      error: gatewayError(reasons[n % reasons.length] ?? "", "authorization"),
    });
  });
}

const beside = (events: readonly Event[]): readonly Event[] =>
  [...eventsOf(HIDDEN, () => undefined), ...events].toSorted((a, b) => a.time - b.time);

describe("behind a front door that hides who calls", () => {
  test.each([
    {
      name: "one that tries without a key, with wrong ones and without a token",
      reasons: ["SubscriptionKeyNotFound", "TokenNotPresent", "SubscriptionKeyInvalid"],
      everySeconds: 4,
    },
    { name: "so many without a token that some caller would be missed", reasons: ["TokenNotPresent"], everySeconds: 1 },
  ])("a scanner raises nothing: $name", ({ reasons, everySeconds }) => {
    expect(analyze(beside(scan(reasons, everySeconds)))).toEqual([]);
  });

  test("callers that ask without a token first, each time, raise nothing", () => {
    const asked = HIDDEN.filter(({ chance }) => chance < 0.3).flatMap((call) => {
      const bare = nameless(call);
      const id = `asked-${bare.gateway.correlationId}`;
      return refusedByGateway(bare, {
        time: at(call.seconds - 0.4),
        correlationId: id,
        dedupKey: id,
        callerAddress: POP(call.app + 1),
        error: gatewayError("TokenNotPresent"),
      });
    });
    expect(analyze(beside(asked))).toEqual([]);
  });

  test("a caller that lost its key is told, since its calls are missed", () => {
    const lost = during((call) =>
      call.app === 3 && call.chance < 0.7
        ? refusedByGateway(nameless(call), { error: gatewayError("SubscriptionKeyNotFound", "authorization") })
        : undefined,
    );
    expect(causesOf(eventsOf(HIDDEN, lost))).toEqual(["subscription-key-missing-or-wrong"]);
  });

  test("all callers of an API that suddenly asks for tokens are told, though none of them alone is missed much", () => {
    const asks = during((call) =>
      call.gateway.operation === "orders-put" && call.chance < 0.4
        ? refusedByGateway(nameless(call), { error: gatewayError("TokenNotPresent") })
        : undefined,
    );
    expect(causesOf(eventsOf(HIDDEN, asks))).toEqual(["policy-branch-fallthrough"]);
  });
});

describe("a job without a valid key beside callers of the same address", () => {
  const job = (from: number): readonly Event[] =>
    Array.from({ length: Math.floor((10_000 - from) / 60) }, (_, n) =>
      gatewayRequest({
        time: at(from + 60 * n),
        correlationId: `job-${from}-${n}`,
        dedupKey: `job-${from}-${n}`,
        api: "orders",
        operation: "orders-get",
        callerAddress: "203.0.4.1",
        userAgent: "dotnet/8",
        status: 401,
        error: gatewayError("SubscriptionKeyInvalid", "authorization"),
      }),
    );
  const besides = (events: readonly Event[]): readonly Event[] =>
    [...eventsOf(CALLS, () => undefined), ...events].toSorted((a, b) => a.time - b.time);

  test("from the first moment on raises nothing", () => expect(analyze(besides(job(30)))).toEqual([]));
  test("from the first moment on, and then far more often, is told", () => {
    const often = [0, 7, 14, 21, 28, 35, 42, 49].flatMap((seconds) => job(7_000 + seconds));
    expect(analyze(besides([...job(30), ...often]))).toHaveLength(1);
  });
  test("that begins some day is told", () => expect(analyze(besides(job(5_000)))).toHaveLength(1));
});

describe("people whose tokens lack a role", () => {
  const lacking = (call: Ordinary, person: string, scopes = "access_as_user"): readonly Event[] => {
    const token = { ...claims({ appId: appId(call.app), objectId: person, scopes }), state: "unverified" as const };
    return refusedByGateway(call, { claims: token, error: gatewayError("TokenClaimNotFound") });
  };
  const lackingBeside = (person: (n: number) => string, scopes?: string): readonly Event[] => {
    const some = CALLS.filter((call) => call.app === 4 && call.chance < 0.4 && call.seconds > 3_000);
    const refused = some.flatMap((call, n) => {
      const id = `lacking-${n}`;
      return lacking({ ...call, gateway: { ...call.gateway, correlationId: id, dedupKey: id } }, person(n), scopes);
    });
    return [...eventsOf(CALLS, () => undefined), ...refused];
  };

  test.each<[string, (n: number) => string]>([
    ["one person", () => "person-1"],
    ["many people, each a few times", (n) => `person-${n % 20}`],
  ])("who were never let in are told of nowhere: %s", (_name, person) => {
    expect(causesOf(lackingBeside(person))).toEqual([]);
  });

  test("are told of where they were let in before", () => {
    expect(causesOf(lackingBeside(() => objectId(4)))).toEqual(["token-claim-missing"]);
  });

  test("are told of where it is an application by itself, which its people were let in by", () => {
    expect(causesOf(lackingBeside(() => "application-1", ""))).toEqual(["token-claim-missing"]);
  });

  test("are told of where an application's calls are missed since they come", () => {
    const instead = during((call) => (call.app === 4 ? lacking(call, "person-1") : undefined));
    expect(causesOf(eventsOf(CALLS, instead))).toEqual(["token-claim-missing"]);
  });

  test("are told of where it is not logged who is let in", () => {
    const events = lackingBeside(() => "person-1").map((event): Event => {
      if (event.kind !== "gateway-request" || event.status !== 200) return event;
      const { claims: _claims, ...unnamed } = event;
      return unnamed;
    });
    expect(causesOf(events)).toEqual(["token-claim-missing"]);
  });
});

test("an address that the filter keeps out is no caller's that calls less hours later", () => {
  const filtered = CALLS.filter(({ chance, seconds }) => chance < 0.03 && seconds > 2_000).flatMap((call, n) => {
    const id = `out-${n}`;
    const over = { correlationId: id, dedupKey: id, callerAddress: "192.0.2.9", status: 403 };
    return refusedByGateway(nameless(call), { ...over, error: gatewayError("CallerIpNotAllowed", "ip-filter") });
  });
  const fading = CALLS.filter(({ app, seconds, chance }) => app !== 4 || seconds < 6_000 || chance > 0.4);
  expect(causesOf([...eventsOf(fading, () => undefined), ...filtered])).toEqual([]);
});

describe("signatures that no accepted key made", () => {
  const forged = (keyId: string): readonly Event[] => {
    const some = CALLS.filter(({ app, chance, seconds }) => app === 4 && chance < 0.5 && seconds > 4_000);
    return some.flatMap((call, n) => {
      const token = { ...claims({ appId: appId(4), objectId: objectId(4), keyId }), state: "unverified" as const };
      const over = { correlationId: `forged-${n}`, dedupKey: `forged-${n}`, claims: token };
      return refusedByGateway(call, { ...over, error: gatewayError("TokenSignatureInvalid") });
    });
  };
  const amid = (events: readonly Event[]): readonly Event[] => [...eventsOf(CALLS, () => undefined), ...events];

  test("are forgeries by the name of a key that others' tokens are accepted by", () =>
    expect(causesOf(amid(forged("key-1")))).toEqual([]));
  test("are told of where nobody's tokens are accepted by that key", () =>
    expect(causesOf(amid(forged("key-2")))).toEqual(["signing-key-rollover"]));
});
