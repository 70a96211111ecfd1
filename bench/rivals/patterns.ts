import type { LoggedCall } from "./calls.ts";

/** A conjunction of one or two values, with the calls that have it. */
interface Pattern {
  readonly values: readonly string[];
  readonly refused: number;
  readonly others: number;
}

export interface Rival {
  readonly name: string;
  /** The pattern that it puts first. */
  best(calls: readonly LoggedCall[]): readonly string[] | undefined;
}

const LEAST_SHARE = 0.05;

/** Its values, and all pairs of them. */
const keysOf = ({ values }: LoggedCall): readonly string[] =>
  values.flatMap((value, i) => [value, ...values.slice(i + 1).map((other) => `${value}\u0001${other}`)]);

function countOf(counts: Map<string, { refused: number; others: number }>, call: LoggedCall): void {
  for (const key of keysOf(call)) {
    const count = counts.get(key) ?? { refused: 0, others: 0 };
    counts.set(key, count);
    if (call.refused) count.refused += 1;
    else count.others += 1;
  }
}

function patternsOf(calls: readonly LoggedCall[]): { patterns: readonly Pattern[]; refused: number; others: number } {
  const counts = new Map<string, { refused: number; others: number }>();
  for (const call of calls) countOf(counts, call);
  const refused = calls.filter((call) => call.refused).length;
  const patterns = [...counts].map(([key, { refused: inside, others }]) => ({
    values: key.split("\u0001"),
    refused: inside,
    others,
  }));
  return {
    patterns: patterns.filter((one) => one.refused >= LEAST_SHARE * refused),
    refused,
    others: calls.length - refused,
  };
}

/** The pattern with the largest value; of two alike the one with fewer values. */
function largest(patterns: readonly Pattern[], value: (pattern: Pattern) => number): readonly string[] | undefined {
  let best: { pattern: Pattern; value: number } | undefined;
  for (const pattern of patterns.toSorted((a, b) => a.values.length - b.values.length)) {
    const own = value(pattern);
    if (best === undefined || own > best.value * 1.001) best = { pattern, value: own };
  }
  return best?.pattern.values;
}

/** MacroBase's explanation (Bailis et al., SIGMOD 2017): the largest risk ratio among patterns with enough support. */
const SUPPORT = 0.1;
const riskRatio: Rival = {
  name: "risk ratio (MacroBase)",
  best(calls) {
    const { patterns, refused, others } = patternsOf(calls);
    const supported = patterns.filter((one) => one.refused >= SUPPORT * refused);
    return largest(supported, (one) => {
      const inside = one.refused / (one.refused + one.others);
      const left = refused - one.refused;
      const outside = (left + 0.5) / (left + others - one.others + 1);
      return inside / outside;
    });
  },
};

/** Kusto's `diffpatterns` (learn.microsoft.com/kusto/query/diffpatterns-plugin): the largest difference of the two percentages. */
const diffPatterns: Rival = {
  name: "diffpatterns",
  best(calls) {
    const { patterns, refused, others } = patternsOf(calls);
    return largest(patterns, (one) => one.refused / refused - one.others / Math.max(1, others));
  },
};

/**
 * Kusto's `autocluster` (learn.microsoft.com/kusto/query/autocluster-plugin): of the refused calls alone, the pattern that
 * weighs size and detail alike (SizeWeight 0.5).
 */
const autoCluster: Rival = {
  name: "autocluster",
  best(calls) {
    const { patterns, refused } = patternsOf(calls.filter((call) => call.refused));
    return largest(patterns, (one) => 0.5 * (one.refused / refused) + 0.5 * (one.values.length / 2));
  },
};

export const RIVALS: readonly Rival[] = [riskRatio, diffPatterns, autoCluster];
