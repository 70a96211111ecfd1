import { needsNoSuccess } from "../detect/count-refusal.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import { lowerBound } from "../lib/lower-bound.ts";
import { binomialLogLikelihood } from "../lib/stats.ts";
import type { Instant } from "../model/time.ts";
import type { Context } from "./context.ts";
import { tallyBetween } from "./observation.ts";
import type { Condition } from "./rule.ts";
import { matches } from "./splits.ts";
import { isFromTheFirst } from "./from-the-first.ts";
import type { Refusals } from "./loss.ts";

/** A larger share is told apart from none by a few calls. */
const SLIGHT = 0.25;
/** Calls before the rise: of fewer nothing is known; long after the beginning, nobody was seen to be what the conditions say. */
const LEAST_BEFORE = 5;
/** Of log-likelihood, for two shares against one: the onset was sought where they differ most. */
const APART = 6;

/**
 * A slight share of refusals and before it so few calls, or as many of them refused, that it may have been there all along:
 * nothing says that these calls were let in any better.
 */
export function areAsEver({ detection, window }: Context, { conditions, span }: Refusals): boolean {
  if (needsNoSuccess(window.symptom.name)) return false;
  const rows = Array.from(window.time.keys()).filter((row) => matches(window, conditions, row));
  const during = tallyBetween(window, rows, span);
  if (during.refused >= SLIGHT * during.trials) return false;
  const refused = trialsBefore(window.symptom.rows, conditions, span.from);
  const trials = refused + trialsBefore(detection.succeeded, conditions, span.from);
  if (trials < LEAST_BEFORE) return detection.began !== undefined && isFromTheFirst(span, detection.began);
  const gain =
    binomialLogLikelihood(refused, trials) +
    binomialLogLikelihood(during.refused, during.trials) -
    binomialLogLikelihood(refused + during.refused, trials + during.trials);
  return gain < APART;
}

/** Of all that is remembered, which reaches further back than the window of a rise. */
function trialsBefore(rows: Rows<unknown>, conditions: readonly Condition[], time: Instant): number {
  let trials = 0;
  for (let at = lowerBound(rows.time, time, rows.count) - 1; at >= 0; at--)
    if (conditions.every(({ column, value }) => valueAt(rows, at, column) === value)) trials += rows.trials[at] ?? 0;
  return trials;
}
