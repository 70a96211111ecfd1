import { binomialLogLikelihood, poissonSurprise } from "../lib/stats.ts";
import { type DurationMs, type Instant, instantFromTicks, msBetween, plusMs, TICKS_PER_MS } from "../model/time.ts";

export interface Span {
  /** Time of the first and the last refusal of the rise. */
  readonly from: Instant;
  readonly to: Instant;
}

/** A rise that may have paused: from the first refusal of its first stretch to the last one of its last. */
export interface Rise extends Span {
  /** In order of time, at least one. */
  readonly stretches: readonly Span[];
}

const MAX_STRETCHES = 8;

/** A fault that pauses no longer than this is one fault. */
export const LONGEST_PAUSE_MS: DurationMs = 3 * 3_600_000;

export const isWithin = ({ stretches }: Rise, time: number): boolean =>
  stretches.some(({ from, to }) => time >= from && time <= to);

/** Also within a pause. */
export const isBetween = ({ from, to }: Span, time: number): boolean => time >= from && time <= to;

/**
 * The rise among the given rows with all its stretches: the clearest one, and those before and after it that hold by
 * themselves. A pause of more than `LONGEST_PAUSE_MS` parts two rises: the later one is given.
 */
export function riseOf(
  series: Series,
  rows: readonly number[],
  holds: (rows: readonly number[]) => boolean,
): Rise | undefined {
  const clearest = riseSpan(series, rows);
  if (clearest === undefined) return undefined;
  const timed = (test: (time: number) => boolean): readonly number[] =>
    rows.filter((row) => test(series.time[row] ?? 0));
  const stretches = [clearest];
  for (const side of ["after", "before"] as const) {
    while (stretches.length < MAX_STRETCHES) {
      const [first = clearest] = stretches;
      const last = stretches.at(-1) ?? clearest;
      const rest = timed((time) => (side === "after" ? time > last.to : time < first.from));
      const next = riseSpan(series, rest);
      if (next === undefined) break;
      if (!holds(rest.filter((row) => isWithin(asRise([next]), series.time[row] ?? 0)))) break;
      if (side === "after") stretches.push(next);
      else stretches.unshift(next);
    }
  }
  const parted = stretches.findLastIndex(
    ({ from }, i) => i > 0 && msBetween(from, stretches[i - 1]?.to ?? from) > LONGEST_PAUSE_MS,
  );
  return asRise(stretches.slice(Math.max(0, parted)));
}

/** Log-likelihood by which refusals before the clear part must beat chance to be its beginning. */
const BEGINS = 4;
/** The slowest beginning that is looked for. */
const BEGINS_WITHIN_MS: DurationMs = 3_600_000;

/**
 * The rise from the first refusal that chance does not explain: what begins slowly is clear only later. `usual`: refusals to
 * be expected of a row while nothing is wrong.
 */
export function withBeginning(
  series: Series,
  rows: readonly number[],
  rise: Rise,
  usual: (row: number) => number,
): Rise {
  const timeOf = (row: number): number => series.time[row] ?? 0;
  const earliest = plusMs(rise.from, -BEGINS_WITHIN_MS);
  const before = rows
    .filter((row) => timeOf(row) < rise.from && timeOf(row) >= earliest)
    .toSorted((a, b) => timeOf(b) - timeOf(a));
  let { from } = rise;
  let refused = 0;
  let expected = 0;
  for (const row of before) {
    expected += usual(row);
    if ((series.f[row] ?? 0) <= 0) continue;
    refused += series.f[row] ?? 0;
    if (poissonSurprise(refused, expected) >= BEGINS) from = instantFromTicks(timeOf(row));
  }
  const [first] = rise.stretches;
  if (first === undefined || from === rise.from) return rise;
  return asRise([{ from, to: first.to }, ...rise.stretches.slice(1)]);
}

const TOGETHER_MS: DurationMs = 300_000;
const GAPS = 6;

/** A rise with the mean time between its refusals, its pauses left out. */
export interface Paced {
  readonly span: Rise;
  readonly gapMs: DurationMs;
  /** The longest time between two of them. */
  readonly lullMs: DurationMs;
}

/** How many of their two ends two rises share, as closely as refusals and pauses that far apart can tell. */
export function endsInCommon(a: Paced, b: Paced): 0 | 1 | 2 {
  const most = Math.max(TOGETHER_MS, GAPS * a.gapMs, GAPS * b.gapMs);
  const from = Math.abs(msBetween(a.span.from, b.span.from)) <= most;
  const to = Math.abs(msBetween(a.span.to, b.span.to)) <= Math.max(most, a.lullMs, b.lullMs);
  return from && to ? 2 : from || to ? 1 : 0;
}

/** The longest time between two neighbours of ascending times. */
export const longestLullMs = (times: readonly number[]): DurationMs =>
  times.reduce((most, time, i) => Math.max(most, i === 0 ? 0 : time - (times[i - 1] ?? time)), 0) / TICKS_PER_MS;

/** Time that the rise lasted, its pauses left out. */
export const lastedMs = ({ stretches }: Rise): DurationMs =>
  stretches.reduce((total, { from, to }) => total + msBetween(to, from), 0);

/** One rise of all the stretches, at least one; those that overlap become one. */
export function unite(stretches: readonly Span[]): Rise {
  const united: Span[] = [];
  for (const next of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = united.at(-1);
    if (last === undefined || next.from > last.to) united.push(next);
    else if (next.to > last.to) united.splice(-1, 1, { from: last.from, to: next.to });
  }
  return asRise(united);
}

function asRise(stretches: readonly Span[]): Rise {
  const [first] = stretches;
  const last = stretches.at(-1);
  if (first === undefined || last === undefined) throw new Error("a rise has a stretch");
  return { from: first.from, to: last.to, stretches };
}

interface Series {
  readonly time: Float64Array;
  readonly f: Float64Array;
  readonly n: Float64Array;
}

const MAX_EDGES = 120;

/**
 * The stretch of time whose refused share differs most from the rest of the given rows, by likelihood: where a rise
 * began and, when it is over, where it ended. Both ends lie on refusals.
 */
export function riseSpan(series: Series, rows: readonly number[]): Span | undefined {
  const order = rows.toSorted((a, b) => (series.time[a] ?? 0) - (series.time[b] ?? 0));
  const refusals = order.flatMap((row, at) => ((series.f[row] ?? 0) > 0 ? [at] : []));
  if (refusals.length === 0) return undefined;
  const sums = cumulate(series, order);
  const edges = thin(refusals);
  let best: Stretch = { score: Number.NEGATIVE_INFINITY, first: edges[0] ?? 0, last: edges.at(-1) ?? 0 };
  for (let a = 0; a < edges.length; a++) {
    for (let b = a; b < edges.length; b++) {
      const score = contrast(sums, edges[a] ?? 0, edges[b] ?? 0);
      if (score > best.score) best = { score, first: edges[a] ?? 0, last: edges[b] ?? 0 };
    }
  }
  best = widest(sums, edges, refine(sums, refusals, best));
  const at = (position: number): Instant => instantFromTicks(series.time[order[position] ?? 0] ?? 0);
  return { from: at(best.first), to: at(best.last) };
}

interface Stretch {
  readonly score: number;
  readonly first: number;
  readonly last: number;
}

/** Moves both ends among the refusals between the neighbouring edges, which thinning had left out. */
function refine(sums: Sums, refusals: readonly number[], best: Stretch): Stretch {
  if (refusals.length <= MAX_EDGES) return best;
  const reach = Math.ceil(refusals.length / MAX_EDGES) + 1;
  const near = (edge: number): readonly number[] => {
    const at = refusals.indexOf(edge);
    return refusals.slice(Math.max(0, at - reach), at + reach + 1);
  };
  let refined = best;
  for (const first of near(best.first)) {
    const score = contrast(sums, first, refined.last);
    if (score > refined.score) refined = { score, first, last: refined.last };
  }
  for (const last of near(best.last)) {
    const score = contrast(sums, refined.first, last);
    if (score > refined.score) refined = { score, first: refined.first, last };
  }
  return refined;
}

/** Log-likelihood by which a longer stretch may fall short of the best: a sparse fault is not cut to its densest part. */
const AS_LIKELY = 2;

function widest(sums: Sums, edges: readonly number[], best: Stretch): Stretch {
  const least = best.score - AS_LIKELY;
  const fits = (first: number, last: number): boolean => contrast(sums, first, last) >= least;
  const first = edges.find((edge) => edge < best.first && fits(edge, best.last)) ?? best.first;
  const last = edges.findLast((edge) => edge > best.last && fits(first, edge)) ?? best.last;
  return { score: best.score, first, last };
}

interface Sums {
  readonly f: Float64Array;
  readonly n: Float64Array;
}

function cumulate(series: Series, order: readonly number[]): Sums {
  const f = new Float64Array(order.length + 1);
  const n = new Float64Array(order.length + 1);
  order.forEach((row, i) => {
    f[i + 1] = (f[i] ?? 0) + (series.f[row] ?? 0);
    n[i + 1] = (n[i] ?? 0) + (series.n[row] ?? 0);
  });
  return { f, n };
}

function contrast(sums: Sums, first: number, last: number): number {
  const f = (sums.f[last + 1] ?? 0) - (sums.f[first] ?? 0);
  const n = (sums.n[last + 1] ?? 0) - (sums.n[first] ?? 0);
  const allF = sums.f.at(-1) ?? 0;
  const allN = sums.n.at(-1) ?? 0;
  const outside = allN - n > 0 ? (allF - f) / (allN - n) : 0;
  if (n <= 0 || f / n <= outside) return Number.NEGATIVE_INFINITY;
  return binomialLogLikelihood(f, n) + binomialLogLikelihood(allF - f, allN - n);
}

/** At most `MAX_EDGES` refusals, the first and the last among them. */
function thin(refusals: readonly number[]): readonly number[] {
  if (refusals.length <= MAX_EDGES) return refusals;
  const step = (refusals.length - 1) / (MAX_EDGES - 1);
  return Array.from({ length: MAX_EDGES }, (_, i) => refusals[Math.round(i * step)] ?? 0);
}
