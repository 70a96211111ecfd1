import { binomialLogLikelihood } from "../lib/stats.ts";
import type { Encoded } from "./encode.ts";
import { type Condition, matching, type Rule } from "./rule.ts";

export interface CoverOptions {
  readonly maxRules: number;
  readonly maxConditions: number;
  /** Refusals that a rule needs. */
  readonly minRefused: number;
  /** Calls that one row stands for because rows were thinned: gains weigh that much less. */
  readonly dispersion: number;
  /** Refused share that a rule needs inside. */
  readonly minInside?: number;
  /** Column → the column beside which alone it means something: a revision is a number within its API. */
  readonly within?: ReadonlyMap<number, number>;
}

const BEAM = 12;
/** Candidates this far behind the best are neither winner nor alias. */
const FAR_BEHIND = 12;
/** A single condition may be an alias, by its share of the best gain: with thousands of refusals that is far behind. */
const ALIAS_BEHIND = 0.15;

/** Rules that separate, shortest first: all single conditions, all pairs that may win, then the best ones extended. */
export class Search {
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
    if (f < this.#options.minRefused || !this.#isMeaningful(conditions)) return undefined;
    const inside = f / n;
    const outside = trials > n ? (refused - f) / (trials - n) : 0;
    if (inside <= outside || inside < (this.#options.minInside ?? 0)) return undefined;
    const gain = this.#gain(f, n);
    const score = gain - conditions.reduce((cost, { column }) => cost + (this.#cost[column] ?? 0), 0);
    const behind = conditions.length === 1 ? Math.max(FAR_BEHIND, ALIAS_BEHIND * this.#best) : FAR_BEHIND;
    if (score < this.#best - behind) return undefined;
    this.#best = Math.max(this.#best, score);
    const rule = { conditions, gain, score, refused: f, trials: n, inside, outside };
    this.candidates.push(rule);
    return rule;
  }

  #isMeaningful(conditions: readonly Condition[]): boolean {
    const { within } = this.#options;
    return conditions.every(({ column }) => {
      const needed = within?.get(column);
      return needed === undefined || conditions.some((other) => other.column === needed);
    });
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
