import { describe, expect, test } from "vitest";
import { countedOnce } from "../../src/explain/merge.ts";
import type { Event } from "../../src/model/event.ts";
import { operationOf, eventsOf, type Ordinary, refusedByCosmos } from "../traffic.ts";
import {
  analyze,
  CALLS,
  causesOf,
  controlPlane,
  during,
  type Fault,
  found,
  keyed,
  ONSET,
  orders,
  refusedByBackend,
} from "./tenant.ts";

const isOperation = ({ kind }: Event): boolean => kind === "data-plane-operation";
const operationsOnly = (events: readonly Event[]): readonly Event[] => events.filter(isOperation);

/** An application's own activity ids: no id of the gateway's call is among them. */
const unjoined = (events: readonly Event[]): readonly Event[] =>
  events.map((event) =>
    event.kind === "data-plane-operation"
      ? { ...event, activityId: event.activityId.replace(/^........./, "0000000a-") }
      : event,
  );

const SDK = { userAgent: "azsdk-java-cosmos/4.55.0 Linux" };
const ADDRESSES = ["20.1.0.4", "20.2.0.4", "20.3.0.4", "20.4.0.4"];
const addressOf = ({ chance }: Ordinary): string => ADDRESSES[Math.floor(4 * chance)] ?? "";

describe("refused by Cosmos DB before it is known who asks", () => {
  /** From a network that was not seen before, without a principal. */
  const fromOutside: Fault = (call) =>
    call.chance < 0.3
      ? [...refusedByBackend(call, 403), ...operationsOnly(refusedByCosmos(call, 403, {}, nameless(call)))]
      : undefined;
  const nameless = (call: Ordinary) => ({
    ...SDK,
    clientAddress: "20.43.38.84",
    ...(keyed(call) ? {} : { principal: undefined as never }),
  });
  const healthy = (call: Ordinary): readonly Event[] => [call.gateway, operationOf(call, SDK)];
  const eventsBy = (fault: Fault): readonly Event[] =>
    unjoined(eventsOf(CALLS, (call) => (orders(call) ? (during(fault)(call) ?? healthy(call)) : undefined)));

  test("the same program did the same from elsewhere: a firewall, by Cosmos DB's log alone", () => {
    const operations = operationsOnly(eventsBy(fromOutside));
    expect(found(operations)).toEqual([["firewall-blocked", { clientNetwork: "20.43.38.0/24" }]]);
  });

  test("a program that never did it says nothing of a firewall", () => {
    const asStranger = (event: Event): Event =>
      event.kind === "data-plane-operation" && event.status === 403 ? { ...event, userAgent: "curl/8" } : event;
    const stranger = operationsOnly(eventsBy(fromOutside)).map(asStranger);
    expect(analyze(stranger)).toEqual([]);
  });

  test("two addresses of four are shut out by a change: the addresses are named, not the container that they share", () => {
    const fault = during((call) => {
      const clientAddress = addressOf(call);
      return ADDRESSES.indexOf(clientAddress) < 2
        ? refusedByCosmos(call, 403, {}, { ...nameless(call), clientAddress })
        : undefined;
    });
    const events = eventsOf(CALLS, (call) => {
      if (!orders(call)) return undefined;
      return fault(call) ?? [call.gateway, operationOf(call, { ...SDK, clientAddress: addressOf(call) })];
    });
    const walled = controlPlane(ONSET - 60, { change: "firewall" });
    const [one, ...others] = found([...events, walled]);
    expect(one).toEqual(["firewall-blocked", { clientNetwork: expect.stringMatching(/^20\.[12]\.0\./) }]);
    expect(others).toEqual([]);
  });

  test("reads that pass from other networks say nothing of one from which only writes come", () => {
    const events = eventsOf(CALLS, (call) => {
      if (!orders(call)) return undefined;
      const isHit = call.write && call.chance < 0.4;
      if (isHit && call.seconds > ONSET) return refusedByCosmos(call, 403, {}, { clientAddress: "51.42.161.236" });
      return [call.gateway, operationOf(call)];
    });
    expect(causesOf([...events, controlPlane(ONSET - 60, { change: "firewall" })])).toEqual(["firewall-blocked"]);
  });
});

describe("an application that gives the activity id in its errors only", () => {
  const isHit = (call: Ordinary): boolean =>
    keyed(call) && call.write && call.region === "West Europe" && call.chance < 0.5 && call.seconds > ONSET;
  const readOnly = { credential: "PrimaryReadonlyMasterKey" };
  const events = eventsOf(CALLS, (call) => {
    if (!keyed(call)) return undefined;
    if (isHit(call)) return refusedByCosmos(call, 401, {}, readOnly);
    return unjoined([call.gateway, operationOf(call, call.chance < 0.5 && !call.write ? readOnly : {})]);
  });

  test("what separates is not of both logs, which meet in what is refused", () => {
    const findings = analyze(events);
    expect(findings.map(({ cause }) => cause.id)).toEqual(["read-only-key-write"]);
    const ofCosmos = new Set([
      "cosmosAccount",
      "container",
      "cosmosOperation",
      "credential",
      "clientNetwork",
      "database",
    ]);
    for (const { where } of findings[0]?.splits ?? []) {
      const sides = new Set(Object.keys(where).map((name) => ofCosmos.has(name)));
      expect(sides.size).toBeLessThan(2);
    }
  });
});

describe("refused from a public address, while others come privately", () => {
  const errorBody =
    "Request originated from IP 20.9.9.9 through public internet. This is blocked by your firewall settings.";
  const eventsBy = (healthy: (call: Ordinary) => string, isHit: (call: Ordinary) => boolean): readonly Event[] =>
    eventsOf(CALLS, (call) => {
      if (!orders(call)) return undefined;
      if (call.seconds > ONSET && isHit(call))
        return refusedByCosmos(call, 403, { errorBody }, { clientAddress: "20.9.9.9", principal: undefined as never });
      return [call.gateway, operationOf(call, { clientAddress: healthy(call) })];
    });

  const byOneProgram = (event: Event): Event =>
    event.kind === "data-plane-operation" ? { ...event, userAgent: "dotnet/8" } : event;

  test("a backend that was let in publicly until then has another address now: a firewall", () => {
    const events = eventsBy(
      ({ backend }) => (backend === "orders-a" ? "20.1.1.1" : "10.1.2.4"),
      ({ backend }) => backend === "orders-a",
    );
    expect(causesOf(events.map(byOneProgram))).toEqual(["firewall-blocked"]);
  });

  test("where successes are not joined, the same containers tell that others come privately", () => {
    const events = eventsBy(
      () => "10.1.2.4",
      ({ chance }) => chance < 0.3,
    );
    const passed = (event: Event): boolean => event.kind === "data-plane-operation" && event.status < 400;
    const apart = [...events.filter((event) => !passed(event)), ...unjoined(events.filter(passed))];
    expect(causesOf(apart)).toEqual(["split-dns-private-endpoint"]);
  });
});

test("refusals whose body was lost are those of the same backend that Cosmos DB's answer explains", () => {
  const fault = during((call) => {
    if (!keyed(call) || !call.write) return undefined;
    const errorBody = "The given request to perform the operation has insufficient permissions provided in the token.";
    return refusedByBackend(call, 401, call.chance < 0.2 ? {} : { errorBody });
  });
  const gateway = eventsOf(CALLS, fault).filter((event) => !isOperation(event));
  expect(found(gateway)).toHaveLength(1);
});

test("parts that one log alone tells of are counted once, by the log that tells of more", () => {
  const part = (seenBy: "gateway" | "cosmos" | "both", refused: number) => ({
    seenBy,
    counts: { calls: 2 * refused, refused, status: { "401": refused, "403": 0 }, usualRate: 0 },
  });
  const [joined, gateway, cosmos] = [part("both", 5), part("gateway", 329), part("cosmos", 331)];
  expect(countedOnce([gateway, joined, cosmos])).toEqual([joined, cosmos]);
  expect(countedOnce([gateway, cosmos, part("gateway", 40)])).toEqual([gateway, part("gateway", 40)]);
  expect(countedOnce([gateway, joined])).toEqual([gateway, joined]);
});
