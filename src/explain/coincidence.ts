import type { Evidence } from "../model/cause.ts";
import { changeEvidence, signEvidence } from "./causes/judgement.ts";
import type { Observation } from "./observation.ts";

const WITHIN_MS = 900_000;
const SLACK_MS = 120_000;
const DAY_MS = 86_400_000;
/** How many alike changes may be expected in so short a time before one says nothing. */
const EXPECTED = 0.25;
const MOST = 2;

/** Kinds that happen all day and change nothing for callers. */
const HARMLESS: ReadonlySet<string> = new Set(["other", "keys-listed"]);

/**
 * What changed just before the onset, whether or not the cause speaks of it. A kind that is frequent that day says nothing:
 * its rate over the day is what it is held against.
 */
export function coincidences(observation: Observation, told: readonly Evidence[]): readonly Evidence[] {
  const known = new Set(told.map(({ says }) => says));
  const { changes, signs } = observation;
  const rare = (alike: number, lagMs: number): boolean =>
    lagMs >= -SLACK_MS && lagMs <= WITHIN_MS && ((alike - 1) * Math.max(lagMs, SLACK_MS)) / DAY_MS <= EXPECTED;
  const ofChanges = changes
    .filter(({ change, lagMs }) => {
      const alike = changes.filter((other) => other.change.change === change.change).length;
      return !HARMLESS.has(change.change) && change.result !== "started" && rare(alike, lagMs);
    })
    .map(changeEvidence);
  const ofSigns = signs.filter(({ lagMs }) => rare(1, lagMs)).map(signEvidence);
  return [...ofChanges, ...ofSigns].filter(({ says }) => !known.has(says)).slice(0, MOST);
}
