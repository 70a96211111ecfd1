import { type Column, columnIndex } from "../detect/columns.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import { lowerBound } from "../lib/lower-bound.ts";
import { type DurationMs, TICKS_PER_MS } from "../model/time.ts";
import type { Context } from "./context.ts";
import { idIn } from "./window.ts";

/**
 * Symptoms of a first try that a client follows up by itself: it asks without a credential to learn which one is wanted, or
 * renews its token only when one is refused.
 */
const FIRST_TRIES: ReadonlySet<string> = new Set([
  "gateway:TokenNotPresent",
  "gateway:TokenExpired",
  "gateway:SubscriptionKey",
  "gateway:401",
  "gateway:403",
]);

const AT_ONCE_MS: DurationMs = 1_500;
/** Of the refusals, those that a success of the same work follows at once. */
const NEARLY_ALL = 0.8;
/** Where calls are frequent one follows by chance: as often as one comes just before. */
const BY_CHANCE = 0.5;
const MIN_REFUSED = 5;

/** What a client repeats: the same work, and where many do it all the time, through the same address. */
const SAME: readonly (readonly Column[])[] = [
  ["api", "operation"],
  ["api", "operation", "callerAddress"],
];

/** Nearly each refused call is followed at once by one for the same work that is let in, much more often than preceded by one. */
export function areAnswered({ window, detection }: Context, refused: readonly number[]): boolean {
  if (!FIRST_TRIES.has(window.symptom.name) || refused.length < MIN_REFUSED) return false;
  return SAME.some((columns) => {
    const near = (from: number, to: number): number => {
      const isNear = (row: number): boolean => {
        const time = window.time[row] ?? 0;
        const wanted = columns.map((column) => idIn(window, column, row));
        return succeedsBetween(detection.succeeded, { from: time + from, to: time + to }, { columns, wanted });
      };
      return refused.filter(isNear).length;
    };
    const after = near(1, AT_ONCE_MS * TICKS_PER_MS);
    return after >= NEARLY_ALL * refused.length && near(-AT_ONCE_MS * TICKS_PER_MS, -1) <= BY_CHANCE * after;
  });
}

/** A call with the wanted values succeeded between two times; rows lie in the order of time. */
function succeedsBetween(
  rows: Rows,
  { from, to }: { readonly from: number; readonly to: number },
  { columns, wanted }: { readonly columns: readonly Column[]; readonly wanted: readonly number[] },
): boolean {
  for (let at = lowerBound(rows.time, from, rows.count); at < rows.count && (rows.time[at] ?? 0) <= to; at++) {
    if (columns.every((column, i) => valueAt(rows, at, columnIndex(column)) === wanted[i])) return true;
  }
  return false;
}
