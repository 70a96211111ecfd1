import { binomialLogLikelihood } from "../lib/stats.ts";
import { type Encoded, encode } from "./encode.ts";

/** Compared trials: value ids a column (-1 absent), refused and all trials a row. */
export interface Table {
  readonly columns: readonly Int32Array[];
  readonly f: Float64Array;
  readonly n: Float64Array;
}

export interface Condition {
  readonly column: number;
  readonly value: number;
}

/** A conjunction that separates refused from succeeded. */
export interface Rule {
  readonly conditions: readonly Condition[];
  /** Log-likelihood gained over one rate for all. */
  readonly gain: number;
  /** `gain` less the cost of naming the conditions. */
  readonly score: number;
  readonly refused: number;
  readonly trials: number;
  readonly inside: number;
  readonly outside: number;
}

/** A rule with those that separate the same rows equally well: which of them is the reason, the rows cannot tell. */
export interface Covering {
  readonly rule: Rule;
  readonly aliases: readonly Rule[];
  /** Of the compared rows, those that the rule covers and that no earlier rule covered. */
  readonly rows: readonly number[];
}

export interface CoverOptions {
  readonly maxRules: number;
  readonly maxConditions: number;
  /** Refusals that a rule needs. */
  readonly minRefused: number;
  /** Calls that one row stands for because rows were thinned: gains weigh that much less. */
  readonly dispersion: number;
}

const MIN_SCORE = 6;
const MIN_RISK_RATIO = 2;
const MIN_COVERAGE = 0.02;
const BEAM = 12;
/** Candidates this far behind the best are neither winner nor alias. */
const FAR_BEHIND = 12;
const ALIAS_GAIN = 0.85;
const ALIAS_OVERLAP = 0.9;
const MAX_ALIASES = 12;

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
  const wide = generalise(best, encoded, options);
  return {
    rule: decode(wide, encoded),
    aliases: aliasesOf(wide, candidates, encoded),
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

class Search {
  readonly candidates: Rule[] = [];
  readonly #data: Encoded;
  readonly #options: CoverOptions;
  readonly #cost: readonly number[];
  readonly #base: number;
  #best = Number.NEGATIVE_INFINITY;
  #frontier: Rule[] = [];

  constructor(data: Encoded, options: CoverOptions) {
    this.#data = data;
    this.#options = options;
    const columns = Math.log(Math.max(2, data.columns.length));
    this.#cost = data.values.map((values) => Math.log(Math.max(2, values.length)) + columns);
    this.#base = binomialLogLikelihood(data.refused, data.trials);
  }

  #gain(f: number, n: number): number {
    const { refused, trials } = this.#data;
    const split = binomialLogLikelihood(f, n) + binomialLogLikelihood(refused - f, trials - n);
    return (split - this.#base) / this.#options.dispersion;
  }

  /** No conjunction that holds `f` refusals can gain more than a pure one. */
  #mayWin(f: number, cost: number, margin: number): boolean {
    return f >= this.#options.minRefused && this.#gain(f, f) - cost >= this.#best - margin;
  }

  #consider(conditions: readonly Condition[], f: number, n: number): Rule | undefined {
    const { refused, trials } = this.#data;
    if (f < this.#options.minRefused) return undefined;
    const inside = f / n;
    const outside = trials > n ? (refused - f) / (trials - n) : 0;
    if (inside <= outside) return undefined;
    const gain = this.#gain(f, n);
    const score = gain - conditions.reduce((cost, { column }) => cost + (this.#cost[column] ?? 0), 0);
    if (score < this.#best - FAR_BEHIND) return undefined;
    this.#best = Math.max(this.#best, score);
    const rule = { conditions, gain, score, refused: f, trials: n, inside, outside };
    this.candidates.push(rule);
    return rule;
  }

  singles(): void {
    this.#data.columns.forEach((_, column) => {
      const { f, n } = this.#tally(column, undefined);
      f.forEach((refused, value) => this.#consider([{ column, value }], refused, n[value] ?? refused));
    });
  }

  pairs(): void {
    const width = this.#data.columns.length;
    for (let a = 0; a < width; a++) for (let b = a + 1; b < width; b++) this.#pair(a, b);
    this.#frontier.sort((x, y) => y.score - x.score);
  }

  #pair(a: number, b: number): void {
    const { columns, values, f, n, failing } = this.#data;
    const x = columns[a];
    const y = columns[b];
    const size = values[b]?.length ?? 0;
    if (x === undefined || y === undefined || size === 0) return;
    const cost = (this.#cost[a] ?? 0) + (this.#cost[b] ?? 0);
    const refused = new Float64Array((values[a]?.length ?? 0) * size);
    for (let i = 0; i < failing; i++) addAt(refused, cellOf(x, y, i, size), f[i] ?? 0);
    const hot = new Map<number, number>();
    refused.forEach((count, cell) => {
      if (count > 0 && this.#mayWin(count, cost, FAR_BEHIND)) hot.set(cell, 0);
    });
    if (hot.size === 0) return;
    for (let i = 0; i < n.length; i++) {
      const cell = cellOf(x, y, i, size);
      const trials = cell < 0 ? undefined : hot.get(cell);
      if (trials !== undefined) hot.set(cell, trials + (n[i] ?? 0));
    }
    for (const [cell, trials] of hot) {
      const conditions = [
        { column: a, value: Math.floor(cell / size) },
        { column: b, value: cell % size },
      ];
      const rule = this.#consider(conditions, refused[cell] ?? 0, trials);
      if (rule !== undefined) this.#frontier.push(rule);
    }
  }

  /** Extends the best rules by one condition; a rule that is pure already can only lose refusals. */
  longer(length: number): void {
    const beam = this.#frontier
      .filter((rule) => rule.conditions.length === length - 1 && rule.inside < 0.98)
      .slice(0, BEAM);
    const seen = new Set<string>();
    const next: Rule[] = [];
    for (const rule of beam) {
      const rows = matching(rule, this.#data);
      for (let column = 0; column < this.#data.columns.length; column++) {
        if (rule.conditions.some((condition) => condition.column === column)) continue;
        this.#extend(rule, column, { rows, seen, next });
      }
    }
    this.#frontier = next.toSorted((x, y) => y.score - x.score);
  }

  #extend(rule: Rule, column: number, into: { rows: readonly number[]; seen: Set<string>; next: Rule[] }): void {
    const { f, n } = this.#tally(column, into.rows);
    f.forEach((refused, value) => {
      const conditions = [...rule.conditions, { column, value }].toSorted((x, y) => x.column - y.column);
      const key = conditions.map((condition) => `${condition.column}=${condition.value}`).join("&");
      if (into.seen.has(key)) return;
      into.seen.add(key);
      const longer = this.#consider(conditions, refused, n[value] ?? refused);
      if (longer !== undefined) into.next.push(longer);
    });
  }

  #tally(column: number, rows: readonly number[] | undefined): { f: Float64Array; n: Float64Array } {
    const ids = this.#data.columns[column];
    const count = this.#data.values[column]?.length ?? 0;
    const f = new Float64Array(count);
    const n = new Float64Array(count);
    const length = rows?.length ?? this.#data.n.length;
    for (let i = 0; i < length; i++) {
      const row = rows === undefined ? i : (rows[i] ?? 0);
      const id = ids?.[row] ?? -1;
      if (id < 0) continue;
      addAt(f, id, this.#data.f[row] ?? 0);
      addAt(n, id, this.#data.n[row] ?? 0);
    }
    return { f, n };
  }
}

function addAt(into: Float64Array, at: number, value: number): void {
  if (at >= 0) into[at] = (into[at] ?? 0) + value;
}

function cellOf(x: Int32Array, y: Int32Array, row: number, size: number): number {
  const a = x[row] ?? -1;
  const b = y[row] ?? -1;
  return a < 0 || b < 0 ? -1 : a * size + b;
}

function holds(rule: Rule, encoded: Encoded, row: number): boolean {
  return rule.conditions.every(({ column, value }) => encoded.columns[column]?.[row] === value);
}

function matching(rule: Rule, encoded: Encoded): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < encoded.n.length; row++) if (holds(rule, encoded, row)) rows.push(row);
  return rows;
}

const coveredRows = (rule: Rule, encoded: Encoded): readonly number[] =>
  matching(rule, encoded).map((row) => encoded.origin[row] ?? 0);

/** Shares of the traffic of a condition's siblings that must be raised too before the condition is dropped. */
const RAISED_SIBLINGS = 0.6;
/** A sibling is raised when its rate is at least this share of the rule's lift. */
const RAISED_LIFT = 0.25;

/** Drops a condition while the wider rule still raises the rate of most of the traffic it adds. */
function generalise(rule: Rule, encoded: Encoded, options: CoverOptions): Rule {
  if (rule.conditions.length < 2) return rule;
  const wider = rule.conditions
    .map((dropped) => widen(rule, dropped, { encoded, options }))
    .filter((candidate) => candidate !== undefined)
    .toSorted((a, b) => b.score - a.score)[0];
  return wider === undefined ? rule : generalise(wider, encoded, options);
}

function widen(rule: Rule, dropped: Condition, context: { encoded: Encoded; options: CoverOptions }): Rule | undefined {
  const { encoded, options } = context;
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
    const id = encoded.raw[dropped.column]?.[row] ?? -1;
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
  const gain = (split - binomialLogLikelihood(encoded.refused, encoded.trials)) / options.dispersion;
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

/** Rules that cover the same refused and the same succeeded rows: confounded attributes, shown together. */
function aliasesOf(rule: Rule, candidates: readonly Rule[], encoded: Encoded): readonly Rule[] {
  const rows = new Set(matching(rule, encoded));
  const aliases: Rule[] = [];
  for (const other of candidates) {
    if (aliases.length >= MAX_ALIASES) break;
    if (sameConditions(other, rule) || other.conditions.length > rule.conditions.length) continue;
    if (other.gain < ALIAS_GAIN * rule.gain) continue;
    if (overlap(rows, matching(other, encoded), encoded) >= ALIAS_OVERLAP) aliases.push(decode(other, encoded));
  }
  return aliases;
}

const sameConditions = (a: Rule, b: Rule): boolean =>
  a.conditions.length === b.conditions.length &&
  a.conditions.every(({ column, value }) =>
    b.conditions.some((other) => other.column === column && other.value === value),
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
