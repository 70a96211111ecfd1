import { type Column, columnIndex } from "../detect/columns.ts";
import { valueAt } from "../detect/rows.ts";
import { poissonSurprise } from "../lib/stats.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";
import { namelessOf, namesNobody } from "./callers.ts";
import type { Context } from "./context.ts";
import type { Refusals } from "./loss.ts";
import type { Span } from "./span.ts";
import { idIn, idsIn, type Window } from "./window.ts";

const FROM_THE_FIRST_MS: DurationMs = 600_000;

/** Refusals that begin so soon after the first call that is known began before it. */
export const isFromTheFirst = ({ from }: Span, began: Instant): boolean => msBetween(from, began) <= FROM_THE_FIRST_MS;

const NEARLY_ALL = 0.9;
const HALF = 0.5;
/** Of how often they come during the rise: as often came before it. */
const AS_OFTEN = 0.5;
const LEAST_REFUSED = 4;

/**
 * Refusals of calls that name nobody and that there were from the first moment on, or as often from the same addresses or for
 * the same operations before the rise: whoever sends them was never let in.
 */
export function areFromTheFirst({ detection, window }: Context, { refused, span }: Refusals): boolean {
  const { began } = detection;
  if (window.symptom.layer !== "gateway" || began === undefined) return false;
  if (namelessOf(window, refused).length < NEARLY_ALL * refused.length) return false;
  const times = namelessWith(window, "callerAddress", refused);
  if (isFromTheFirst(span, began)) {
    const counts = countsOf(times, span);
    return isConstant(counts) || (isSteady(counts) && !areLetInLess(window, refused, span));
  }
  const lasted = Math.max(1, msBetween(span.to, span.from));
  const before = Math.max(1, msBetween(span.from, began));
  const earlier = times.filter((time) => time < span.from).length;
  if (earlier >= LEAST_REFUSED && earlier / before >= (AS_OFTEN * refused.length) / lasted) return true;
  return areNoMore(namelessWith(window, "operation", refused), { span, expected: lasted / before });
}

/** No more than by chance, by how many there were before; `expected` of each that was. */
function areNoMore(
  times: readonly number[],
  { span, expected }: { readonly span: Span; readonly expected: number },
): boolean {
  const before = times.filter((time) => time < span.from).length;
  const now = times.filter((time) => time >= span.from && time <= span.to).length;
  return before >= LEAST_REFUSED && poissonSurprise(now, before * expected) < BY_CHANCE;
}

/** When calls that name nobody were refused that share a value with the rows, whatever of them the rise holds. */
function namelessWith(window: Window, column: Column, refused: readonly number[]): readonly number[] {
  const { rows } = window.symptom;
  const values = idsIn(window, column, refused);
  const times: number[] = [];
  for (let at = 0; at < rows.count; at++) {
    if (namesNobody(rows, at) && values.has(valueAt(rows, at, columnIndex(column)))) times.push(rows.time[at] ?? 0);
  }
  return times;
}

/** Natural log of the odds against chance. */
const BY_CHANCE = Math.log(1e5);

/** Parts of a rise of which none has many times as many refusals as the others: nothing happened in it. */
const PARTS = 6;
const MANY_TIMES = 3;
/** Standard deviations by which the largest of so many parts may lie above the mean by chance. */
const LARGEST = 3;

function countsOf(times: readonly number[], { from, to }: Span): Int32Array {
  const counts = new Int32Array(PARTS);
  for (const time of times) {
    if (time < from || time > to) continue;
    const at = Math.min(PARTS - 1, Math.floor((PARTS * (time - from)) / Math.max(1, to - from)));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

const meanOf = (counts: Int32Array): number => counts.reduce((sum, count) => sum + count, 0) / PARTS;

function isSteady(counts: Int32Array): boolean {
  const mean = meanOf(counts);
  return Math.max(...counts) <= Math.max(MANY_TIMES * mean, mean + LARGEST * Math.sqrt(mean));
}

/** Refusals in each part from which on it can be told whether they are as many in all. */
const LEAST_IN_PART = 3;
/** Chi-square of five degrees of freedom that chance exceeds in one of twenty cases. */
const UNEVEN = 11.07;

function isConstant(counts: Int32Array): boolean {
  const mean = meanOf(counts);
  return mean >= LEAST_IN_PART && counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0) <= UNEVEN;
}

const LEAST_EARLY = 20;

/** From the refused addresses ever fewer calls to the same APIs are let in, while others' go on: these are the ones that are refused. */
function areLetInLess(window: Window, refused: readonly number[], { from, to }: Span): boolean {
  const addresses = idsIn(window, "callerAddress", refused);
  const apis = idsIn(window, "api", refused);
  const own = { early: 0, late: 0 };
  const others = { early: 0, late: 0 };
  for (let row = window.refused; row < window.time.length; row++) {
    const time = window.time[row] ?? 0;
    if (time < from || time > to) continue;
    const isOwn = apis.has(idIn(window, "api", row)) && addresses.has(idIn(window, "callerAddress", row));
    (isOwn ? own : others)[time - from < (to - from) / 2 ? "early" : "late"] += window.calls[row] ?? 0;
  }
  const course = others.early >= LEAST_EARLY ? others.late / others.early : 1;
  return own.early >= LEAST_EARLY && own.late < HALF * course * own.early;
}
