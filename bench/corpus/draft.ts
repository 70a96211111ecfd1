import { type Dice, zipf } from "./dice.ts";
import type { Fault, Spec } from "./spec.ts";
import { type Api, type Container, type Gateway, type Operation, OPERATIONS, type Tenant } from "./tenant.ts";

export interface Refusal {
  readonly status: number;
  readonly source: string;
  readonly section: "inbound" | "backend";
  readonly reason: string;
  readonly message: string;
}

/** One call to the gateway before it is written down. */
export interface Draft {
  /** Milliseconds since the Unix epoch, with a fraction. */
  readonly at: number;
  readonly caller: number;
  readonly address: string;
  readonly gateway: Gateway;
  readonly api: Api;
  readonly operation: Operation;
  readonly container: Container;
  readonly status: number;
  readonly refusal: Refusal | undefined;
  readonly totalMs: number;
  /** What the backend's answer named; absent when the call never got there. */
  readonly activityId: string | undefined;
  /** Whether Cosmos DB logged an operation under that id. */
  readonly isMatched: boolean;
}

/** One operation that Cosmos DB logged. */
export interface OperationDraft {
  readonly at: number;
  readonly activityId: string;
  readonly container: Container;
  readonly operation: Operation;
  readonly status: number;
  readonly caller: number;
  /** A direct caller has an address and a principal of its own; the backends share a few. */
  readonly isDirect: boolean;
  readonly charge: string;
}

const refusal = (
  status: number,
  [source, section]: readonly [string, Refusal["section"]],
  reason: string,
  message: string,
): Refusal => ({ status, source, section, reason, message });

/** Usual failures, in calls of a thousand. */
const NOISE: readonly (readonly [perMille: number, Refusal])[] = [
  [12, refusal(401, ["validate-jwt", "inbound"], "TokenExpired", "JWT Validation Failed: Lifetime validation failed.")],
  [
    8,
    refusal(429, ["rate-limit-by-key", "inbound"], "RateLimitExceeded", "Rate limit is exceeded. Try again in 17 s."),
  ],
  [10, refusal(403, ["check-header", "inbound"], "HeaderNotFound", 'Header "x-contoso-tenant" was not found: denied.')],
  [8, refusal(404, ["forward-request", "backend"], "BackendNotFound", "The resource was not found by the backend.")],
  [4, refusal(503, ["forward-request", "backend"], "BackendConnectionFailure", 'The server said "(503) Unavailable".')],
];
const MATCHED_SHARE = 0.725;

/** Draws calls in the order of their event time. */
export function createTraffic(spec: Spec, tenant: Tenant, dice: Dice) {
  const ranks = { caller: zipf(dice, spec.callers), api: zipf(dice, tenant.apis.length) };
  const addresses = zipf(dice, tenant.addresses.length);
  const item = <T>(list: readonly T[], i: number): T => list[i % list.length] ?? dice.pick(list);
  let turn = 0;
  let drawn = 0;
  const caller = (): number => (dice.chance(spec.evenShare) ? turn++ % spec.callers : ranks.caller());
  /** A caller uses two APIs of its own, and any other at times. */
  const apiOf = (rank: number): number => {
    const die = dice.below(10);
    return die < 9 ? (rank * 13 + (die < 6 ? 0 : 7)) % tenant.apis.length : ranks.api();
  };
  return {
    caller,
    address: (): string => item(tenant.addresses, addresses()),
    next(): Draft {
      const at = spec.beginMs + (drawn++ * 1_000) / spec.callsPerSecond;
      const rank = caller();
      const number = apiOf(rank);
      const api = item(tenant.apis, number);
      const nth = dice.chance(0.5) ? 0 : dice.below(OPERATIONS.length);
      const operation = item(OPERATIONS, nth);
      const failed = failureOf(spec.faults, { seconds: (at - spec.beginMs) / 1_000, api: number }, dice);
      const isMatched = failed?.section !== "inbound" && dice.chance(MATCHED_SHARE);
      const reached = failed?.section !== "inbound" && (isMatched || dice.chance(1 / 3));
      return {
        at,
        caller: rank,
        address: item(tenant.addresses, addresses()),
        gateway: dice.pick(tenant.gateways),
        api,
        operation,
        container: item(api.containers, nth),
        status: failed?.status ?? operation.success,
        refusal: failed,
        totalMs: Math.max(1, Math.floor(Math.exp(dice.real() * 3 + 2))),
        activityId: reached ? dice.guid() : undefined,
        isMatched,
      };
    },
  };
}

function failureOf(
  faults: readonly Fault[],
  call: { readonly seconds: number; readonly api: number },
  dice: Dice,
): Refusal | undefined {
  for (const { at, seconds, api, share, source, reason, status } of faults) {
    const isHit = api === call.api && call.seconds >= at && call.seconds < at + seconds;
    if (isHit && dice.chance(share)) return refusal(status, [source, "inbound"], reason, `Refused: ${reason}.`);
  }
  let die = dice.below(1_000);
  for (const [share, usual] of NOISE) {
    if (die < share) return usual;
    die -= share;
  }
  return undefined;
}
