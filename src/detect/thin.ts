/** What is thinned: rows in the order of time, each with the trials and calls that it stands for, and what its call drew. */
export interface Weighed {
  readonly unit: Int32Array;
  readonly weight: Float64Array;
  readonly trials: Float64Array;
  /** Numbers in [0, 2^32) that are the same for the same call. */
  readonly lot: Uint32Array;
}

/** The rows that stay, in their order, with what they stand for now: the first `count` of each array. */
export interface Thinned {
  readonly count: number;
  readonly place: Int32Array;
  readonly weight: Float64Array;
  readonly trials: Float64Array;
}

/** By unit + 1: its rows and trials, and the group that is being gathered (its place is -1 where there is none). */
interface Groups {
  readonly rows: Int32Array;
  readonly all: Float64Array;
  readonly place: Int32Array;
  readonly weight: Float64Array;
  readonly trials: Float64Array;
}

/**
 * At most about `most` of the rows at `places`. Busy units lose rows, small ones keep theirs. What a lost row stood for goes
 * to one of its neighbours in time, drawn at random by its call's id: taking every second row would follow calls that
 * alternate between two backends.
 */
export function thinBusy(rows: Weighed, places: Int32Array, most: number): Thinned {
  const groups = countUnits(rows, places);
  const cap = largestCap(
    groups.rows.filter((count) => count > 0),
    most,
  );
  const last = places.at(-1) ?? -1;
  const kept: Kept = {
    isKept: new Uint8Array(last + 1),
    weight: new Float64Array(last + 1),
    trials: new Float64Array(last + 1),
  };
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? 0;
    const unit = (rows.unit[place] ?? -1) + 1;
    gather(groups, rows, unit, place);
    const target = (groups.rows[unit] ?? 0) <= cap ? 0 : (groups.all[unit] ?? 0) / cap;
    if ((groups.trials[unit] ?? 0) >= target) keep(kept, groups, unit);
  }
  for (let unit = 0; unit < groups.place.length; unit++) if ((groups.place[unit] ?? -1) >= 0) keep(kept, groups, unit);
  return gathered(kept, places);
}

function countUnits({ unit, trials }: Weighed, places: Int32Array): Groups {
  let most = -1;
  for (let i = 0; i < places.length; i++) most = Math.max(most, unit[places[i] ?? 0] ?? -1);
  const rows = new Int32Array(most + 2);
  const all = new Float64Array(most + 2);
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? 0;
    const at = (unit[place] ?? -1) + 1;
    rows[at] = (rows[at] ?? 0) + 1;
    all[at] = (all[at] ?? 0) + (trials[place] ?? 0);
  }
  return {
    rows,
    all,
    place: new Int32Array(most + 2).fill(-1),
    weight: new Float64Array(most + 2),
    trials: new Float64Array(most + 2),
  };
}

function gather(groups: Groups, rows: Weighed, unit: number, place: number): void {
  const weight = rows.weight[place] ?? 0;
  const trials = rows.trials[place] ?? 0;
  if ((groups.place[unit] ?? -1) < 0) {
    groups.place[unit] = place;
    groups.weight[unit] = weight;
    groups.trials[unit] = trials;
    return;
  }
  const all = (groups.trials[unit] ?? 0) + trials;
  if (all <= 0 || (rows.lot[place] ?? 0) / 4_294_967_296 < trials / all) groups.place[unit] = place;
  groups.weight[unit] = (groups.weight[unit] ?? 0) + weight;
  groups.trials[unit] = all;
}

/** By place: a group that is whole, under the row that stands for it. */
interface Kept {
  readonly isKept: Uint8Array;
  readonly weight: Float64Array;
  readonly trials: Float64Array;
}

/** The group that is being gathered is whole. */
function keep(kept: Kept, groups: Groups, unit: number): void {
  const place = groups.place[unit] ?? 0;
  kept.isKept[place] = 1;
  kept.weight[place] = groups.weight[unit] ?? 0;
  kept.trials[place] = groups.trials[unit] ?? 0;
  groups.place[unit] = -1;
}

function gathered(kept: Kept, places: Int32Array): Thinned {
  const place = new Int32Array(places.length);
  const weight = new Float64Array(places.length);
  const trials = new Float64Array(places.length);
  let count = 0;
  for (let i = 0; i < places.length; i++) {
    const at = places[i] ?? 0;
    if (kept.isKept[at] !== 1) continue;
    place[count] = at;
    weight[count] = kept.weight[at] ?? 0;
    trials[count] = kept.trials[at] ?? 0;
    count += 1;
  }
  return {
    count,
    place: place.subarray(0, count),
    weight: weight.subarray(0, count),
    trials: trials.subarray(0, count),
  };
}

/** The largest number of rows that a unit may keep so that all fit. */
function largestCap(counts: Int32Array, most: number): number {
  let low = 4;
  let high = Math.max(4, most);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(counts, middle, most)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function fits(counts: Int32Array, cap: number, most: number): boolean {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += Math.min(counts[i] ?? 0, cap);
  return total <= most;
}
