import { binomialLogLikelihood } from "../lib/stats.ts";
import type { Encoded } from "./encode.ts";
import { type Condition, matching, type Rule } from "./rule.ts";

/** How many times likelier a refusal must be inside a rule than outside. */
export const MIN_RISK_RATIO = 2;
/** Shares of the traffic of a condition's siblings that must be raised too before the condition is dropped. */
const RAISED_SIBLINGS = 0.6;
/** A sibling is raised when its rate is at least this share of the rule's lift. */
const RAISED_LIFT = 0.25;

/** Drops a condition while the wider rule still raises the rate of most of the traffic it adds. */
export function generalise(rule: Rule, encoded: Encoded, dispersion: number): Rule {
  if (rule.conditions.length < 2) return rule;
  const wider = rule.conditions
    .map((dropped) => widen(rule, dropped, { encoded, dispersion }))
    .filter((candidate) => candidate !== undefined)
    .toSorted((a, b) => b.score - a.score)[0];
  return wider === undefined ? rule : generalise(wider, encoded, dispersion);
}

function widen(rule: Rule, dropped: Condition, context: { encoded: Encoded; dispersion: number }): Rule | undefined {
  const { encoded, dispersion } = context;
  const conditions = rule.conditions.filter((condition) => condition !== dropped);
  const rows = matching({ ...rule, conditions }, encoded);
  let refused = 0;
  let trials = 0;
  const siblings = new Map<number, { f: number; n: number }>();
  for (const row of rows) {
    const f = encoded.f[row] ?? 0;
    const n = encoded.n[row] ?? 0;
    refused += f;
    trials += n;
    const id = encoded.table.columns[dropped.column]?.[encoded.origin[row] ?? 0] ?? -1;
    const tally = siblings.get(id) ?? { f: 0, n: 0 };
    siblings.set(id, { f: tally.f + f, n: tally.n + n });
  }
  const outside = (encoded.refused - refused) / Math.max(1e-9, encoded.trials - trials);
  siblings.delete(encoded.values[dropped.column]?.[dropped.value] ?? -1);
  if (!siblingsAreRaised([...siblings.values()], rule.inside, outside)) return undefined;
  const inside = refused / trials;
  if (inside <= outside) return undefined;
  const split =
    binomialLogLikelihood(refused, trials) + binomialLogLikelihood(encoded.refused - refused, encoded.trials - trials);
  const gain = (split - binomialLogLikelihood(encoded.refused, encoded.trials)) / dispersion;
  return { conditions, gain, score: gain, refused, trials, inside, outside };
}

function siblingsAreRaised(siblings: readonly { f: number; n: number }[], inside: number, outside: number): boolean {
  const need = Math.max(MIN_RISK_RATIO * outside, RAISED_LIFT * inside);
  const told = siblings.filter(({ f, n }) => f > 0 || need * n >= 1);
  const raised = told.filter(({ f, n }) => f >= 1 && f / n >= need);
  const all = told.reduce((n, sibling) => n + sibling.n, 0);
  const trials = raised.reduce((n, sibling) => n + sibling.n, 0);
  const refused = raised.reduce((f, sibling) => f + sibling.f, 0);
  const expected = trials * outside;
  return all > 0 && trials / all >= RAISED_SIBLINGS && refused >= expected + 3 * Math.sqrt(Math.max(expected, 1));
}
