import type { Dimension } from "../../model/call.ts";
import type { CauseId, Evidence } from "../../model/cause.ts";
import type { ChangeKind } from "../../model/event.ts";
import type { Split } from "../../model/finding.ts";
import { type ChangeSeen, type Observation, tallyBeside, whereOf, type Where } from "../observation.ts";
import type { SignSeen } from "../signs.ts";

/** What one cause says of an observation. */
export type Judgement =
  | {
      readonly kind: "fits";
      /** 0 to 1: the confidence if no other cause fits as well. */
      readonly confidence: number;
      readonly evidence: readonly Evidence[];
      readonly missing?: readonly { readonly field: string; readonly fix: string }[];
    }
  | { readonly kind: "rejected"; readonly because: string }
  /** The layer or reason is another one: not worth a word in the finding. */
  | { readonly kind: "inapplicable" };

export interface CauseRule {
  readonly id: CauseId;
  /** Among attributes that separate equally well, those that name this cause, first wins. */
  readonly names: readonly Dimension[];
  /** One of `names` alone is the culprit: what else stands in a split only says which calls it shows on. */
  readonly alone: boolean;
  judge(observation: Observation): Judgement;
}

export const inapplicable: Judgement = { kind: "inapplicable" };
export const rejected = (because: string): Judgement => ({ kind: "rejected", because });

export const percent = (share: number): string =>
  share > 0 && share < 0.01 ? "under 1 %" : share < 1 && share > 0.99 ? "over 99 %" : `${Math.round(share * 100)} %`;

/** The split among those that cannot be told apart that names the dimension (and only it, when `alone`). */
export function equalSplit(observation: Observation, dimension: Dimension, alone = false): Split | undefined {
  return observation.splits
    .slice(0, observation.equal)
    .find(({ where }) => where[dimension] !== undefined && (!alone || Object.keys(where).length === 1));
}

/** Says how a split separates, for evidence. */
export function splitEvidence(split: Split): Evidence {
  const where = Object.entries(split.where)
    .map(([dimension, value]) => `${dimension} ${value}`)
    .join(" and ");
  return {
    says: `${percent(split.refusedInside)} of the calls with ${where} were refused, ${percent(split.refusedOutside)} of the others`,
    fields: { ...split.where, refused: split.refused, calls: split.calls },
  };
}

/** The change of one of the kinds that came nearest before the onset, within `clockMs`. */
export function changeBefore(
  observation: Pick<Observation, "changes">,
  kinds: readonly ChangeKind[],
  clockMs: number,
): ChangeSeen | undefined {
  return observation.changes.find(
    ({ change, lagMs }) => kinds.includes(change.change) && lagMs >= -120_000 && lagMs <= clockMs,
  );
}

export function changeEvidence({ change, lagMs }: ChangeSeen): Evidence {
  const minutes = Math.round(Math.abs(lagMs) / 60_000);
  const when =
    minutes === 0 ? "within a minute of the onset" : `${minutes} min ${lagMs >= 0 ? "before" : "after"} the onset`;
  const state = change.details.get("state");
  return {
    says: `${change.operation} (${[change.result, ...(state === undefined ? [] : [`state ${state}`])].join(", ")}) ${when}`,
    fields: { operation: change.operation, resource: change.resource },
  };
}

/** Evidence of the best split, when there is one. */
export const bestSplitEvidence = (observation: Observation): readonly Evidence[] =>
  observation.splits[0] === undefined ? [] : [splitEvidence(observation.splits[0])];

/** Attributes by which callers are told apart. */
export const CALLERS = ["appId", "subscription", "callerNetwork"] as const satisfies readonly Dimension[];

const NEARLY_ALL = 0.85;

/** More than one caller is refused: no single value of a caller's dimension holds nearly all refusals. */
export function manyCallers(observation: Observation): boolean {
  const told = CALLERS.map((dimension) => observation.values(dimension)[0]?.share).filter(
    (share) => share !== undefined,
  );
  return told.length > 0 && told.every((share) => share < NEARLY_ALL);
}

const OTHERS = 10;
const HARDLY_ANY = 0.1;

/** Nearly all refusals come from one caller, and others who call the same are let in. */
export function isOneCallers(observation: Observation): boolean {
  const where = whereOf(observation, ["api", "backend"]);
  return CALLERS.some((dimension) => {
    const [top] = observation.values(dimension);
    if (top === undefined || top.share < NEARLY_ALL) return false;
    const { refused, trials } = tallyBeside(observation, where, { [dimension]: top.value });
    return trials >= OTHERS && refused < HARDLY_ANY * trials;
  });
}

/** Reasons as they were logged, most frequent first; the symptom's own where none was. */
export function loggedReasons(observation: Observation): string {
  const counts = new Map<string, number>();
  for (const { reason } of observation.facts)
    if (reason !== undefined && reason !== "") counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const names = [...counts].toSorted((a, b) => b[1] - a[1]).map(([name]) => name);
  return names.length === 0 ? observation.reason : names.slice(0, 3).join(", ");
}

/** Calls without the rest of a split that tell whether the rest matters. */
const ELSEWHERE_TRIALS = 10;

/** A value that is refused wherever it stands, not only together with the rest of a split. */
export function refusedAlone(observation: Observation, dimension: Dimension): boolean {
  const where = equalSplit(observation, dimension)?.where;
  const value = where?.[dimension];
  if (where === undefined || value === undefined) return false;
  const all = observation.tally({ [dimension]: value });
  if (all.trials === 0 || all.refused / all.trials < 0.5 * observation.inside) return false;
  const together = observation.tally(where);
  const trials = all.trials - together.trials;
  return trials < ELSEWHERE_TRIALS || (all.refused - together.refused) / trials >= 0.5 * observation.inside;
}

/** A value that was refused wherever it stood until the rise began: where it is let in meanwhile, the fault ended sooner. */
export function refusedBefore(observation: Observation, dimension: Dimension): boolean {
  const value = equalSplit(observation, dimension)?.where[dimension];
  if (value === undefined) return false;
  const { refused, trials } = observation.tallyBefore({ [dimension]: value });
  return trials >= ELSEWHERE_TRIALS && refused / trials >= 0.5 * observation.inside;
}

/** Share of refused rows that a test holds for, among those that it can be asked of. */
export function shareOfFacts(
  observation: Observation,
  test: (fact: Observation["facts"][number]) => boolean | undefined,
): number {
  const answers = observation.facts.map(test).filter((answer) => answer !== undefined);
  return answers.length === 0 ? 0 : answers.filter(Boolean).length / answers.length;
}

/** Most of the refusals that carry a message say one of the parts; parts are lower-case. */
export const says = (observation: Observation, ...parts: readonly string[]): boolean =>
  shareOfFacts(observation, ({ message }) => {
    const text = message?.toLowerCase();
    return text === undefined ? undefined : parts.some((part) => text.includes(part));
  }) >= 0.5;

/** The API and operation of the refused calls; undefined where the logs tell neither. */
export function sameWork(observation: Observation): Where | undefined {
  const work = whereOf(observation, ["api", "operation"]);
  return Object.keys(work).length === 0 ? undefined : work;
}

const FEW_TRIALS = 3;

/** Other values of an attribute that serve the same calls, hardly refused; undefined where there are none. */
export function siblingsThatSucceed(
  observation: Observation,
  dimension: "backend" | "clientNetwork",
): { readonly names: readonly string[]; readonly share: number } | undefined {
  const work = sameWork(observation) ?? {};
  const refused = new Set(
    observation.splits.slice(0, observation.equal).flatMap(({ where }) => where[dimension] ?? []),
  );
  const names = observation.seen(dimension, work).filter((name) => !refused.has(name));
  if (names.length === 0) return undefined;
  const tally = observation.tally({ ...work, [dimension]: names });
  if (tally.trials < FEW_TRIALS) return undefined;
  return { names, share: tally.refused / tally.trials };
}

/** Says what a sign-in or Key Vault log has around the onset. */
export function signEvidence({ sign, count, lagMs }: SignSeen): Evidence {
  const times = count === 1 ? "once" : `${count} times`;
  const minutes = Math.round(Math.abs(lagMs) / 60_000);
  const since =
    minutes === 0 ? "from the onset on" : `from ${minutes} min ${lagMs > 0 ? "before" : "after"} the onset on`;
  if (sign.kind === "sign-in")
    return {
      says: `Sign-ins of ${sign.name ?? sign.appId ?? sign.principal ?? "an application"} failed with AADSTS${sign.errorCode}, ${times}, ${since}`,
      fields: { errorCode: sign.errorCode, ...(sign.appId === undefined ? {} : { appId: sign.appId }) },
    };
  return {
    says: `${sign.operation} on vault ${sign.vault} answered ${sign.status}, ${times}, ${since}`,
    fields: { vault: sign.vault, operation: sign.operation, status: sign.status },
  };
}

const FADED = 0.6;
const DEVIATIONS = 2.5;

/** Ever fewer of the calls are refused, by more than chance: what propagates does so. */
export function decays({ trend, refused, inside }: Observation): boolean {
  if (trend === undefined || trend.late >= FADED * trend.early) return false;
  const trialsOfThird = refused / Math.max(inside, Number.EPSILON) / 3;
  return (trend.early - trend.late) * Math.sqrt(trialsOfThird) >= DEVIATIONS * Math.sqrt(trend.early + trend.late);
}
