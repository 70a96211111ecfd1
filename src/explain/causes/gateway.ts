import { isSwitchedOff } from "../../correlate/changes.ts";
import type { CauseId, Evidence } from "../../model/cause.ts";
import { msBetween } from "../../model/time.ts";
import { type ChangeSeen, type Observation, tallyBeside, type Where, valuesOf } from "../observation.ts";
import {
  bestSplitEvidence,
  CALLERS,
  type CauseRule,
  changeBefore,
  changeEvidence,
  equalSplit,
  manyCallers,
  loggedReasons,
  inapplicable,
  type Judgement,
  rejected,
  says,
  shareOfFacts,
} from "./judgement.ts";
import { aboutTheRegion, regionDecides } from "./region.ts";

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
  if (id === "subscription-key-missing-or-wrong" && keySpreads(observation) === "surely")
    return rejected("the key was made minutes before, and is known everywhere since");
  const change = offChange(observation) ?? changeBefore(observation, ["subscription", "gateway-policy"], KNOWN_MS);
  const evidence = [told, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])];
  return { kind: "fits", confidence: regional && id !== "quota-exceeded" ? 0.55 : 0.93, evidence };
}

/** A new key is known to every gateway about ten minutes later; some for the logs. */
export const KNOWN_MS = 900_000;

const isOff = ({ change }: ChangeSeen): boolean => isSwitchedOff(change);

/** A subscription was switched off. */
const offChange = ({ changes }: Observation): ChangeSeen | undefined =>
  changeBefore({ changes: changes.filter(isOff) }, ["subscription"], KNOWN_MS);

/** A change of a subscription, of its keys maybe, that did not switch it off: only the request's record holds the state. */
function keyChange({ changes }: Observation): ChangeSeen | undefined {
  const off = new Set(changes.filter(isOff).map(resourceOf));
  return changeBefore({ changes: changes.filter((one) => !off.has(resourceOf(one))) }, ["subscription"], KNOWN_MS);
}

const resourceOf = ({ change }: ChangeSeen): string => change.resource.toLowerCase();

/** Whether keys are refused that were made so lately that the gateway may not know them; `surely` when it does by now. */
function keySpreads(observation: Observation): "surely" | "maybe" | undefined {
  if (!loggedReasons(observation).includes("SubscriptionKeyInvalid") && observation.reason !== "401") return undefined;
  if (keyChange(observation) === undefined) return undefined;
  const lasted = msBetween(observation.span.to, observation.span.from);
  if (lasted > KNOWN_MS) return undefined;
  return observation.isOver ? "surely" : "maybe";
}

function judgeSpread(observation: Observation): Judgement {
  if (observation.layer !== "gateway" || policyOf(observation) !== "subscription-key-missing-or-wrong")
    return inapplicable;
  const change = keyChange(observation);
  if (change === undefined)
    return rejected(
      "no subscription was seen to be made, or to be changed and not switched off, in the minutes before",
    );
  const spreads = keySpreads(observation);
  if (spreads === undefined) return rejected("the refusals last longer than a new key takes to be known");
  const told: Evidence = {
    says:
      spreads === "surely"
        ? "The key was refused until the gateway knew it, and works since"
        : "The key is so new that the gateway may not know it yet",
    fields: { reason: loggedReasons(observation), refused: observation.refused },
  };
  const evidence = [told, changeEvidence(change), ...bestSplitEvidence(observation)];
  return { kind: "fits", confidence: spreads === "surely" ? 0.95 : 0.94, evidence };
}

/** How calls to the API's other operations fare, of all callers or of those with `where`. */
function othersOfApi(observation: Observation, where: Where = {}): { trials: number; share: number } | undefined {
  const api = valuesOf(observation, "api");
  const operation = valuesOf(observation, "operation");
  if (api.length === 0 || operation.length === 0) return undefined;
  const { refused, trials } = tallyBeside(observation, { ...where, api }, { operation });
  return trials < 10 ? undefined : { trials, share: refused / trials };
}

/** The refused callers get through to the API's other operations: they have a token. */
function callersPassElsewhere(observation: Observation): boolean {
  const told = CALLERS.flatMap((dimension) => {
    const values = valuesOf(observation, dimension);
    return values.length === 0 ? [] : [othersOfApi(observation, { [dimension]: values })];
  });
  return told.length > 0 && told.every((others) => others !== undefined && others.share <= 0.05);
}

/** The gateway asks for a token on one operation only, of an API whose others pass. */
export const asksOnOneOperation = (observation: Observation): boolean =>
  asksForToken(observation) &&
  observation.values("operation").length === 1 &&
  (othersOfApi(observation)?.share ?? 1) <= 0.05;

const asksForToken = (observation: Observation): boolean =>
  observation.layer === "gateway" &&
  (observation.reason === "TokenNotPresent" || says(observation, "jwt not present", "authorization header is missing"));

function judgeBranch(observation: Observation): Judgement {
  if (observation.layer !== "gateway") return inapplicable;
  if (!asksForToken(observation)) return inapplicable;
  if (observation.values("operation").length !== 1) return rejected("more than one operation is refused");
  const others = othersOfApi(observation);
  if (others === undefined || others.share > 0.05) return rejected("the API's other operations are refused as well");
  const callers = CALLERS.map((dimension) => observation.values(dimension));
  const alone = callers.every((values) => values.length === 0 || (values[0]?.share ?? 0) > 0.95);
  const busy = callers.some((values) => values.length > 0);
  const ofOne = busy && alone && equalSplit(observation, "operation", true) === undefined;
  if (ofOne && !callersPassElsewhere(observation))
    return rejected("nearly all refusals come from one caller, which may have lost its token");
  const change = changeBefore(observation, ["gateway-policy"], KNOWN_MS);
  const told: Evidence = {
    says: `Only ${observation.values("operation")[0]?.value ?? "one operation"} asks for a token that its callers do not send; ${Math.round(others.trials)} calls to the API's other operations passed`,
    fields: { reason: loggedReasons(observation), refused: observation.refused },
  };
  const evidence = [told, ...bestSplitEvidence(observation), ...(change === undefined ? [] : [changeEvidence(change)])];
  return { kind: "fits", confidence: ofOne ? 0.75 : 0.92, evidence };
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
  {
    id: "subscription-key-not-propagated",
    names: ["appId", "subscription", "callerNetwork", "product", "userAgentFamily"],
    alone: true,
    judge: judgeSpread,
  },
  { id: "policy-branch-fallthrough", names: ["operation", "api", "region"], alone: true, judge: judgeBranch },
  rule("quota-exceeded", ["subscription", "product", "appId", "callerNetwork"]),
  rule("ip-filter", ["callerNetwork", "subscription", "appId", "userAgentFamily"]),
];
