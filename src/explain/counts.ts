import { learnedIn } from "../detect/cells.ts";
import type { Detection } from "../detect/detection.ts";
import type { Counts } from "../model/finding.ts";
import type { Context } from "./context.ts";
import type { Span } from "./span.ts";
import { logsOf } from "./logs-apart.ts";
import { roundShare } from "./splits.ts";
import type { Window } from "./window.ts";

const PRIOR_TRIALS = 500;
const PRIOR_RATE = 0.002;

/** Refused share that is usual for a unit: learned while nothing was wrong, shrunk to 0.2 %. */
export function usualRate(detection: Detection, window: Window, unit: number): number {
  const cell = detection.unitCells[unit];
  const { cells, bin } = detection;
  const learned = cell === undefined ? undefined : learnedIn(cells, cell, window.symptom.name, bin);
  const f = (learned?.f ?? 0) + PRIOR_TRIALS * PRIOR_RATE;
  return Math.min(0.3, f / ((learned?.n ?? 0) + PRIOR_TRIALS));
}

/**
 * Refused calls of the rise among all calls of the units (caller and operation) that were refused: how intermittent it
 * is for those whom it hits. What is usual is their refused share in the window before the rise.
 */
export function countsOf(context: Context, of: Population, span: Span): Counts {
  const { window, detection } = context;
  const { refusedRows, units, rows } = of;
  const callsOf = (some: readonly number[]): number => callsAmong(window, some);
  const unauthorized = callsOf(refusedRows.filter((row) => window.status[row] === 401));
  const refused = callsOf(refusedRows);
  return {
    calls: Math.round(callsOf(rows)),
    refused: Math.round(refused),
    status: { "401": Math.round(unauthorized), "403": Math.round(refused) - Math.round(unauthorized) },
    usualRate: roundShare(
      rateBefore(context, units, span) ??
        Math.max(...[...units].slice(0, 50).map((unit) => usualRate(detection, window, unit))),
    ),
  };
}

/** Calls of some rows. Where no id joins the two logs each tells of the same calls: those of one are not added to those of the other. */
function callsAmong(window: Window, rows: readonly number[]): number {
  const logOf = logsOf(window);
  const calls = { gateway: 0, cosmos: 0, both: 0 };
  for (const row of rows) calls[logOf(row)] += window.calls[row] ?? 0;
  return calls.both + Math.max(calls.gateway, calls.cosmos);
}

/** Refusals to be expected among the calls that are counted, by what each of their units is used to. */
export const expectedRefusals = ({ window, detection }: Context, { rows }: Population): number =>
  rows.reduce((sum, row) => sum + (window.n[row] ?? 0) * usualRate(detection, window, window.unit[row] ?? -1), 0);

/** Refused rows of a rise, their units, and all rows of these units. */
export interface Population {
  readonly refusedRows: readonly number[];
  readonly units: ReadonlySet<number>;
  readonly rows: readonly number[];
}

export function populationOf(
  window: Window,
  rise: { readonly rows: readonly number[]; readonly around: readonly number[] },
): Population {
  const refusedRows = rise.rows.filter((row) => row < window.refused);
  const units = new Set(refusedRows.map((row) => window.unit[row] ?? -1));
  const inRule = new Set(rise.rows);
  const rows = rise.around.filter(
    (row) => inRule.has(row) || (row >= window.refused && units.has(window.unit[row] ?? -1)),
  );
  return { refusedRows, units, rows };
}

const TRIALS_TO_TELL = 50;

/** What another fault refused is not usual. */
function rateBefore({ window, claimed }: Context, units: ReadonlySet<number>, span: Span): number | undefined {
  let refused = 0;
  let trials = 0;
  for (let row = 0; row < window.time.length; row++) {
    if ((window.time[row] ?? 0) >= span.from || !units.has(window.unit[row] ?? -1) || claimed.has(row)) continue;
    refused += window.f[row] ?? 0;
    trials += window.n[row] ?? 0;
  }
  return trials < TRIALS_TO_TELL ? undefined : refused / trials;
}
