import { type Column, columnIndex } from "../detect/columns.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import { lowerBound } from "../lib/lower-bound.ts";
import { type DurationMs, TICKS_PER_MS } from "../model/time.ts";
import type { Context } from "./context.ts";
import type { Refusals } from "./loss.ts";
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
/** The refused call itself is neither before nor after. */
const AT_LEAST_MS: DurationMs = 1 / TICKS_PER_MS;
/** Of the refusals, those that a call for the same work which the gateway lets in follows at once. */
const NEARLY_ALL = 0.8;
/** Where calls are frequent one follows by chance: as often as one comes just before. */
const BY_CHANCE = 0.5;
const MIN_REFUSED = 5;

/** What a client repeats: the same work, and where many do it all the time, through the same address. */
const SAME: readonly (readonly Column[])[] = [
  ["api", "operation"],
  ["api", "operation", "callerAddress"],
];

/** Of another fault, which may refuse the second try as well. */
const IN_THE_WAY_MS: DurationMs = 60_000;

/**
 * Nearly each refused call is followed at once by one for the same work that is let in, much more often than preceded by one.
 * Those that calls for the same API are refused behind the gateway around are left out: their second tries may be among them.
 */
export function areAnswered({ window, detection }: Context, { refused: all }: Pick<Refusals, "refused">): boolean {
  if (!FIRST_TRIES.has(window.symptom.name)) return false;
  const others = [...detection.symptoms.values()].filter(({ layer }) => layer !== "gateway").map(({ rows }) => rows);
  const around = (row: number, columns: readonly Column[], [from, to]: readonly [DurationMs, DurationMs]) => ({
    from: (window.time[row] ?? 0) + from * TICKS_PER_MS,
    to: (window.time[row] ?? 0) + to * TICKS_PER_MS,
    columns,
    wanted: columns.map((column) => idIn(window, column, row)),
  });
  const isInTheWay = (row: number): boolean =>
    others.some((rows) => isAmong(rows, around(row, ["api"], [-IN_THE_WAY_MS, IN_THE_WAY_MS])));
  const refused = all.filter((row) => !isInTheWay(row));
  if (refused.length < MIN_REFUSED) return false;
  return SAME.some((columns) => {
    const near = (from: DurationMs, to: DurationMs): number =>
      refused.filter((row) => isAmong(detection.succeeded, around(row, columns, [from, to]))).length;
    const after = near(AT_LEAST_MS, AT_ONCE_MS);
    return after >= NEARLY_ALL * refused.length && near(-AT_ONCE_MS, -AT_LEAST_MS) <= BY_CHANCE * after;
  });
}

interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly columns: readonly Column[];
  readonly wanted: readonly number[];
}

/** A call with the wanted values is among the rows between two times; they lie in the order of time. */
function isAmong(rows: Rows<unknown>, { from, to, columns, wanted }: Wanted): boolean {
  for (let at = lowerBound(rows.time, from, rows.count); at < rows.count && (rows.time[at] ?? 0) <= to; at++) {
    if (columns.every((column, i) => valueAt(rows, at, columnIndex(column)) === wanted[i])) return true;
  }
  return false;
}
