import type { Dictionary } from "../detect/columns.ts";
import { binomialLogLikelihood, chiSquareTail, wilson } from "../lib/stats.ts";
import type { Dimension } from "../model/call.ts";
import type { Split } from "../model/finding.ts";
import type { Condition, Rule } from "./rule.ts";
import { ruleValues } from "./observation.ts";
import type { Window } from "./window.ts";

/** Whether a row has all values of a rule. */
export const matches = (window: Window, conditions: readonly Condition[], row: number): boolean =>
  conditions.every(({ column, value }) => window.raw[column]?.[row] === value);

/** Compares the calls of a rule with the others, over the given rows of the window. */
export function splitOf(
  from: { window: Window; rows: readonly number[]; dictionaries: readonly Dictionary[] },
  rule: Rule,
): Split {
  const { window, rows, dictionaries } = from;
  const sums = { f: 0, n: 0, allF: 0, allN: 0, calls: 0, refused: 0 };
  for (const row of rows) {
    const f = window.f[row] ?? 0;
    const n = window.n[row] ?? 0;
    sums.allF += f;
    sums.allN += n;
    if (!matches(window, rule.conditions, row)) continue;
    sums.f += f;
    sums.n += n;
    sums.calls += window.calls[row] ?? 0;
    if (f > 0) sums.refused += window.calls[row] ?? 0;
  }
  const gain =
    binomialLogLikelihood(sums.f, sums.n) +
    binomialLogLikelihood(sums.allF - sums.f, sums.allN - sums.n) -
    binomialLogLikelihood(sums.allF, sums.allN);
  const [low, high] = wilson(sums.f, sums.n);
  const comparisons =
    window.columns.reduce((count, column) => count + new Set(column.subarray(0, window.refused)).size, 1) **
    rule.conditions.length;
  return {
    where: ruleValues(rule, dictionaries),
    refusedInside: roundShare(sums.f / Math.max(1, sums.n)),
    refusedOutside: roundShare(sums.allN > sums.n ? (sums.allF - sums.f) / (sums.allN - sums.n) : 0),
    calls: Math.round(sums.calls),
    refused: Math.round(sums.refused),
    interval: [roundShare(low), roundShare(high)],
    pAdjusted: Math.min(1, chiSquareTail(2 * Math.max(0, gain)) * comparisons),
  };
}

/** Four digits: more would be noise. */
export const roundShare = (share: number): number => Number(share.toPrecision(4));

/** Among splits that cannot be told apart, those first that name the cause; then fewer conditions, then the stronger. */
export function prefer(splits: readonly Split[], names: readonly Dimension[]): readonly Split[] {
  const rank = (split: Split): number => {
    const ranks = Object.keys(split.where).map((dimension) => names.findIndex((name) => name === dimension));
    return ranks.length === 0 || ranks.some((at) => at < 0) ? names.length : Math.max(...ranks);
  };
  return splits
    .map((split, i) => ({ split, i }))
    .toSorted((a, b) => rank(a.split) - rank(b.split) || a.i - b.i)
    .map(({ split }) => split);
}
