import type { Cause, CauseId, Evidence } from "../model/cause.ts";
import { calibrated } from "./calibration.ts";
import { clockCauses } from "./causes/clock.ts";
import { cosmosGrantCauses } from "./causes/cosmos-grant.ts";
import { cosmosKeyCauses } from "./causes/cosmos-key.ts";
import { cosmosNetworkCauses } from "./causes/cosmos-network.ts";
import { cosmosRoleCauses } from "./causes/cosmos-role.ts";
import { cosmosServiceCauses } from "./causes/cosmos-service.ts";
import { gatewayCauses } from "./causes/gateway.ts";
import { type CauseRule, bestSplitEvidence, type Judgement } from "./causes/judgement.ts";
import { identityCauses } from "./causes/identity.ts";
import { ownTokenCauses } from "./causes/own-token.ts";
import { periodicCauses } from "./causes/periodic.ts";
import { secretCauses } from "./causes/secrets.ts";
import { tokenCauses } from "./causes/token.ts";
import { topologyCauses } from "./causes/topology.ts";
import { judgeUnseen } from "./causes/unseen.ts";
import { coincidences } from "./coincidence.ts";
import type { Observation } from "./observation.ts";

const RULES: readonly CauseRule[] = [
  ...tokenCauses,
  ...gatewayCauses,
  ...topologyCauses,
  ...ownTokenCauses,
  ...identityCauses,
  ...secretCauses,
  ...cosmosRoleCauses,
  ...cosmosGrantCauses,
  ...cosmosKeyCauses,
  ...clockCauses,
  ...cosmosNetworkCauses,
  ...cosmosServiceCauses,
  ...periodicCauses,
];

/** Below this no cause is named: `unknown` says what was seen and what is missing. */
const NAMED_FROM = 0.35;

type Fit = Extract<Judgement, { kind: "fits" }>;

export interface Ranked {
  readonly cause: Cause;
  /** Attributes that name the cause; the best of equal splits is chosen by them. */
  readonly names: CauseRule["names"];
  readonly alone: boolean;
  /** All causes that fit, better or worse. */
  readonly fitting: readonly CauseId[];
}

/** The cause that fits best, with the others and what speaks against them. */
export function rankCauses(observation: Observation): Ranked {
  const judged = RULES.map((rule) => ({ rule, judgement: judge(rule, observation) }));
  const fits = judged
    .flatMap(({ rule, judgement }) => (judgement.kind === "fits" ? [{ rule, fit: judgement }] : []))
    .toSorted((a, b) => b.fit.confidence - a.fit.confidence);
  const refusedBecause = judged.flatMap(({ rule, judgement }) =>
    judgement.kind === "rejected" ? [{ id: rule.id, because: judgement.because }] : [],
  );
  const fitting = fits.map(({ rule }) => rule.id);
  const best = fits[0];
  if (best === undefined || best.fit.confidence < NAMED_FROM)
    return {
      cause: withCoincidences(observation, unknownCause(observation, refusedBecause)),
      names: [],
      alone: false,
      fitting,
    };
  const runnersUp = fits.slice(1).map(({ rule, fit }) => ({ id: rule.id, because: runnerUp(best.fit, fit) }));
  return {
    cause: withCoincidences(
      observation,
      causeOf(best.rule.id, best.fit, [...runnersUp, ...refusedBecause], fits[1]?.fit),
    ),
    names: best.rule.names,
    alone: best.rule.alone,
    fitting,
  };
}

function judge(rule: CauseRule, observation: Observation): Judgement {
  const judgement = rule.judge(observation);
  return judgement.kind === "inapplicable" ? judgeUnseen(rule.id, observation) : judgement;
}

const withCoincidences = (observation: Observation, cause: Cause): Cause => ({
  ...cause,
  evidence: [...cause.evidence, ...coincidences(observation, cause.evidence)],
});

const runnerUp = (best: Fit, other: Fit): string =>
  `fits ${(other.confidence / best.confidence).toFixed(2)} times as well`;

/** A close runner-up takes from the confidence: the log cannot quite tell the two apart. */
function causeOf(id: CauseId, fit: Fit, rejected: Cause["rejected"], second: Fit | undefined): Cause {
  const doubt = second === undefined ? 0 : Math.max(0, 0.25 - (fit.confidence - second.confidence));
  return {
    id,
    confidence: calibrated(Math.max(0.3, fit.confidence - doubt)),
    evidence: fit.evidence,
    rejected,
    missing: fit.missing ?? [],
  };
}

function unknownCause(observation: Observation, rejected: Cause["rejected"]): Cause {
  const seen: Evidence = {
    says:
      observation.splits.length === 0
        ? "No attribute separates refused from succeeded calls: which call is refused looks random"
        : "An attribute separates the refused calls, but nothing says why it matters",
    fields: { symptom: observation.symptom, refused: observation.refused },
  };
  return {
    id: "unknown",
    confidence: calibrated(isBlind(observation) ? 0.5 : 0.7),
    evidence: [seen, ...bestSplitEvidence(observation)],
    rejected,
    missing: missingFor(observation),
  };
}

/** What would name a cause is not logged: that none is named says little. */
const isBlind = (observation: Observation): boolean =>
  (observation.layer === "cosmos" && observation.values("subStatus").length === 0) ||
  (observation.layer === "gateway" && observation.values("appId").length === 0);

function missingFor(observation: Observation): Cause["missing"] {
  const missing: { field: string; fix: string }[] = [];
  if (observation.layer === "cosmos" && observation.values("subStatus").length === 0) {
    missing.push({
      field: "x-ms-substatus",
      fix: "Log the backend response headers x-ms-substatus and x-ms-activity-id in the API's diagnostics.",
    });
  }
  if (observation.values("appId").length === 0) {
    missing.push({
      field: "traceRecords (scopetrail-claims)",
      fix: "Add the claims trace to the API's policy: it tells which callers and tokens are refused.",
    });
  }
  if (observation.layer === "backend") {
    missing.push({
      field: "WWW-Authenticate",
      fix: "Log the backend response header www-authenticate: it carries the backend's reason.",
    });
  }
  return missing;
}
