import { describe, expect, test } from "vitest";
import { epochMs } from "../../src/model/time.ts";
import { at, gatewayError } from "../builders.ts";
import { eventsOf, refusedByCosmos, refusedByGateway } from "../traffic.ts";
import { analyze, CALLS, controlPlane, type Fault, keyed, orders, refusedByBackend } from "./tenant.ts";

const minuteOf = (seconds: number): number => Math.round(epochMs(at(seconds)) / 60_000);

test("a fault that hits all of an API while one region of it is refused already takes nothing from that one", () => {
  const fault: Fault = (call) => {
    if (!orders(call)) return undefined;
    const isRefused = call.seconds >= 7_000 || (call.seconds >= 4_000 && call.region === "West Europe");
    return isRefused ? refusedByBackend(call, 403) : undefined;
  };
  const findings = analyze(eventsOf(CALLS, fault));
  expect(findings.map(({ cause, onset }) => [cause.id, Math.round(epochMs(onset) / 60_000)])).toEqual(
    expect.arrayContaining([
      ["gateway-region-differs", minuteOf(4_000)],
      [expect.anything(), minuteOf(7_000)],
    ]),
  );
  expect(findings).toHaveLength(2);
});

test("what the gateway refuses for one reason, in one region and later in the other, is one fault", () => {
  const fault: Fault = (call) =>
    orders(call) && call.seconds >= (call.region === "West Europe" ? 4_000 : 7_000)
      ? refusedByGateway(call, { error: gatewayError("TokenAudienceNotAllowed") })
      : undefined;
  expect(analyze(eventsOf(CALLS, fault))).toHaveLength(1);
});

test("a fault that hits one operation harder than the others of its API is one fault, also long after its end", () => {
  const calls = CALLS.map((call, i) =>
    orders(call) ? { ...call, gateway: { ...call.gateway, operation: `orders-${i % 4}` } } : call,
  );
  const fault: Fault = (call) => {
    if (!orders(call) || call.seconds < 4_000 || call.seconds > 6_500) return undefined;
    return call.chance < (call.gateway.operation === "orders-0" ? 0.95 : 0.5) ? refusedByBackend(call, 401) : undefined;
  };
  expect(analyze(eventsOf(calls, fault))).toHaveLength(1);
});

test("another key that is refused to the same calls, once the first fault was mended, is a fault of its own", () => {
  const fault: Fault = (call) => {
    if (!keyed(call) || call.seconds < 3_000) return undefined;
    if (call.seconds < 6_000) return refusedByCosmos(call, 401, {});
    const readOnly = { credential: "PrimaryReadonlyMasterKey" };
    return call.write && call.seconds < 9_000 ? refusedByCosmos(call, 401, {}, readOnly) : undefined;
  };
  const causes = analyze(eventsOf(CALLS, fault)).map(({ cause }) => cause.id);
  expect(causes.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["key-rotated", "read-only-key-write"]);
});

describe("an address that was never let in", () => {
  /** Calls of one application come from a new address, and one API refuses it. */
  const moved: Fault = (call) => {
    if (call.seconds < 5_000 || call.app !== 4) return undefined;
    return refusedFrom("192.0.2.50")(call);
  };
  const refusedFrom =
    (callerAddress: string): Fault =>
    (call) => {
      const { claims: _claims, subscription: _subscription, ...gateway } = call.gateway;
      const error = gatewayError("CallerIpNotAllowed", "ip-filter");
      return call.write
        ? refusedByGateway({ ...call, gateway }, { status: 403, callerAddress, error })
        : [{ ...gateway, api: "catalogue", operation: "catalogue-get", callerAddress }];
    };

  test("but comes in to other APIs is one of a client that moved", () => {
    const findings = analyze(eventsOf(CALLS, moved));
    expect(findings.map(({ cause, splits }) => [cause.id, splits[0]?.where.callerNetwork])).toEqual([
      ["ip-filter", "192.0.2.0/24"],
    ]);
  });

  test("to any API, while an application's calls are missed from that moment on, is one of a client that moved", () => {
    const gone: Fault = (call) =>
      call.seconds >= 5_000 && call.app === 4 ? refusedFrom("192.0.2.50")({ ...call, write: true }) : undefined;
    const findings = analyze(eventsOf(CALLS, gone));
    expect(findings.map(({ cause }) => cause.id)).toEqual(["ip-filter"]);
  });

  test("to any API, while all calls go on, is what the filter is for", () => {
    const stranger = CALLS.filter(({ seconds, app }) => seconds >= 5_000 && app === 4).flatMap((call) => {
      const id = `stranger-${call.gateway.correlationId}`;
      const gateway = { ...call.gateway, correlationId: id, dedupKey: id };
      return refusedFrom("192.0.2.50")({ ...call, gateway, write: true }) ?? [];
    });
    expect(analyze([...eventsOf(CALLS, () => undefined), ...stranger].toSorted((a, b) => a.time - b.time))).toEqual([]);
  });
});

test("a token that is renewed when it is refused is no fault, though another fault refuses the second try", () => {
  const renew = CALLS.filter(({ app, chance }) => app === 4 && chance < 0.3).flatMap((call) => {
    const id = `first-${call.gateway.correlationId}`;
    const gateway = { ...call.gateway, time: at(call.seconds - 0.5), correlationId: id, dedupKey: id };
    return refusedByGateway({ ...call, gateway }, { error: gatewayError("TokenExpired") });
  });
  const shut: Fault = (call) =>
    orders(call) && call.seconds >= 5_000 ? refusedByCosmos(call, 403, { subStatus: 5_307 }) : undefined;
  const events = [...eventsOf(CALLS, shut), ...renew].toSorted((a, b) => a.time - b.time);
  expect(analyze(events).map(({ cause }) => cause.id)).toEqual(["network-perimeter-blocked"]);
});

describe("a key that is refused since its subscription was changed", () => {
  const refused: Fault = (call) => {
    if (call.app !== 4 || call.seconds < 5_000 || call.seconds > 5_800) return undefined;
    const { subscription: _subscription, ...gateway } = call.gateway;
    return refusedByGateway({ ...call, gateway }, { error: gatewayError("SubscriptionKeyInvalid", "authorization") });
  };
  const gone = CALLS.filter(({ app, seconds }) => app !== 4 || seconds <= 5_800);
  const changed = (state: string) =>
    controlPlane(4_980, {
      change: "subscription",
      resource: "/subscriptions/s/providers/microsoft.apimanagement/service/apim/subscriptions/team-4",
      operation: "microsoft.apimanagement/service/subscriptions/write",
      details: new Map([["state", state]]),
    });
  test.each([
    { name: "is told", calls: gone, state: "active", causes: ["subscription-key-not-propagated"] },
    { name: "is not where somebody switched it off", calls: gone, state: "suspended", causes: [] },
    {
      name: "is where the subscription's calls go on all the same",
      calls: CALLS,
      state: "suspended",
      causes: ["subscription-key-missing-or-wrong"],
    },
  ])("$name", ({ calls, state, causes }) => {
    const events = [...eventsOf(calls, refused), changed(state)].toSorted((a, b) => a.time - b.time);
    expect(analyze(events).map(({ cause }) => cause.id)).toEqual(causes);
  });
});

test("a region is set up otherwise though few calls came through the other one meanwhile", () => {
  const calls = CALLS.filter(
    ({ region, seconds, gateway }) =>
      region === "West Europe" || seconds < 5_000 || gateway.api !== "orders" || Math.floor(seconds) % 1_200 < 4,
  );
  const fault: Fault = (call) =>
    orders(call) && call.region === "West Europe" && call.seconds >= 5_000 ? refusedByBackend(call, 403) : undefined;
  expect(analyze(eventsOf(calls, fault)).map(({ cause }) => cause.id)).toEqual(["gateway-region-differs"]);
});
