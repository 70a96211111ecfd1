import type { CauseId, Evidence } from "../../model/cause.ts";
import type { Dimension } from "../../model/call.ts";
import { type Observation, tallyBeside, valuesOf } from "../observation.ts";
import { gatewayClock } from "./clock.ts";
import { ownTokenExpired } from "./own-token.ts";
import {
  bestSplitEvidence,
  type CauseRule,
  equalSplit,
  loggedReasons,
  refusedAlone,
  refusedBefore,
  inapplicable,
  type Judgement,
  percent,
  rejected,
  shareOfFacts,
} from "./judgement.ts";
import { aboutTheRegion, regionDecides } from "./region.ts";

/**
 * What was wrong with a token, by the reasons of `validate-jwt` (learn.microsoft.com/azure/api-management/
 * api-management-error-handling-policies), of Cosmos' sub-statuses, and of the messages where a reason is not logged.
 */
const FAULTS: ReadonlyMap<string, CauseId> = new Map<string, CauseId>([
  ["TokenExpired", "caller-token-expired"],
  ["TokenSignature", "signing-key-rollover"],
  ["TokenIssuerNotAllowed", "token-issuer-mismatch"],
  ["TokenAudienceNotAllowed", "token-audience-mismatch"],
  ["token-audience", "token-audience-mismatch"],
  ["TokenClaim", "token-claim-missing"],
]);

const MESSAGES: readonly (readonly [string, CauseId])[] = [
  ["lifetime", "caller-token-expired"],
  ["expired", "caller-token-expired"],
  ["idx10223", "caller-token-expired"],
  ["signature key", "signing-key-rollover"],
  ["signing key", "signing-key-rollover"],
  ["idx10501", "signing-key-rollover"],
  ["idx10503", "signing-key-rollover"],
  ["issuer", "token-issuer-mismatch"],
  ["idx10205", "token-issuer-mismatch"],
  ["audience", "token-audience-mismatch"],
  ["idx10214", "token-audience-mismatch"],
  ["claim", "token-claim-missing"],
];

/** Refusals that say nothing, or only that the token is bad. */
const VAGUE: ReadonlySet<string> = new Set(["401", "403", "JwtInvalid", "untold", "token-invalid"]);

function faultOf(observation: Observation): { readonly id: CauseId; readonly told: boolean } | undefined {
  if (ownTokenExpired(observation) === "told") return undefined;
  const told = FAULTS.get(observation.reason);
  if (told !== undefined) return { id: told, told: true };
  if (!VAGUE.has(observation.reason) || observation.layer === "cosmos") return undefined;
  for (const [part, id] of MESSAGES) {
    if (shareOfFacts(observation, ({ message }) => message?.toLowerCase().includes(part)) >= 0.6)
      return { id, told: true };
  }
  return guess(observation);
}

/** Without a reason, the claims still tell what the refused tokens have in common. */
function guess(observation: Observation): { readonly id: CauseId; readonly told: boolean } | undefined {
  if (shareOfFacts(observation, ({ expiredMs }) => (expiredMs === undefined ? undefined : expiredMs > 0)) >= 0.8) {
    return { id: "caller-token-expired", told: false };
  }
  const byDimension: readonly (readonly [Dimension, CauseId])[] = [
    ["keyId", "signing-key-rollover"],
    ["issuer", "token-issuer-mismatch"],
    ["tokenVersion", "token-issuer-mismatch"],
    ["audience", "token-audience-mismatch"],
  ];
  const found = byDimension.find(
    ([dimension]) =>
      (equalSplit(observation, dimension, true)?.refusedInside ?? 0) > 0.8 && !worked(observation, dimension),
  );
  return found === undefined ? undefined : { id: found[1], told: false };
}

const SEEN_TRIALS = 10;
const OLD_KEYS_PASS = 0.1;
const SOLE = 0.95;

/** A key that was not seen before the rise, or beside which other keys are let in, or that no log names: its region has yet to learn it. */
export function isNewKey(observation: Observation): boolean {
  const [only] = observation.values("keyId");
  const { region, keyId = only?.value } = equalSplit(observation, "keyId")?.where ?? {};
  if (keyId === undefined) return true;
  if ((only?.share ?? 0) < SOLE) return false;
  const before = observation.tallyBefore({ keyId });
  if (before.trials < SEEN_TRIALS || before.refused >= 0.5 * before.trials) return true;
  const where = region === undefined ? {} : { region };
  const { refused, trials } = tallyBeside(observation, where, { keyId });
  return trials >= SEEN_TRIALS && refused <= OLD_KEYS_PASS * trials;
}

/** Tokens with the same value were let in until the rise, or no others come to the API: the value alone is not what is wrong. */
function worked(observation: Observation, dimension: Dimension): boolean {
  const value = equalSplit(observation, dimension, true)?.where[dimension];
  if (value === undefined) return false;
  const api = valuesOf(observation, "api");
  if (api.length > 0 && observation.known(dimension, { api }).length < 2) return true;
  const { refused, trials } = observation.tallyBefore({ [dimension]: value });
  return trials >= SEEN_TRIALS && refused < 0.5 * trials;
}

function judge(id: CauseId, observation: Observation): Judgement {
  const fault = faultOf(observation);
  if (fault === undefined) return inapplicable;
  if (fault.id !== id) return rejected(`the refusals say ${loggedReasons(observation)}`);
  const clock = id === "caller-token-expired" ? gatewayClock(observation) : undefined;
  if (clock === "ahead" || clock === "behind")
    return rejected("the refused tokens had not expired: the clock that judged them is off");
  const needed = observation.splits.slice(0, observation.equal).every(({ where }) => where.region !== undefined);
  const byRegion =
    refusedAlone(observation, "region") ||
    equalSplit(observation, "region", true) !== undefined ||
    (needed && regionDecides(observation));
  const byToken =
    // Each region of a gateway learns keys by itself: where one has yet to, it is no matter of how it is set up.
    (id === "signing-key-rollover" && fault.told && isNewKey(observation)) ||
    tokenDimensions(id).some(
      (dimension) => refusedAlone(observation, dimension) || refusedBefore(observation, dimension),
    );
  const regional = byRegion && !byToken && aboutTheRegion(observation);
  const confidence = (fault.told ? 0.93 : 0.6) * (regional ? 0.6 : 1);
  return {
    kind: "fits",
    confidence,
    evidence: [...reasonEvidence(observation), ...bestSplitEvidence(observation), ...ageEvidence(id, observation)],
    missing: missingClaims(observation),
  };
}

const tokenDimensions = (id: CauseId): readonly Dimension[] => {
  if (id === "signing-key-rollover") return ["keyId"];
  if (id === "token-issuer-mismatch") return ["issuer", "tokenVersion", "appId"];
  return id === "token-audience-mismatch"
    ? ["audience", "gatewayHost", "appId"]
    : ["appId", "principal", "roles", "scopes"];
};

function reasonEvidence(observation: Observation): Evidence[] {
  const where =
    observation.layer === "gateway" ? "The gateway" : observation.layer === "backend" ? "The backend" : "Cosmos DB";
  return [
    {
      says: `${where} refused the token: ${loggedReasons(observation)}`,
      fields: { reason: loggedReasons(observation), refused: observation.refused },
    },
  ];
}

function ageEvidence(id: CauseId, observation: Observation): Evidence[] {
  if (id !== "caller-token-expired") return [];
  const share = shareOfFacts(observation, ({ expiredMs }) => (expiredMs === undefined ? undefined : expiredMs > 0));
  return share === 0
    ? []
    : [{ says: `${percent(share)} of the refused tokens were past their expiry when presented`, fields: { share } }];
}

function missingClaims(observation: Observation): { field: string; fix: string }[] {
  if (observation.values("appId").length > 0 || observation.values("keyId").length > 0) return [];
  return [
    {
      field: "traceRecords (scopetrail-claims)",
      fix: "Add the claims trace to the API's policy, before validation too (st=unverified), so that the refused tokens can be told apart.",
    },
  ];
}

const rule = (id: CauseId, names: readonly Dimension[]): CauseRule => ({
  id,
  names,
  alone: true,
  judge: (observation) => judge(id, observation),
});

const CALLER: readonly Dimension[] = ["appId", "principal", "subscription", "callerNetwork", "userAgentFamily"];

/** Causes that lie in the caller's token. */
export const tokenCauses: readonly CauseRule[] = [
  rule("caller-token-expired", CALLER),
  rule("signing-key-rollover", ["keyId", "issuer"]),
  rule("token-issuer-mismatch", ["issuer", "tokenVersion", ...CALLER]),
  rule("token-audience-mismatch", ["audience", "gatewayHost", ...CALLER]),
  rule("token-claim-missing", ["appId", "principal", "roles", "scopes", ...CALLER]),
];
