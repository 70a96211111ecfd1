import { type Column, columnIndex, COMPARED, WIDTH } from "../detect/columns.ts";
import type { Detection, RefusalFacts, Symptom } from "../detect/detection.ts";
import { type Rows, thinSince, valueAt } from "../detect/rows.ts";
import type { Thinned } from "../detect/thin.ts";
import { areLogsApart } from "./logs-apart.ts";
import { type DurationMs, type Instant, instantFromTicks, plusMs } from "../model/time.ts";

/** Rows of one symptom and of the successes around it, as columns, refused rows first. */
export interface Window {
  readonly symptom: Symptom;
  readonly from: Instant;
  readonly to: Instant;
  /** The episode is longer than what is looked at: how it was before and when it began is not seen any more. */
  readonly cut: boolean;
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
  /** Place among the symptom's rows (`refused` first rows), then among the succeeded ones. */
  readonly place: Int32Array;
  /** How many of the rows are refused. */
  readonly refused: number;
  /** Counted refusals that a refused row stands for on average, because refusals were thinned. */
  readonly thinned: number;
  /** The two logs are joined where a call is refused only: what is of both separates nothing. */
  readonly apart: boolean;
}

/** Id of a row's value in a column, as it was logged; -1 absent. */
export const idIn = ({ raw }: Pick<Window, "raw">, column: Column, row: number): number =>
  raw[columnIndex(column)]?.[row] ?? -1;

/** The ids of the rows' values in a column; -1 among them where it is absent. */
export const idsIn = (window: Pick<Window, "raw">, column: Column, rows: readonly number[]): Set<number> =>
  new Set(rows.map((row) => idIn(window, column, row)));

/** What was kept of a refused row. */
export const factsOf = ({ symptom, place }: Window, row: number): RefusalFacts | undefined =>
  symptom.rows.facts[place[row] ?? -1];

const MAX_REFUSED = 3_000;
const MAX_SUCCEEDED = 8_000;
/** How far before the rise the health before it is looked at. */
const LOOK_BACK_MS: DurationMs = 2_700_000;
const LONGEST_MS: DurationMs = 43_200_000;

/** Takes the rows from before the rise until now; busy units are thinned, small ones keep exact denominators. */
export function openWindow(detection: Detection, symptom: Symptom, span: { onset: Instant; at: Instant }): Window {
  const earliest = Math.max(plusMs(span.onset, -LOOK_BACK_MS), plusMs(span.at, -LONGEST_MS));
  const from = instantFromTicks(earliest);
  const cut = from > span.onset;
  const refused = thinSince(symptom.rows, from, MAX_REFUSED);
  const succeeded = thinSince(detection.succeeded, from, MAX_SUCCEEDED);
  return fill({ detection, symptom, from, to: span.at, cut, refused, succeeded });
}

function fill(from: {
  readonly detection: Detection;
  readonly symptom: Symptom;
  readonly from: Instant;
  readonly to: Instant;
  readonly cut: boolean;
  readonly refused: Thinned;
  readonly succeeded: Thinned;
}): Window {
  const { detection, symptom, refused, succeeded } = from;
  const length = refused.count + succeeded.count;
  const raw = Array.from({ length: WIDTH }, () => new Int32Array(length).fill(-1));
  const window = {
    apart: false,
    symptom,
    from: from.from,
    to: from.to,
    cut: from.cut,
    columns: raw.map((column, i) => (COMPARED[i] === true ? column : new Int32Array(length).fill(-1))),
    raw,
    time: new Float64Array(length),
    unit: new Int32Array(length),
    f: new Float64Array(length),
    n: new Float64Array(length),
    calls: new Float64Array(length),
    status: new Int16Array(length),
    place: new Int32Array(length),
    refused: refused.count,
    thinned: Math.max(1, refused.trials.reduce((sum, trials) => sum + trials, 0) / Math.max(1, refused.count)),
  };
  copyRows(window, 0, symptom.rows, refused);
  window.f.set(refused.trials);
  copyRows(window, refused.count, detection.succeeded, succeeded);
  window.apart = areLogsApart(window);
  for (const column of EACH_CALL_HAS) {
    const at = columnIndex(column);
    if (isSingle(raw[at] ?? NO_IDS)) window.columns[at] = new Int32Array(length).fill(-1);
  }
  return window;
}

const NO_IDS = new Int32Array();

/** Each call through a gateway has one: where there is but one, it only tells these calls from those of the other log. */
const EACH_CALL_HAS: readonly Column[] = ["region", "gatewayHost"];

function isSingle(ids: Int32Array): boolean {
  const one = ids.find((id) => id >= 0);
  return ids.every((id) => id < 0 || id === one);
}

type Filling = Pick<Window, "raw" | "time" | "unit" | "n" | "calls" | "status" | "place">;

/** Copies the rows that stay behind the first `before` ones. */
function copyRows(window: Filling, before: number, rows: Rows<unknown>, thinned: Thinned): void {
  for (const [column, values] of window.raw.entries())
    for (let i = 0; i < thinned.count; i++) values[before + i] = valueAt(rows, thinned.place[i] ?? 0, column);
  for (let i = 0; i < thinned.count; i++) {
    const place = thinned.place[i] ?? 0;
    window.time[before + i] = rows.time[place] ?? 0;
    window.unit[before + i] = rows.unit[place] ?? -1;
    window.status[before + i] = rows.status[place] ?? 0;
  }
  window.n.set(thinned.trials, before);
  window.calls.set(thinned.weight, before);
  window.place.set(thinned.place, before);
}
