import type { CauseId, Evidence } from "../../model/cause.ts";
import type { Observation } from "../observation.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  changeBefore,
  changeEvidence,
  equalSplit,
  manyCallers,
  loggedReasons,
  regionDecides,
  inapplicable,
  type Judgement,
  aboutTheRegion,
  rejected,
  shareOfFacts,
} from "./judgement.ts";

/** Reasons of the gateway's own policies, and the messages of responses where the reason was not logged. */
const REASONS: ReadonlyMap<string, CauseId> = new Map<string, CauseId>([
  ["SubscriptionKey", "subscription-key-missing-or-wrong"],
  ["QuotaExceeded", "quota-exceeded"],
  ["CallerIp", "ip-filter"],
]);

const MESSAGES: readonly (readonly [string, CauseId])[] = [
  ["subscription key", "subscription-key-missing-or-wrong"],
  ["out of call volume quota", "quota-exceeded"],
  ["quota", "quota-exceeded"],
  ["caller ip", "ip-filter"],
  ["ip address", "ip-filter"],
];

function policyOf(observation: Observation): CauseId | undefined {
  if (observation.layer !== "gateway") return undefined;
  const told = REASONS.get(observation.reason);
  if (told !== undefined) return told;
  if (observation.reason !== "401" && observation.reason !== "403") return undefined;
  return MESSAGES.find(
    ([part]) => shareOfFacts(observation, ({ message }) => message?.toLowerCase().includes(part)) >= 0.6,
  )?.[1];
}

function judge(id: CauseId, observation: Observation): Judgement {
  if (observation.layer !== "gateway") return inapplicable;
  const policy = policyOf(observation);
  if (policy !== id)
    return policy === undefined ? inapplicable : rejected(`the refusals say ${loggedReasons(observation)}`);
  const byRegion = equalSplit(observation, "region", true) !== undefined || manyCallers(observation);
  const regional = byRegion && regionDecides(observation) && aboutTheRegion(observation);
  const told: Evidence = {
    says: `The gateway refused before the backend was called: ${loggedReasons(observation)}`,
    fields: { reason: loggedReasons(observation), refused: observation.refused },
  };
  const change = changeBefore(observation, ["subscription", "gateway-policy"], 900_000);
  const evidence = [told, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])];
  return { kind: "fits", confidence: regional && id !== "quota-exceeded" ? 0.55 : 0.93, evidence };
}

const rule = (id: CauseId, names: CauseRule["names"]): CauseRule => ({
  id,
  names,
  alone: true,
  judge: (observation) => judge(id, observation),
});

/** Causes that are a decision of the gateway's own policies. */
export const gatewayCauses: readonly CauseRule[] = [
  rule("subscription-key-missing-or-wrong", [
    "subscription",
    "operation",
    "product",
    "appId",
    "callerNetwork",
    "userAgentFamily",
    "api",
  ]),
  rule("quota-exceeded", ["subscription", "product", "appId", "callerNetwork"]),
  rule("ip-filter", ["callerNetwork", "subscription", "appId", "userAgentFamily"]),
];
