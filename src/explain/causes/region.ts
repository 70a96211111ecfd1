import type { Dimension } from "../../model/call.ts";
import { type Observation, type Tally, tallyBeside, type Where, valuesOf, whereOf } from "../observation.ts";
import { CALLERS, equalSplit, manyCallers, shareOfFacts } from "./judgement.ts";

/** Calls of the same kind through other regions succeed: what stands beside the region only says which calls are meant. */
export function regionDecides(observation: Observation): boolean {
  const split = equalSplit(observation, "region", true) ?? equalSplit(observation, "region");
  if (split === undefined) return false;
  const { region = "", ...rest } = split.where;
  if (Object.keys(rest).length === 0) return true;
  const inside = observation.tally({ ...rest, region });
  const others = tallyBeside(observation, rest, { region });
  const share = inside.refused / Math.max(1, inside.trials);
  if (others.refused === 0 && (1 - share) ** others.trials < BY_CHANCE) return true;
  return others.trials >= 10 && others.refused / others.trials < 0.2 * share;
}

/** That none of so few calls is refused where as many are as in the region. */
const BY_CHANCE = 1e-4;

/** The refused callers succeed through other regions, or there are many of them: it is not about one caller. */
export function aboutTheRegion(observation: Observation): boolean {
  const region = equalSplit(observation, "region")?.where.region;
  if (region === undefined || letsMostIn(observation, region)) return false;
  if (manyCallers(observation)) return true;
  for (const dimension of ["appId", "callerNetwork"] as const) {
    const callers = valuesOf(observation, dimension).slice(0, 20);
    if (callers.length === 0) continue;
    const elsewhere = tallyBeside(observation, { [dimension]: callers }, { region });
    if (elsewhere.trials >= 10 && elsewhere.refused / elsewhere.trials < 0.1 * observation.inside) return true;
  }
  return false;
}

/** Below this a region lets most calls of the refused kind in: with what they carry, not with the region, something is wrong. */
const MOST_IN = 0.4;

/** A region lets in most calls that could be refused for the same reason, and the refused ones are not of all its callers. */
function letsMostIn(observation: Observation, region: string): boolean {
  const kind = ofSameKind(observation, region);
  if (kind === undefined) return false;
  const { refused, trials } = kind;
  if (trials < SAME_KIND || refused >= MOST_IN * trials) return false;
  const told = CALLERS.filter(
    (dimension) => observation.values(dimension).length > 0 && tellsCallers(observation, dimension, region),
  );
  return !told.some((dimension) => areOfAll(observation, dimension, region));
}

const SAME_KIND = 20;

/**
 * The region's calls that come with what the gateway found wrong: a subscription's key, which is right for any API, as a
 * token is expired for any, or a token; all of them where a token is what lacks. Undefined where the refusals do not say which, or no log tells which
 * calls came with one.
 */
function ofSameKind(observation: Observation, region: string): Tally | undefined {
  if (observation.layer !== "gateway") return undefined;
  const isKey = shareOfFacts(observation, ({ reason }) => reason?.startsWith("SubscriptionKey")) > 0.5;
  if (!isKey && !/^Token(NotPresent|Expired|Signature|Issuer|Audience|Claim)/.test(observation.reason))
    return undefined;
  const { region: _, ...rest } = equalSplit(observation, "region")?.where ?? {};
  const isExpired = observation.reason === "TokenExpired";
  const where: Where =
    isKey || isExpired ? { region, ...(isKey ? {} : whereOf(observation, ["api"])) } : { ...rest, region };
  const all = observation.tally(where);
  if (observation.reason === "TokenNotPresent") return all;
  const dimension = isKey ? "subscription" : "issuer";
  const values = observation.seen(dimension, where);
  if (values.length === 0) return isExpired ? all : undefined;
  const known = observation.tally({ ...where, [dimension]: values });
  return { refused: all.refused, trials: all.refused + known.trials - known.refused };
}

/** Values of a caller's attribute each of which hardly more than one subscription or application shares. */
function tellsCallers(observation: Observation, dimension: Dimension, region: string): boolean {
  if (dimension !== "callerNetwork") return true;
  const networks = valuesOf(observation, dimension).slice(0, FEW_CALLERS);
  const behind = (callerNetwork: string): number =>
    Math.max(
      observation.seen("subscription", { region, callerNetwork }).length,
      observation.seen("appId", { region, callerNetwork }).length,
    );
  return networks.filter((network) => behind(network) >= SHARED_BY).length < 0.5 * networks.length;
}

const FEW_CALLERS = 20;
const SHARED_BY = 3;

/** Refused callers are not refused much more than the region's calls are: others are not left out. */
function areOfAll(observation: Observation, dimension: Dimension, region: string): boolean {
  const values = valuesOf(observation, dimension);
  if ((observation.values(dimension)[0]?.share ?? 1) >= SOLE) return false;
  const theirs = observation.tally({ region, [dimension]: values });
  const all = observation.tally({ region });
  return theirs.refused / theirs.trials < LEFT_OUT * (all.refused / all.trials);
}

const SOLE = 0.85;
const LEFT_OUT = 2.5;
