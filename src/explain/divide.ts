import { binomialLogLikelihood } from "../lib/stats.ts";
import type { Table } from "./encode.ts";
import type { Condition, Rule } from "./rule.ts";
import type { CoverOptions } from "./search.ts";

const MIN_SCORE = 6;
/** Refused share of the values that are named, taken together. */
const PURE = 0.8;
/** A value belongs to the refused ones when its rate is at least this share of theirs; the others stay below `LOW`. */
const HIGH = 0.5;
const LOW = 0.1;
/** A column that divides nearly as well as the best one cannot be told apart from it. */
const AS_GOOD = 0.85;
const MIN_REFUSED = 3;
const MAX_PARTS = 8;

interface Count {
  readonly value: number;
  f: number;
  n: number;
}

interface Division {
  readonly column: number;
  readonly high: readonly Count[];
  readonly gain: number;
  readonly score: number;
}

/**
 * Several values of one column can share a fault: three of five backends. Splits the rows of a rule into the values that are
 * refused and those that are not, by minimum description length: naming k of m values costs the log of the ways to
 * choose them. Gives a rule for each refused value, most refused first; none when no column divides.
 */
export function divide(
  table: Table,
  rows: readonly number[],
  options: {
    readonly taken: readonly Condition[];
    readonly dispersion: number;
    readonly mayStand?: CoverOptions["mayStand"];
  },
): readonly Rule[] {
  const columns = table.columns
    .map((_, column) => column)
    .filter((column) => isFree(column, options.taken) && options.mayStand?.([{ column, value: -1 }]) !== false);
  const divisions = columns
    .map((column) => divisionOf(table, rows, { column, columns: columns.length, dispersion: options.dispersion }))
    .filter((division) => division !== undefined)
    .toSorted((a, b) => b.score - a.score);
  const [best] = divisions;
  if (best === undefined) return [];
  return divisions
    .filter(({ gain }) => gain >= AS_GOOD * best.gain)
    .flatMap((division) => partsOf(division, options.taken))
    .slice(0, MAX_PARTS * 3);
}

const isFree = (column: number, taken: readonly Condition[]): boolean =>
  taken.every((condition) => condition.column !== column);

function divisionOf(
  table: Table,
  rows: readonly number[],
  by: { column: number; columns: number; dispersion: number },
): Division | undefined {
  const counts = [...countsBy(table, rows, by.column).values()].toSorted((a, b) => b.f / b.n - a.f / a.n);
  const all = sumOf(counts);
  const whole = binomialLogLikelihood(all.f, all.n);
  let best: Division | undefined;
  let f = 0;
  let n = 0;
  let ways = 0;
  for (const [i, count] of counts.entries()) {
    f += count.f;
    n += count.n;
    ways += Math.log((counts.length - i) / (i + 1));
    if (n >= all.n) break;
    const split = binomialLogLikelihood(f, n) + binomialLogLikelihood(all.f - f, all.n - n);
    const gain = (split - whole) / by.dispersion;
    const score = gain - Math.max(0, ways) - Math.log(Math.max(2, by.columns));
    if (score > (best?.score ?? MIN_SCORE)) best = { column: by.column, high: counts.slice(0, i + 1), gain, score };
  }
  return best !== undefined && isClean(best.high, all) ? best : undefined;
}

function countsBy({ columns, f, n }: Table, rows: readonly number[], column: number): ReadonlyMap<number, Count> {
  const counts = new Map<number, Count>();
  for (const row of rows) {
    const value = columns[column]?.[row] ?? -1;
    const count = counts.get(value) ?? { value, f: 0, n: 0 };
    count.f += f[row] ?? 0;
    count.n += n[row] ?? 0;
    counts.set(value, count);
  }
  return counts;
}

const sumOf = (counts: readonly Count[]): { f: number; n: number } =>
  counts.reduce((sum, { f, n }) => ({ f: sum.f + f, n: sum.n + n }), { f: 0, n: 0 });

/** Each refused value is refused much by itself, and the others hardly at all. */
function isClean(high: readonly Count[], all: { f: number; n: number }): boolean {
  const inside = sumOf(high);
  const rate = inside.f / inside.n;
  const outside = (all.f - inside.f) / Math.max(1, all.n - inside.n);
  const named = high.every(({ value, f, n }) => value >= 0 && f >= MIN_REFUSED && f / n >= HIGH * rate);
  return named && rate >= PURE && outside <= LOW * rate;
}

function partsOf({ column, high, gain, score }: Division, taken: readonly Condition[]): readonly Rule[] {
  return high
    .toSorted((a, b) => b.f - a.f)
    .slice(0, MAX_PARTS)
    .map(({ value, f, n }) => ({
      conditions: [...taken, { column, value }],
      gain,
      score,
      refused: f,
      trials: n,
      inside: f / n,
      outside: 0,
    }));
}
