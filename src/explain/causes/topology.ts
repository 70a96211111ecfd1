import type { Dimension } from "../../model/call.ts";
import type { Evidence } from "../../model/cause.ts";
import type { Split } from "../../model/finding.ts";
import type { Observation } from "../observation.ts";
import { gatewayClock } from "./clock.ts";
import { boundElsewhere, isJustGiven } from "./cosmos-grant.ts";
import { asksOnOneOperation, KNOWN_MS } from "./gateway.ts";
import { ownTokenExpired } from "./own-token.ts";
import { comesAndGoes } from "./periodic.ts";
import { cannotSignIn } from "./secrets.ts";
import { isNewKey } from "./token.ts";
import {
  bestSplitEvidence,
  CALLERS,
  changeBefore,
  type CauseRule,
  equalSplit,
  inapplicable,
  type Judgement,
  rejected,
  shareOfFacts,
  siblingsThatSucceed,
  splitEvidence,
} from "./judgement.ts";
import { aboutTheRegion, regionDecides } from "./region.ts";

/** Reasons that name the fault by themselves, whichever backend or region it shows on. */
const SELF_EXPLAINING: ReadonlySet<string> = new Set([
  "firewall",
  "not-current",
  "local-auth-disabled",
  "management-operation",
  "wrong-key",
  "insufficient-key",
  "perimeter",
  "service",
  "token-expired",
  "token-format",
  "token-issuer",
]);

/** Share of the calls through a backend below which it lets through what it refuses. */
const IN_TURN = 0.7;
/** Below this some of several instances behind a backend refuse, for what is wrong with them alone. */
const IN_PART = 0.5;

/** The same API operation is served by more than one backend, and some of them are refused. */
function judgeBackend(observation: Observation): Judgement {
  if (observation.layer === "gateway") return inapplicable;
  const split = equalSplit(observation, "backend");
  if (split === undefined) return rejected("the refusals do not follow the backend");
  const backend = split.where.backend ?? "";
  const siblings = siblingsThatSucceed(observation, "backend");
  if (siblings === undefined) return rejected(`no other backend serves the calls that ${backend} refuses`);
  if (siblings.share > 0.5 * split.refusedInside)
    return rejected("the other backends of the same operations are refused as well");
  if (split.refusedInside < IN_TURN && comesAndGoes(observation))
    return rejected("the backend refuses and lets through in turn: a grant that is missing refuses each call");
  if (split.refusedInside < IN_PART && observation.layer === "backend")
    return rejected("the backend lets most through: what differs lies with some of the instances behind it");
  const says: Evidence = {
    says: `The same operations succeed through ${siblings.names.slice(0, 3).join(", ")}`,
    fields: { backend, others: siblings.names.length },
  };
  const alternates: readonly Evidence[] =
    observation.alternation < -0.15
      ? [
          {
            says: "Refused and succeeded calls alternate, as round robin over backends does",
            fields: { alternation: Number(observation.alternation.toFixed(2)) },
          },
        ]
      : [];
  return {
    kind: "fits",
    confidence: backendConfidence(observation),
    evidence: [splitEvidence(split), says, ...alternates],
  };
}

/** A missing grant is a 403; what else differs between backends may be a key, a token, a secret or a way in. */
function backendConfidence(observation: Observation): number {
  const { layer, reason } = observation;
  if (SELF_EXPLAINING.has(reason) || ownTokenExpired(observation) === "told" || cannotSignIn(observation)) return 0.5;
  if (layer === "backend") return reason === "401" ? 0.7 : 0.88;
  const bound = boundElsewhere(observation);
  if (bound !== undefined && isJustGiven(bound)) return 0.8;
  const untold = layer === "cosmos" && /^\d+$/.test(reason);
  const credential = observation.values("credential")[0]?.value;
  const isWalled = changeBefore(observation, ["firewall"], 1_800_000) !== undefined;
  if (untold && (isWalled || /masterkey$/i.test(credential ?? ""))) return 0.6;
  return layer === "cosmos" && reason === "401" && credential === undefined ? 0.7 : 0.94;
}

/** One gateway region refuses what the others let through. */
function judgeRegion(observation: Observation): Judgement {
  const split = equalSplit(observation, "region", true) ?? equalSplit(observation, "region");
  if (split === undefined || !regionDecides(observation))
    return rejected("the refusals do not follow the gateway's region");
  if (observation.layer === "gateway" && !aboutTheRegion(observation))
    return rejected("the region lets in what other callers send");
  if (observation.layer === "gateway" && isPartOfOneCallers(split))
    return rejected("the region lets in a part of what the same caller sends");
  const isRollover = observation.reason === "TokenSignature" && isNewKey(observation);
  const told =
    isRollover ||
    isOfKey(observation, split) ||
    SELF_EXPLAINING.has(observation.reason) ||
    asksOnOneOperation(observation);
  if (told || gatewayClock(observation) !== undefined)
    return { kind: "fits", confidence: 0.45, evidence: [splitEvidence(split)] };
  return { kind: "fits", confidence: regionConfidence(observation), evidence: bestSplitEvidence(observation) };
}

const ONE_CALLERS: readonly Dimension[] = [...CALLERS, "principal"];
/** What a region is set up to refuse of a caller it refuses always, but for tries that were collapsed. */
const ALWAYS = 0.85;

const isPartOfOneCallers = ({ where, refusedInside }: Split): boolean =>
  refusedInside < ALWAYS && ONE_CALLERS.some((dimension) => where[dimension] !== undefined);

/** Calls of some callers of the region only: without a subscription key, or with one that was changed just before. */
function isOfKey(observation: Observation, { refusedInside }: Split): boolean {
  if (refusedInside >= IN_PART) return false;
  const keyless = shareOfFacts(observation, ({ reason }) => reason === "SubscriptionKeyNotFound");
  const unknown = shareOfFacts(observation, ({ reason }) => reason === "SubscriptionKeyInvalid");
  return (
    keyless > IN_PART || (unknown > IN_PART && changeBefore(observation, ["subscription"], KNOWN_MS) !== undefined)
  );
}

/** Each region reaches Cosmos DB from an address of its own: where those separate as well, a firewall is likelier. */
function regionConfidence(observation: Observation): number {
  if (observation.layer === "gateway") return 0.88;
  const byAddress = observation.layer === "cosmos" && equalSplit(observation, "clientNetwork") !== undefined;
  return byAddress ? 0.5 : 0.7;
}

/** Causes that lie in where a call is sent. */
export const topologyCauses: readonly CauseRule[] = [
  { id: "backend-grants-differ", names: ["backend"], alone: true, judge: judgeBackend },
  { id: "gateway-region-differs", names: ["region"], alone: true, judge: judgeRegion },
];
