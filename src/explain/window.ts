import { COMPARED, WIDTH } from "../detect/columns.ts";
import type { Detection, Symptom } from "../detect/detect.ts";
import { oldestTime, places, type Rows } from "../detect/rows.ts";
import { type DurationMs, type Instant, instantFromTicks, plusMs } from "../model/time.ts";

/** Rows of one symptom and of the successes around it, as columns, refused rows first. */
export interface Window {
  readonly symptom: Symptom;
  readonly from: Instant;
  readonly to: Instant;
  /** Value ids by column; -1 absent. Columns that only name the symptom are all -1. */
  readonly columns: readonly Int32Array[];
  /** All columns, those too. */
  readonly raw: readonly Int32Array[];
  readonly time: Float64Array;
  readonly unit: Int32Array;
  /** Refused trials and all trials a row, for rates. */
  readonly f: Float64Array;
  readonly n: Float64Array;
  /** Calls a row, for counts. */
  readonly calls: Float64Array;
  readonly status: Int16Array;
  /** Place in the ring of refused rows (`refused` first rows), then in the ring of succeeded rows. */
  readonly place: Int32Array;
  /** How many of the rows are refused. */
  readonly refused: number;
  /** Calls a counted refusal stands for, because refusals were thinned. */
  readonly thinned: number;
}

const MAX_REFUSED = 3_000;
const MAX_SUCCEEDED = 8_000;
/** How far before the rise the health before it is looked at. */
const LOOK_BACK_MS: DurationMs = 2_700_000;
const LONGEST_MS: DurationMs = 43_200_000;

/** Takes the rows from before the rise until now; busy units are thinned, small ones keep exact denominators. */
export function openWindow(detection: Detection, symptom: Symptom, span: { onset: Instant; at: Instant }): Window {
  const earliest = Math.max(
    plusMs(span.onset, -LOOK_BACK_MS),
    plusMs(span.at, -LONGEST_MS),
    oldestTime(detection.succeeded),
  );
  const from = instantFromTicks(earliest);
  const refusedPlaces = placesSince(symptom.rows, from);
  const thinned = Math.max(1, Math.ceil(refusedPlaces.length / MAX_REFUSED));
  const refused = thinned === 1 ? refusedPlaces : refusedPlaces.filter((_, i) => i % thinned === 0);
  const succeeded = thinBusyUnits(detection.succeeded, placesSince(detection.succeeded, from));
  return fill({ detection, symptom, from, to: span.at, refused, thinned, succeeded });
}

function placesSince(rows: Rows, from: Instant): number[] {
  const found: number[] = [];
  for (const place of places(rows)) if ((rows.time[place] ?? 0) >= from) found.push(place);
  return found;
}

interface Thinned {
  readonly place: number;
  readonly factor: number;
}

function thinBusyUnits(rows: Rows, candidates: readonly number[]): readonly Thinned[] {
  const perUnit = new Map<number, number>();
  for (const place of candidates) {
    const unit = rows.unit[place] ?? -1;
    perUnit.set(unit, (perUnit.get(unit) ?? 0) + 1);
  }
  const cap = largestCap([...perUnit.values()]);
  const taken = new Map<number, number>();
  return candidates.flatMap((place) => {
    const unit = rows.unit[place] ?? -1;
    const factor = Math.max(1, (perUnit.get(unit) ?? 1) / cap);
    const credit = (taken.get(unit) ?? 0) + 1 / factor;
    const keep = credit >= 0.999_999;
    taken.set(unit, keep ? credit - 1 : credit);
    return keep ? [{ place, factor }] : [];
  });
}

/** The largest number of rows a unit may keep so that all fit. */
function largestCap(counts: readonly number[]): number {
  const fits = (cap: number): boolean =>
    counts.reduce((total, count) => total + Math.min(count, cap), 0) <= MAX_SUCCEEDED;
  let low = 4;
  let high = MAX_SUCCEEDED;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function fill(from: {
  readonly detection: Detection;
  readonly symptom: Symptom;
  readonly from: Instant;
  readonly to: Instant;
  readonly refused: readonly number[];
  readonly thinned: number;
  readonly succeeded: readonly Thinned[];
}): Window {
  const { detection, symptom, refused, thinned, succeeded } = from;
  const length = refused.length + succeeded.length;
  const raw = Array.from({ length: WIDTH }, () => new Int32Array(length).fill(-1));
  const window = {
    symptom,
    from: from.from,
    to: from.to,
    columns: raw.map((column, i) => (COMPARED[i] === true ? column : new Int32Array(length).fill(-1))),
    raw,
    time: new Float64Array(length),
    unit: new Int32Array(length),
    f: new Float64Array(length),
    n: new Float64Array(length),
    calls: new Float64Array(length),
    status: new Int16Array(length),
    place: new Int32Array(length),
    refused: refused.length,
    thinned,
  };
  refused.forEach((place, row) => {
    copyRow(window, row, symptom.rows, { place, factor: thinned });
    window.f[row] = window.n[row] ?? 0;
  });
  succeeded.forEach((thin, i) => copyRow(window, refused.length + i, detection.succeeded, thin));
  return window;
}

type Filling = Pick<Window, "raw" | "time" | "unit" | "n" | "calls" | "status" | "place">;

function copyRow(window: Filling, row: number, rows: Rows, { place, factor }: Thinned): void {
  for (let column = 0; column < WIDTH; column++) {
    const values = window.raw[column];
    if (values !== undefined) values[row] = rows.ids[place * WIDTH + column] ?? -1;
  }
  window.time[row] = rows.time[place] ?? 0;
  window.unit[row] = rows.unit[place] ?? -1;
  window.n[row] = (rows.trials[place] ?? 0) * factor;
  window.calls[row] = (rows.weight[place] ?? 0) * factor;
  window.status[row] = rows.status[place] ?? 0;
  window.place[row] = place;
}
