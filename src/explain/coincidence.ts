import type { Evidence } from "../model/cause.ts";
import { changeEvidence, signEvidence } from "./causes/judgement.ts";
import type { Observation } from "./observation.ts";

const WITHIN_MS = 900_000;
const SLACK_MS = 120_000;
/** Alike changes are looked at over this time at least. */
const LEAST_REACH_MS = 3_600_000;
/** How many alike changes may be expected in so short a time before one says nothing. */
const EXPECTED = 0.25;
const MOST = 2;

/** Kinds that happen all day and change nothing for callers. */
const HARMLESS: ReadonlySet<string> = new Set(["other", "keys-listed"]);

/**
 * What changed just before the onset, whether or not the cause speaks of it. A kind that is frequent says nothing: its own
 * rate before the onset is what it is held against.
 */
export function coincidences(observation: Observation, told: readonly Evidence[]): readonly Evidence[] {
  const known = new Set(told.map(({ says }) => says));
  const { changes, signs } = observation;
  const isNear = (lagMs: number): boolean => lagMs >= -SLACK_MS && lagMs <= WITHIN_MS;
  const ofChanges = changes
    .filter(({ change, lagMs }) => {
      const alike = changes.filter((other) => other.change.change === change.change);
      const reach = alike.reduce((most, other) => Math.max(most, other.lagMs), LEAST_REACH_MS);
      const expected = ((alike.length - 1) * Math.max(lagMs, SLACK_MS)) / reach;
      return isNear(lagMs) && expected <= EXPECTED && !HARMLESS.has(change.change) && change.result !== "started";
    })
    .map(changeEvidence);
  const ofSigns = signs.filter(({ lagMs }) => isNear(lagMs)).map(signEvidence);
  return [...ofChanges, ...ofSigns].filter(({ says }) => !known.has(says)).slice(0, MOST);
}
