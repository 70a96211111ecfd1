import type { Evidence } from "../../model/cause.ts";
import type { Observation, Where } from "../observation.ts";
import { gatewayClock } from "./clock.ts";
import {
  bestSplitEvidence,
  changeBefore,
  type CauseRule,
  equalSplit,
  inapplicable,
  type Judgement,
  aboutTheRegion,
  regionDecides,
  rejected,
  splitEvidence,
} from "./judgement.ts";

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
]);

/** The same API operation is served by more than one backend, and some of them are refused. */
function judgeBackend(observation: Observation): Judgement {
  if (observation.layer === "gateway") return inapplicable;
  const split = equalSplit(observation, "backend");
  if (split === undefined) return rejected("the refusals do not follow the backend");
  const backend = split.where.backend ?? "";
  const siblings = siblingsOf(observation);
  if (siblings === undefined) return rejected(`no other backend serves the calls that ${backend} refuses`);
  if (siblings.share > 0.5 * split.refusedInside)
    return rejected("the other backends of the same operations are refused as well");
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
  const untold = observation.layer === "cosmos" && /^\d+$/.test(observation.reason);
  const walled = untold && changeBefore(observation, ["firewall"], 1_800_000) !== undefined;
  const keyed = untold && /masterkey$/i.test(observation.values("credential")[0]?.value ?? "");
  const confidence = SELF_EXPLAINING.has(observation.reason) ? 0.5 : walled || keyed ? 0.6 : 0.94;
  return { kind: "fits", confidence, evidence: [splitEvidence(split), says, ...alternates] };
}

/** Backends that serve the same operations (the same APIs, where no operation was logged) and are not among the refused ones. */
function siblingsOf(observation: Observation): { names: readonly string[]; share: number } | undefined {
  const where = sameWork(observation);
  if (where === undefined) return undefined;
  const refused = new Set(
    observation.splits.slice(0, observation.equal).flatMap(({ where: { backend } }) => backend ?? []),
  );
  const names = observation.seen("backend", where).filter((name) => !refused.has(name));
  if (names.length === 0) return undefined;
  const tally = observation.tally({ ...where, backend: names });
  return tally.trials < 3 ? undefined : { names, share: tally.refused / tally.trials };
}

/** The API and operation of the refused calls; undefined where the logs tell neither. */
function sameWork(observation: Observation): Where | undefined {
  const told = (["api", "operation"] as const)
    .map((dimension) => [dimension, observation.values(dimension).map(({ value }) => value)] as const)
    .filter(([, values]) => values.length > 0);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** One gateway region refuses what the others let through. */
function judgeRegion(observation: Observation): Judgement {
  const split = equalSplit(observation, "region", true) ?? equalSplit(observation, "region");
  if (split === undefined || !regionDecides(observation))
    return rejected("the refusals do not follow the gateway's region");
  if (!aboutTheRegion(observation) && observation.layer === "gateway")
    return rejected("nearly all refusals come from one caller");
  if (SELF_EXPLAINING.has(observation.reason) || gatewayClock(observation) !== undefined)
    return { kind: "fits", confidence: 0.45, evidence: [splitEvidence(split)] };
  return { kind: "fits", confidence: regionConfidence(observation), evidence: bestSplitEvidence(observation) };
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
