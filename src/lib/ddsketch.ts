/**
 * Counts of numbers in bins that grow by a factor, so that every quantile is told to 1 % of its value: DDSketch (Masson,
 * Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). Sketches of
 * parts, merged, are the sketch of the whole. At most `MOST_BINS` bins: where numbers lie further apart than a factor of
 * 10^8, the lowest ones share a bin and lose the promise, the highest keep it. Plain data.
 */
export interface DDSketch {
  /** Numbers that were counted. */
  count: number;
  /** Those that are 0, or too small to be told from it. */
  zeros: number;
  /** Index of the first bin in `bins`. */
  first: number;
  bins: Float64Array;
}

/** A quantile lies within this share of the number that has its rank. */
export const RELATIVE_ACCURACY = 0.01;
const GAMMA = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const PER_LOG = 1 / Math.log(GAMMA);
const MOST_BINS = 1_024;
const STEP = 64;
/** What is smaller is 0. */
const SMALLEST = 1e-9;

export const createDDSketch = (): DDSketch => ({ count: 0, zeros: 0, first: 0, bins: new Float64Array() });

/** Counts a number; one that is negative or no number at all is none. */
export function addNumber(sketch: DDSketch, value: number): void {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return;
  sketch.count += 1;
  if (value < SMALLEST) sketch.zeros += 1;
  else addTo(sketch, Math.ceil(Math.log(value) * PER_LOG), 1);
}

/** Counts all that `from` counted; `from` stays as it is. */
export function mergeSketch(into: DDSketch, from: DDSketch): void {
  into.count += from.count;
  into.zeros += from.zeros;
  // From the highest down: a bin that must be shared is one that is shared in the end.
  for (let at = from.bins.length - 1; at >= 0; at--) {
    const count = from.bins[at] ?? 0;
    if (count > 0) addTo(into, from.first + at, count);
  }
}

/** The number of rank `share` × (count - 1), for a share of 0 to 1; undefined of nothing. */
export function quantile({ count, zeros, first, bins }: DDSketch, share: number): number | undefined {
  if (count === 0) return undefined;
  const rank = share * (count - 1);
  let below = zeros;
  if (below > rank) return 0;
  let at = 0;
  for (; at < bins.length; at++) {
    below += bins[at] ?? 0;
    if (below > rank) break;
  }
  return (2 * GAMMA ** (first + at)) / (GAMMA + 1);
}

function addTo(sketch: DDSketch, index: number, count: number): void {
  let at = index - sketch.first;
  if (at < 0 || at >= sketch.bins.length) at = makeRoom(sketch, index);
  sketch.bins[at] = (sketch.bins[at] ?? 0) + count;
}

/** Place of a bin that there is none for yet: the nearest one, where the room is taken. */
function makeRoom(sketch: DDSketch, index: number): number {
  const { first, bins } = sketch;
  if (bins.length === 0) resize(sketch, index - STEP / 2, STEP);
  else if (index < first) {
    const lowest = Math.max(index - STEP / 2, first + bins.length - MOST_BINS);
    if (lowest < first) resize(sketch, lowest, first + bins.length - lowest);
  } else {
    const end = index + STEP / 2;
    resize(sketch, Math.max(first, end - MOST_BINS), Math.min(MOST_BINS, end - first));
  }
  return Math.max(0, index - sketch.first);
}

/** Bins below the new first one are counted in it. */
function resize(sketch: DDSketch, first: number, length: number): void {
  const bins = new Float64Array(length);
  for (let at = 0; at < sketch.bins.length; at++) {
    const to = Math.max(0, sketch.first + at - first);
    bins[to] = (bins[to] ?? 0) + (sketch.bins[at] ?? 0);
  }
  sketch.first = first;
  sketch.bins = bins;
}
