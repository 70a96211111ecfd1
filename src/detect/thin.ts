import { unitHash } from "../lib/hash.ts";

/** What is thinned: rows in the order of time, each with the trials and calls that it stands for. */
export interface Weighed {
  readonly unit: Int32Array;
  readonly weight: Float64Array;
  readonly trials: Float64Array;
  readonly call: readonly string[];
}

/** A row that stays, with what it stands for now. */
export interface Thinned {
  readonly place: number;
  readonly weight: number;
  readonly trials: number;
}

interface Group {
  place: number;
  weight: number;
  trials: number;
}

/**
 * At most about `most` of the rows at `places`. Busy units lose rows, small ones keep theirs. What a lost row stood for goes
 * to one of its neighbours in time, drawn at random by its call's id: taking every second row would follow calls that
 * alternate between two backends.
 */
export function thinBusy(rows: Weighed, places: readonly number[], most: number): readonly Thinned[] {
  const units = new Map<number, { rows: number; trials: number }>();
  for (const place of places) {
    const unit = units.get(rows.unit[place] ?? -1) ?? { rows: 0, trials: 0 };
    unit.rows += 1;
    unit.trials += rows.trials[place] ?? 0;
    units.set(rows.unit[place] ?? -1, unit);
  }
  const cap = largestCap(
    [...units.values()].map((unit) => unit.rows),
    most,
  );
  const kept: Group[] = [];
  const open = new Map<number, Group>();
  for (const place of places) {
    const id = rows.unit[place] ?? -1;
    const unit = units.get(id) ?? { rows: 1, trials: 1 };
    const group = joined(rows, open.get(id), place);
    const target = unit.rows <= cap ? 0 : unit.trials / cap;
    if (group.trials < target) open.set(id, group);
    else {
      kept.push(group);
      open.delete(id);
    }
  }
  return [...kept, ...open.values()].toSorted((a, b) => a.place - b.place);
}

function joined(rows: Weighed, group: Group | undefined, place: number): Group {
  const weight = rows.weight[place] ?? 0;
  const trials = rows.trials[place] ?? 0;
  if (group === undefined) return { place, weight, trials };
  const all = group.trials + trials;
  const taken = all <= 0 || unitHash(rows.call[place] ?? "", 11) < trials / all;
  return { place: taken ? place : group.place, weight: group.weight + weight, trials: all };
}

/** The largest number of rows that a unit may keep so that all fit. */
function largestCap(counts: readonly number[], most: number): number {
  const fits = (cap: number): boolean => counts.reduce((total, count) => total + Math.min(count, cap), 0) <= most;
  let low = 4;
  let high = Math.max(4, most);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
