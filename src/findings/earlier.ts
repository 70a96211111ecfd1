import type { Explanation } from "../explain/rise.ts";
import type { Counts } from "../model/finding.ts";
import type { Instant } from "../model/time.ts";

/** Rises of a fault that came back, before the one that is looked at now. */
export interface Earlier {
  readonly counts: Counts;
  readonly lastRefused: Instant;
}

interface Before {
  readonly explanation: Explanation;
  readonly lastRefused: Instant;
  readonly earlier?: Earlier | undefined;
}

/** What a finding counted in rises that `explanation`, the latest look at it, does not reach back to. */
export function earlierOf(known: Before, { span }: Explanation): Earlier | undefined {
  if (span.from > known.lastRefused)
    return { counts: withEarlier(known.explanation.counts, known.earlier), lastRefused: known.lastRefused };
  return known.earlier !== undefined && span.from > known.earlier.lastRefused ? known.earlier : undefined;
}

/** Counts of the latest rise and of those before it. */
export const withEarlier = (counts: Counts, earlier: Earlier | undefined): Counts =>
  earlier === undefined
    ? counts
    : {
        calls: earlier.counts.calls + counts.calls,
        refused: earlier.counts.refused + counts.refused,
        status: {
          401: earlier.counts.status["401"] + counts.status["401"],
          403: earlier.counts.status["403"] + counts.status["403"],
        },
        usualRate: counts.usualRate,
      };
