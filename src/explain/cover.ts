import { type Encoded, encode, type Table } from "./encode.ts";
import { generalise, MIN_RISK_RATIO } from "./generalise.ts";
import { matching, type Rule } from "./rule.ts";
import { type CoverOptions, Search } from "./search.ts";

/** A rule with those that separate the same rows equally well: which of them is the reason, the rows cannot tell. */
export interface Covering {
  readonly rule: Rule;
  readonly aliases: readonly Rule[];
  /** Where several values of one attribute share the fault, a rule for each of them; none otherwise. */
  readonly parts: readonly Rule[];
  /** Of the compared rows, those that the rule covers and that no earlier rule covered. */
  readonly rows: readonly number[];
}

const MIN_SCORE = 6;
const MIN_COVERAGE = 0.02;
const ALIAS_GAIN = 0.85;
const ALIAS_OVERLAP = 0.9;
const MAX_ALIASES = 16;

/**
 * Greedy covering by minimum description length: at most `maxRules` conjunctions, best first, each found on what the
 * earlier ones left. A condition costs the log of the values and columns it was chosen from. Compares the given rows.
 */
export function cover(table: Table, compared: readonly number[], options: CoverOptions): readonly Covering[] {
  const found: Covering[] = [];
  const total = compared.reduce((refused, row) => refused + (table.f[row] ?? 0), 0);
  let rows = compared;
  for (let i = 0; i < options.maxRules; i++) {
    const best = bestRule(table, rows, options);
    if (best === undefined || best.rule.refused < MIN_COVERAGE * total) break;
    found.push(best);
    const covered = new Set(best.rows);
    rows = rows.filter((row) => !covered.has(row));
  }
  return found;
}

function bestRule(table: Table, rows: readonly number[], options: CoverOptions): Covering | undefined {
  const encoded = encode(table, rows);
  if (encoded.refused < options.minRefused) return undefined;
  const search = new Search(encoded, options);
  search.singles();
  if (options.maxConditions >= 2) search.pairs();
  for (let length = 3; length <= options.maxConditions; length++) search.longer(length);
  const candidates = search.candidates.toSorted((a, b) => b.score - a.score);
  const best = candidates.find((rule) => rule.score > MIN_SCORE && riskRatio(rule, encoded) >= MIN_RISK_RATIO);
  if (best === undefined) return undefined;
  const wide = generalise(best, encoded, options.dispersion);
  return {
    rule: decode(wide, encoded),
    aliases: aliasesOf(wide, candidates, encoded),
    parts: [],
    rows: coveredRows(wide, encoded),
  };
}

const riskRatio = (rule: Rule, { refused, trials }: Encoded): number =>
  (rule.inside * (trials - rule.trials + 2)) / (refused - rule.refused + 0.5);

/** Translates a rule's values from the encoding back to ids of the table. */
const decode = (rule: Rule, encoded: Encoded): Rule => ({
  ...rule,
  conditions: rule.conditions.map(({ column, value }) => ({ column, value: encoded.values[column]?.[value] ?? -1 })),
});

const coveredRows = (rule: Rule, encoded: Encoded): readonly number[] =>
  matching(rule, encoded).map((row) => encoded.origin[row] ?? 0);

/** Rules that cover the same refused and the same succeeded rows: confounded attributes, shown together. */
function aliasesOf(rule: Rule, candidates: readonly Rule[], encoded: Encoded): readonly Rule[] {
  const rows = new Set(matching(rule, encoded));
  const aliases: Rule[] = [];
  const shortFirst = candidates.toSorted((a, b) => a.conditions.length - b.conditions.length);
  for (const other of shortFirst) {
    if (aliases.length >= MAX_ALIASES) break;
    if (other.conditions.length > rule.conditions.length) continue;
    if (other.gain < ALIAS_GAIN * rule.gain) continue;
    if ([rule, ...aliases].some((shorter) => contains(other, shorter))) continue;
    if (overlap(rows, matching(other, encoded), encoded) >= ALIAS_OVERLAP) aliases.push(other);
  }
  return aliases.map((alias) => decode(alias, encoded));
}

/** Whether a rule has all the conditions of another. */
const contains = (rule: Rule, other: Rule): boolean =>
  other.conditions.every(({ column, value }) =>
    rule.conditions.some((condition) => condition.column === column && condition.value === value),
  );

/** The smaller of the two overlaps (refused, all) of two sets of rows: intersection over union. */
function overlap(a: ReadonlySet<number>, b: readonly number[], encoded: Encoded): number {
  const union = new Set([...a, ...b]);
  const both = b.filter((row) => a.has(row));
  const share = (weights: Float64Array): number => {
    const whole = [...union].reduce((total, row) => total + (weights[row] ?? 0), 0);
    return whole === 0 ? 1 : both.reduce((total, row) => total + (weights[row] ?? 0), 0) / whole;
  };
  return Math.min(share(encoded.f), share(encoded.n));
}
