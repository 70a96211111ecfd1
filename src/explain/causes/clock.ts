import type { Evidence } from "../../model/cause.ts";
import { type Observation, tallyBeside, valuesOf } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  equalSplit,
  inapplicable,
  type Judgement,
  rejected,
  says,
  shareOfFacts,
} from "./judgement.ts";
import { aboutTheRegion, regionDecides } from "./region.ts";
import { HARDLY, keyShare, MANY } from "./operations.ts";

/** A token that ends this long after it was refused as expired was judged by another clock than the log's. */
const MARGIN_MS = 30_000;

/**
 * Whether the gateway's own clock is off, by the tokens that it judges: refused as not yet valid, or as expired while they
 * were valid by the log's time. `maybe` when one region finds tokens expired that the others take.
 */
export function gatewayClock(observation: Observation): "behind" | "ahead" | "maybe" | undefined {
  if (observation.layer !== "gateway") return undefined;
  if (says(observation, "not yet valid", "idx10222")) return "behind";
  if (observation.reason !== "TokenExpired" && !says(observation, "expired", "idx10223")) return undefined;
  const valid = ({ expiredMs }: Observation["facts"][number]): boolean | undefined =>
    expiredMs === undefined ? undefined : expiredMs < -MARGIN_MS;
  const known = observation.facts.some(({ expiredMs }) => expiredMs !== undefined);
  if (known) return shareOfFacts(observation, valid) >= 0.5 ? "ahead" : undefined;
  return regionDecides(observation) && aboutTheRegion(observation) && hitsMostCallers(observation)
    ? "maybe"
    : undefined;
}

const MOST = 0.7;

/** Of a region's calls, most are of callers that it refuses at times: a clock spares nobody whose token is about to end. */
function hitsMostCallers(observation: Observation): boolean {
  const region = observation.values("region")[0]?.value;
  if (region === undefined) return false;
  const callerNetwork = valuesOf(observation, "callerNetwork");
  const theirs = observation.tally({ region, callerNetwork });
  return theirs.trials >= MOST * observation.tally({ region }).trials;
}

const CLOCKS = {
  behind: "The gateway finds tokens not yet valid: its clock is behind the issuer's",
  ahead: "The gateway finds tokens expired that are valid by the log's time: its clock is ahead",
  maybe:
    "One region of the gateway finds tokens expired that the others take: its clock is ahead, or its callers keep old tokens",
} as const;

function judgeGatewayClock(observation: Observation): Judgement {
  const clock = gatewayClock(observation);
  if (clock === undefined) return inapplicable;
  const told: Evidence = { says: CLOCKS[clock], fields: { refused: observation.refused } };
  return {
    kind: "fits",
    confidence: clock === "maybe" ? 0.9 : 0.95,
    evidence: [told, ...bestSplitEvidence(observation)],
    missing:
      clock === "maybe"
        ? [
            {
              field: "traceRecords (scopetrail-claims)",
              fix: "Add the claims trace before validation too (st=unverified): exp and iat tell a clock from an old token.",
            },
          ]
        : [],
  };
}

/** Operations that are not among the refused ones succeed from the same addresses. */
function clientSucceedsElsewhere(observation: Observation): boolean {
  const clientNetwork = valuesOf(observation, "clientNetwork");
  const cosmosOperation = valuesOf(observation, "cosmosOperation");
  if (clientNetwork.length === 0 || cosmosOperation.length === 0) return false;
  const { refused, trials } = tallyBeside(observation, { clientNetwork }, { cosmosOperation });
  return trials >= MANY && refused < HARDLY * trials;
}

/** Of the client that separates best, some calls are let in. */
function clientIsLetIn(observation: Observation): boolean {
  const { clientNetwork } = equalSplit(observation, "clientNetwork")?.where ?? {};
  if (clientNetwork === undefined) return false;
  const { refused, trials } = observation.tally({ clientNetwork });
  return refused < NEARLY_ALL * trials;
}

const NEARLY_ALL = 0.85;

function judgeClientClock(observation: Observation): Judgement {
  const told = observation.reason === "not-current" || says(observation, "not valid at the current time");
  if (told) {
    const evidence: Evidence = {
      says: "Cosmos DB says that the signature is not valid at the current time: the client's clock is off, or the request waited too long",
      fields: { refused: observation.refused },
    };
    return { kind: "fits", confidence: 0.95, evidence: [evidence, ...bestSplitEvidence(observation)] };
  }
  if (observation.reason !== "403" || (keyShare(observation) ?? 0) < 0.8) return inapplicable;
  if (equalSplit(observation, "clientNetwork") === undefined && equalSplit(observation, "backend") === undefined)
    return rejected("the refusals do not follow one client");
  if (clientSucceedsElsewhere(observation) || clientIsLetIn(observation))
    return rejected("other calls of the same clients succeed: a clock that is off spares none");
  return {
    kind: "fits",
    confidence: 0.4,
    evidence: bestSplitEvidence(observation),
    missing: [
      {
        field: "backendResponseBody",
        fix: "Log the response body of errors (up to 1 KB): it says whether a token's time or a firewall is the reason.",
      },
    ],
  };
}

function judge(observation: Observation): Judgement {
  if (observation.layer === "gateway") return judgeGatewayClock(observation);
  return observation.layer === "cosmos" ? judgeClientClock(observation) : inapplicable;
}

/** Clocks that are off: the gateway's, or that of a client which signs its requests. */
export const clockCauses: readonly CauseRule[] = [
  {
    id: "clock-skew",
    names: ["clientNetwork", "region", "gatewayHost", "backend", "callerNetwork", "appId"],
    alone: true,
    judge,
  },
];
