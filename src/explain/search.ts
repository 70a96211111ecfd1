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
  /** Whether conditions can stand together; any can where it is not given. */
  readonly mayStand?: (conditions: readonly Condition[]) => boolean;
}

const BEAM = 12;
/** Candidates this far behind the best are neither winner nor alias. */
const FAR_BEHIND = 12;
/** Of a gain, by the order of its sums. */
const ROUNDING = 1e-9;
const NO_IDS = new Int32Array(0);
const NONE = { f: new Float64Array(0), pure: new Float64Array(0) };
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
  /** By column and value, the refusals of a single condition, and the gain if nothing but them had it. */
  readonly #alone: { readonly f: Float64Array; readonly pure: Float64Array }[] = [];
  readonly #byValue: { readonly starts: Int32Array; readonly rows: Int32Array }[] = [];

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
    const { within, mayStand } = this.#options;
    if (mayStand?.(conditions) === false) return false;
    return conditions.every(({ column }) => {
      const needed = within?.get(column);
      return needed === undefined || conditions.some((other) => other.column === needed);
    });
  }

  singles(): void {
    this.#data.columns.forEach((_, column) => {
      const { f, n } = this.#tally(column, undefined);
      this.#alone.push({ f, pure: f.map((refused) => this.#gain(refused, refused)) });
      f.forEach((refused, value) => this.#consider([{ column, value }], refused, n[value] ?? refused));
    });
  }

  /** After the singles: a pair holds no more refusals than either of its values. */
  pairs(): void {
    const width = this.#data.columns.length;
    for (let a = 0; a < width; a++) for (let b = a + 1; b < width; b++) this.#pair(a, b);
    this.#frontier.sort((x, y) => y.score - x.score);
  }

  #pair(a: number, b: number): void {
    const cost = (this.#cost[a] ?? 0) + (this.#cost[b] ?? 0);
    if (!this.#promising(b, cost).includes(1)) return;
    const found: { readonly conditions: readonly Condition[]; readonly f: number; readonly n: number }[] = [];
    this.#promising(a, cost).forEach((isPromising, value) => {
      if (isPromising === 0) return;
      for (const pair of this.#pairsOf({ column: a, value }, b, cost)) found.push(pair);
    });
    for (const { conditions, f, n } of found) {
      const rule = this.#consider(conditions, f, n);
      if (rule !== undefined) this.#frontier.push(rule);
    }
  }

  /** By value of a column, whether a rule of this cost that holds it may win. */
  #promising(column: number, cost: number): Uint8Array {
    const { f, pure } = this.#alone[column] ?? NONE;
    const promising = new Uint8Array(f.length);
    for (let value = 0; value < f.length; value++)
      if (
        (f[value] ?? 0) >= this.#options.minRefused &&
        (pure[value] ?? 0) - cost >= this.#best - FAR_BEHIND - ROUNDING
      )
        promising[value] = 1;
    return promising;
  }

  /** The pairs of a condition with the values of another column that may win, by value. */
  #pairsOf(
    first: Condition,
    column: number,
    cost: number,
  ): readonly { readonly conditions: readonly Condition[]; readonly f: number; readonly n: number }[] {
    const ids = this.#data.columns[column];
    const rows = this.#rowsOf(first);
    const f = new Float64Array(this.#data.values[column]?.length ?? 0);
    for (const row of rows) {
      if (row >= this.#data.failing) break;
      addAt(f, ids?.[row] ?? -1, this.#data.f[row] ?? 0);
    }
    const mayWin = f.map((refused) => Number(refused > 0 && this.#mayWin(refused, cost, FAR_BEHIND)));
    if (!mayWin.includes(1)) return [];
    const n = new Float64Array(f.length);
    for (const row of rows) addAt(n, ids?.[row] ?? -1, this.#data.n[row] ?? 0);
    return [...f.keys()]
      .filter((value) => mayWin[value] === 1)
      .map((value) => ({ conditions: [first, { column, value }], f: f[value] ?? 0, n: n[value] ?? 0 }));
  }

  /** Rows that have a value, in order. */
  #rowsOf({ column, value }: Condition): Int32Array {
    const { starts, rows } = (this.#byValue[column] ??= this.#sortedByValue(column));
    return rows.subarray(starts[value], starts[value + 1]);
  }

  /** Rows of a column by its values, and where those of each value begin. */
  #sortedByValue(column: number): { readonly starts: Int32Array; readonly rows: Int32Array } {
    const ids = this.#data.columns[column] ?? new Int32Array(0);
    const starts = new Int32Array((this.#data.values[column]?.length ?? 0) + 1);
    for (const id of ids) if (id >= 0) starts[id + 1] = (starts[id + 1] ?? 0) + 1;
    for (let value = 1; value < starts.length; value++) starts[value] = (starts[value] ?? 0) + (starts[value - 1] ?? 0);
    const rows = new Int32Array(starts.at(-1) ?? 0);
    const next = starts.slice();
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row] ?? -1;
      if (id < 0) continue;
      rows[next[id] ?? 0] = row;
      next[id] = (next[id] ?? 0) + 1;
    }
    return { starts, rows };
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

  /** Refused and all trials by value of a column, of all rows or of some in their order: the refused ones are the first. */
  #tally(column: number, rows: readonly number[] | undefined): { f: Float64Array; n: Float64Array } {
    const { failing, f: refused, n: trials } = this.#data;
    const ids = this.#data.columns[column] ?? NO_IDS;
    const count = this.#data.values[column]?.length ?? 0;
    const f = new Float64Array(count);
    const n = new Float64Array(count);
    if (count === 0) return { f, n };
    const length = rows?.length ?? trials.length;
    for (let i = 0; i < length; i++) {
      const row = rows === undefined ? i : (rows[i] ?? 0);
      const id = ids[row] ?? -1;
      if (id < 0) continue;
      n[id] = (n[id] ?? 0) + (trials[row] ?? 0);
      if (row < failing) f[id] = (f[id] ?? 0) + (refused[row] ?? 0);
    }
    return { f, n };
  }
}

function addAt(into: Float64Array, at: number, value: number): void {
  if (at >= 0) into[at] = (into[at] ?? 0) + value;
}
