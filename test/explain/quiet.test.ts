import { expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { at, claims, gatewayError, gatewayRequest } from "../builders.ts";
import { eventsOf, type Ordinary, refusedByCosmos, refusedByGateway } from "../traffic.ts";
import { analyze, CALLS, during, keyed, ONSET } from "./tenant.ts";

const scanner = (seconds: number): readonly Event[] => [
  gatewayRequest({
    time: at(seconds),
    callerAddress: "192.0.2.66",
    status: 401,
    error: gatewayError("TokenNotPresent"),
  }),
];

const RETRIED = [true, false].map((isWrite) => CALLS.find(({ app, write }) => app === 4 && write === isWrite));

/** Refused again with the token that ended, while another instance of the application gets through. */
function retry(seconds: number, id: string, work = 0): readonly Event[] {
  const retried = RETRIED[work];
  if (retried === undefined) throw new Error("no call of the application");
  const gateway = { ...retried.gateway, time: at(seconds), correlationId: id, dedupKey: id };
  const other = {
    time: at(seconds + 0.3),
    correlationId: `${id}-ok`,
    dedupKey: `${id}-ok`,
    callerAddress: "203.0.4.77",
  };
  return [
    ...refusedByGateway({ ...retried, gateway }, { error: gatewayError("TokenExpired") }),
    { ...gateway, ...other },
  ];
}

/** Refused with a token of an old key that ended. */
function stale(seconds: number, id: string, work: number): readonly Event[] {
  const [refused] = retry(seconds, id, work);
  if (refused?.kind !== "gateway-request") throw new Error("no refusal");
  return [{ ...refused, claims: claims({ ...refused.claims, state: "unverified", keyId: "key-0" }) }];
}

function withoutToken(call: Ordinary, seconds: number): readonly Event[] {
  const { claims: _claims, subscription: _subscription, ...gateway } = call.gateway;
  const id = `bare-${gateway.correlationId}`;
  const bare = { ...call, gateway: { ...gateway, time: at(call.seconds + seconds), correlationId: id, dedupKey: id } };
  return refusedByGateway(bare, { error: gatewayError("TokenNotPresent") });
}

/** Refused a while after a call, since its key is not sent; the last ones are more than the first. */
function preflight(call: Ordinary): readonly Event[] {
  if (call.seconds < ONSET && call.chance < 0.8) return [];
  const { claims: _claims, subscription: _subscription, backendStatus: _status, ...gateway } = call.gateway;
  const id = `preflight-${gateway.correlationId}`;
  const error = gatewayError("SubscriptionKeyNotFound", "authorization");
  const time = at(call.seconds + 20);
  return [{ ...gateway, time, method: "OPTIONS", correlationId: id, dedupKey: id, status: 401, error }];
}

/** Refused half a second before a call, with a token that ended long ago. */
function withOldToken(call: Ordinary): readonly Event[] {
  const id = `old-${call.gateway.correlationId}`;
  const gateway = { ...call.gateway, time: at(call.seconds - 0.5), correlationId: id, dedupKey: id };
  return refusedByGateway(
    { ...call, gateway },
    {
      error: gatewayError("TokenExpired"),
      claims: claims({ ...gateway.claims, state: "unverified", expires: at(call.seconds - 1_800) }),
    },
  );
}

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
    name: "the usual expired tokens, though an old signing key marks them",
    events: () =>
      eventsOf(CALLS, (call) =>
        call.chance < 0.003
          ? refusedByGateway(call, {
              error: gatewayError("TokenExpired"),
              claims: claims({ ...call.gateway.claims, state: "unverified", keyId: `key-old-${call.app % 2}` }),
            })
          : undefined,
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
    name: "pages that renew their token only when one is refused, and go on at once",
    events: () =>
      [
        ...eventsOf(CALLS, () => undefined),
        ...CALLS.filter(({ app, chance }) => app % 3 === 1 && chance < 0.3).flatMap(withOldToken),
      ].toSorted((a, b) => a.time - b.time),
  },
  {
    name: "preflights of browsers, which never carry a key",
    events: () =>
      [
        ...eventsOf(CALLS, () => undefined),
        ...CALLS.filter(({ app }) => app === 4).flatMap((call) => preflight(call)),
      ].toSorted((a, b) => a.time - b.time),
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
    name: "a client that tries again for half a minute, at three times, beside others of its application",
    events: () =>
      [
        ...eventsOf(CALLS, () => undefined),
        ...[3_000, 6_400, 9_000].flatMap((start) =>
          Array.from({ length: 36 }, (_, i) => retry(start + i * 0.7, `retry-${start}-${i}`)).flat(),
        ),
      ].toSorted((a, b) => a.time - b.time),
  },
  {
    name: "a client that tries again for half a minute, and minutes later for other work, beside single expired tokens",
    events: () =>
      [
        ...eventsOf(CALLS, () => undefined),
        ...[6_407, 6_738].flatMap((start, work) =>
          Array.from({ length: 39 }, (_, i) => stale(start + i * 0.7, `again-${start}-${i}`, work)).flat(),
        ),
        ...[6_930, 7_320].flatMap((seconds, work) => stale(seconds, `single-${seconds}`, work)),
      ].toSorted((a, b) => a.time - b.time),
  },
  {
    name: "clients that first ask without a token, whose second call is throttled",
    events: () =>
      eventsOf(
        CALLS,
        during((call) => [
          ...withoutToken(call, -0.2),
          { ...call.gateway, status: call.chance < 0.5 ? 429 : 404, backendStatus: call.chance < 0.5 ? 429 : 404 },
        ]),
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
