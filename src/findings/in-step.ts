import { lowerBound } from "../lib/lower-bound.ts";

/** Refusals of two logs are compared within this of each other; records of one call lie closer than clocks of two services drift. */
const REACH_MS = 5_000;
const BIN_MS = 50;
/** How widely the two times of one call may be scattered about the delay between them. */
const WIDTHS_MS = [50, 100, 250, 500, 1_000, 2_000];
/** Where chance alone gives each refusal more partners than that, a partner tells nothing. */
const CROWDED = 3;
/** Refusals that the comparison needs, and the most that it looks at. */
const FEW = 10;
const MOST = 400;
/** Standard deviations by which a peak must exceed what chance gives. */
const CLEARLY = 4;

/** When a log tells of refusals, in milliseconds, ascending; and how many there were, of which these are some. */
export interface Told {
  readonly times: Float64Array;
  readonly refused: number;
}

/**
 * Share of the fewer refusals that have one of the others at a steady delay, beyond what chance gives: near 1 where two logs
 * tell of the same calls, near 0 where they tell of different ones, however alike their rates are. Where not all refusals
 * are at hand, a partner is expected as often as the other log's are. 0 when too few lie in a common span.
 */
export function inStep(a: Told, b: Told): number {
  const from = Math.max(a.times[0] ?? 0, b.times[0] ?? 0) - REACH_MS;
  const to = Math.min(a.times.at(-1) ?? 0, b.times.at(-1) ?? 0) + REACH_MS;
  const sides = [a, b].map(({ times, refused }) => {
    const within = between(times, from, to);
    return { within, kept: Math.min(1, times.length / Math.max(1, refused)) };
  });
  const [few, many] = sides.map(({ within }) => within).toSorted((x, y) => x.length - y.length);
  if (few === undefined || many === undefined || few.length < FEW) return 0;
  const [lesser, greater] = sides.toSorted((x, y) => x.within.length / x.kept - y.within.length / y.kept);
  const step = Math.ceil(few.length / MOST);
  const looked = few.filter((_, i) => i % step === 0);
  const lags = lagsOf(looked, many);
  const expected = ((lesser?.within.length ?? 0) * (greater?.kept ?? 1) * looked.length) / few.length;
  return Math.max(0, ...WIDTHS_MS.map((width) => peakOf(lags, width / BIN_MS, looked.length) / expected));
}

function between(times: Float64Array, from: number, to: number): Float64Array {
  return times.subarray(lowerBound(times, from), lowerBound(times, to));
}

/** How often each delay occurs, in bins from `-REACH_MS` to `REACH_MS`. */
function lagsOf(few: Float64Array, many: Float64Array): Uint32Array {
  const lags = new Uint32Array((2 * REACH_MS) / BIN_MS);
  for (const time of few) {
    for (let i = lowerBound(many, time - REACH_MS); i < many.length; i++) {
      const bin = Math.floor(((many[i] ?? 0) - time + REACH_MS) / BIN_MS);
      if (bin >= lags.length) break;
      lags[bin] = (lags[bin] ?? 0) + 1;
    }
  }
  return lags;
}

/**
 * What the window of so many bins that stands out most holds beyond the mean of its two neighbours, which bursts raise as
 * they raise it; 0 when that may be chance.
 */
function peakOf(lags: Uint32Array, width: number, looked: number): number {
  const sums = new Float64Array(lags.length + 1);
  for (const [bin, count] of lags.entries()) sums[bin + 1] = (sums[bin] ?? 0) + count;
  const held = (bin: number): number => (sums[bin + width] ?? 0) - (sums[bin] ?? 0);
  let best = 0;
  for (let bin = width; bin + 2 * width <= lags.length; bin++) {
    const expected = (held(bin - width) + held(bin + width)) / 2;
    const excess = held(bin) - expected;
    if (expected <= CROWDED * looked && excess >= CLEARLY * Math.sqrt(Math.max(1, expected)))
      best = Math.max(best, excess);
  }
  return best;
}
