import type { Observation } from "../observation.ts";
import { bestSplitEvidence, type CauseRule, inapplicable, type Judgement, rejected } from "./judgement.ts";

/** Refusals that say nothing of their reason. */
const VAGUE: ReadonlySet<string> = new Set(["401", "403", "untold", "JwtInvalid", "token-invalid"]);

/** Share of the variation that a clear rhythm explains. */
const CLEAR = 0.6;

/** Whether refusals that say nothing of their reason come and go in a clear rhythm. */
export const comesAndGoes = (observation: Observation): boolean =>
  VAGUE.has(observation.reason) && (observation.period()?.strength ?? 0) >= CLEAR;

function judge(observation: Observation): Judgement {
  if (!VAGUE.has(observation.reason)) return inapplicable;
  const period = observation.period();
  if (period === undefined) return rejected("the refusals have no rhythm");
  const seconds = period.ms / 1_000;
  const told = seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
  return {
    kind: "fits",
    confidence: period.strength >= CLEAR ? 0.75 : 0.55,
    evidence: [
      {
        says: `Calls are refused and let through in turn, every ${told}: something alternates that the logs do not name`,
        fields: { periodSeconds: Math.round(seconds), strength: period.strength },
      },
      ...bestSplitEvidence(observation),
    ],
    missing: [
      {
        field: "backendResponseBody",
        fix: "Log the response body and headers of errors, and the backend's instance: what changes with the rhythm is the reason.",
      },
    ],
  };
}

/** A rhythm that nothing explains: an honest class, with its period measured. */
export const periodicCauses: readonly CauseRule[] = [
  { id: "unknown-periodic", names: ["backend", "userAgentFamily", "appId", "api"], alone: false, judge },
];
