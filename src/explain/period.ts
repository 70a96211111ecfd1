import { type DurationMs, msBetween } from "../model/time.ts";
import type { Span } from "./span.ts";
import type { Window } from "./window.ts";

/** A rhythm of refusals. */
export interface Period {
  readonly ms: DurationMs;
  /** How much of the variation between refused and succeeded the phase explains, 0 to 1. */
  readonly strength: number;
}

const SHORTEST_MS: DurationMs = 20_000;
const LEAST_REFUSED = 12;
/** Cycles between the first refusal and the last: refusals of three cycles are seen. */
const LEAST_CYCLES = 2.05;
const LEAST_RETURNS = 3;
const MOST_ROWS = 1_500;
const MOST_TESTS = 1_500;
const PHASES = 12;
/** Of the variation; chance alone gives about phases / rows. */
const STRONG = 0.35;

/**
 * The period whose phases differ most in their refused share: rows are folded at each candidate, and the share of the
 * variance between phases is compared (epoch folding; Leahy et al., ApJ 266, 1983). Undefined when none is strong, or when
 * refusals of fewer than three cycles were seen.
 */
export function periodOf(window: Window, rows: readonly number[], span: Span): Period | undefined {
  const lengthMs = msBetween(span.to, span.from);
  const picked = rows.length <= MOST_ROWS ? rows : rows.filter((_, i) => i % Math.ceil(rows.length / MOST_ROWS) === 0);
  const refused = picked.filter((row) => row < window.refused).length;
  if (refused < LEAST_REFUSED || picked.length - refused < LEAST_REFUSED) return undefined;
  const longest = lengthMs / LEAST_CYCLES;
  if (longest < SHORTEST_MS) return undefined;
  const times = picked.map((row) => ((window.time[row] ?? 0) - span.from) / 10_000);
  const hits = picked.map((row) => (row < window.refused ? 1 : 0));
  const variance = refused * (1 - refused / picked.length);
  // Neighbouring candidates differ by a third of a cycle over the whole length.
  const steps = Math.min(MOST_TESTS, Math.ceil(3 * (lengthMs / SHORTEST_MS - LEAST_CYCLES)) + 1);
  let best: Period = { ms: 0, strength: 0 };
  for (let i = 0; i < steps; i++) {
    const ms = lengthMs / (LEAST_CYCLES + i / 3);
    const strength = betweenPhases(times, hits, ms) / variance;
    if (strength > best.strength * 1.02 && alternates(times, hits, ms)) best = { ms, strength };
  }
  const strengthOf = (ms: DurationMs): number => betweenPhases(times, hits, ms) / variance;
  best = finer(shortest(best, strengthOf), lengthMs, strengthOf);
  const chance = (PHASES + Math.log(steps) * 3) / picked.length;
  if (best.strength < STRONG + chance) return undefined;
  return { ms: Math.round(best.ms), strength: Number(best.strength.toFixed(2)) };
}

/** Folded at a multiple of a period, its phases still differ: they do less, as each is made of more time. */
const AS_STRONG = 0.9;
const MULTIPLES = [5, 4, 3, 2];

/** The period that the strongest one is a multiple of. */
function shortest(best: Period, strengthOf: (ms: DurationMs) => number): Period {
  const part = MULTIPLES.map((multiple) => best.ms / multiple)
    .filter((ms) => ms >= SHORTEST_MS)
    .map((ms): Period => ({ ms, strength: strengthOf(ms) }))
    .find(({ strength }) => strength >= AS_STRONG * best.strength);
  return part ?? best;
}

const FINER = 12;

/** The strongest period about the best one: candidates differ by a third of a cycle over the whole length. */
function finer(best: Period, lengthMs: DurationMs, strengthOf: (ms: DurationMs) => number): Period {
  if (best.ms === 0) return best;
  const tried = Array.from({ length: 2 * FINER + 1 }, (_, i): Period => {
    const ms = lengthMs / (lengthMs / best.ms + (i - FINER) / (3 * FINER));
    return { ms, strength: strengthOf(ms) };
  });
  return tried.reduce((most, one) => (one.strength > most.strength ? one : most), best);
}

/** Of the cycles that have several calls, those that have refused and succeeded ones. */
const LEAST_MIXED = 0.5;
const SEVERAL = 3;

/** Refusals come back, and most cycles have both outcomes: a slow change folded at a short period has not. */
function alternates(times: readonly number[], hits: readonly number[], ms: number): boolean {
  const cycles = new Map<number, { f: number; n: number }>();
  for (const [i, time] of times.entries()) {
    const cycle = Math.floor(time / ms);
    const count = cycles.get(cycle) ?? { f: 0, n: 0 };
    count.f += hits[i] ?? 0;
    count.n += 1;
    cycles.set(cycle, count);
  }
  const several = [...cycles.values()].filter(({ n }) => n >= SEVERAL);
  const mixed = several.filter(({ f, n }) => f > 0 && f < n).length;
  const returns = [...cycles.values()].filter(({ f }) => f > 0).length;
  return returns >= LEAST_RETURNS && several.length > 0 && mixed >= LEAST_MIXED * several.length;
}

/** Sum of squares between the phases' means. */
function betweenPhases(times: readonly number[], hits: readonly number[], ms: number): number {
  const f = new Float64Array(PHASES);
  const n = new Float64Array(PHASES);
  let all = 0;
  for (const [i, time] of times.entries()) {
    const phase = Math.floor((((time % ms) + ms) / ms) * PHASES) % PHASES;
    const hit = hits[i] ?? 0;
    f[phase] = (f[phase] ?? 0) + hit;
    n[phase] = (n[phase] ?? 0) + 1;
    all += hit;
  }
  const mean = all / times.length;
  let between = 0;
  for (let phase = 0; phase < PHASES; phase++) {
    const count = n[phase] ?? 0;
    if (count > 0) between += count * ((f[phase] ?? 0) / count - mean) ** 2;
  }
  return between;
}
