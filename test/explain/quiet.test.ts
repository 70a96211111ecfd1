import { expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import { at, claims, gatewayError, gatewayRequest } from "../builders.ts";
import { eventsOf, refusedByCosmos, refusedByGateway } from "../traffic.ts";
import { analyze, CALLS, during, keyed, ONSET } from "./tenant.ts";

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
