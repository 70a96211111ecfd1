import { type Column, columnIndex } from "../detect/columns.ts";
import { entry } from "../lib/entry.ts";
import { type DurationMs, type Instant, instantFromTicks, msBetween, TICKS_PER_MS } from "../model/time.ts";
import { tallyBetween } from "./observation.ts";
import type { Condition } from "./rule.ts";
import { isBetween, type Rise } from "./span.ts";
import type { Window } from "./window.ts";

/** Where a call goes; callers and gateways meet one fault at different times, as what they hold is renewed. */
const PLACES: readonly Column[] = ["region", "operation", "backend", "api", "container", "cosmosOperation"];

/** What was refused first, and when others that had been let in until then were refused as well. */
export interface Widened {
  readonly first: Condition;
  readonly at: Instant;
}

interface Course {
  f: number;
  /** Of the refusals. */
  from: number;
  /** In order of time. */
  readonly rows: number[];
}

/** Between two onsets that are not one fault's way through a network. */
const APART_MS: DurationMs = 600_000;
/** Those that are refused later begin together. */
const TOGETHER_MS: DurationMs = 90_000;
const LET_IN = 0.05;
const EXPECTED = 10;
const MIN_REFUSED = 10;
const ALIKE = 0.5;
/** Of the refusals after the second onset, those of what was let in before. */
const LATER_SHARE = 0.2;

/**
 * One rise that is made of two faults, the second one wider: one place is refused from the beginning on, the others, which
 * were let in, from one later moment on. Undefined where it is one fault.
 */
export function widenedAt(
  window: Window,
  rows: readonly number[],
  { rise, taken }: { readonly rise: Rise; readonly taken: readonly Condition[] },
): Widened | undefined {
  for (const place of PLACES) {
    const column = columnIndex(place);
    if (taken.some((condition) => condition.column === column)) continue;
    const widened = widenedIn(window, coursesOf(window, rows, { rise, column }), rise);
    if (widened !== undefined) return { first: { column, value: widened.value }, at: widened.at };
  }
  return undefined;
}

function coursesOf(
  window: Window,
  rows: readonly number[],
  { rise, column }: { readonly rise: Rise; readonly column: number },
): ReadonlyMap<number, Course> {
  const courses = new Map<number, Course>();
  for (const row of rows) {
    const time = window.time[row] ?? 0;
    const value = window.raw[column]?.[row] ?? -1;
    if (value < 0 || !isBetween(rise, time)) continue;
    const course = entry(courses, value, () => ({ f: 0, from: Number.POSITIVE_INFINITY, rows: [] }));
    course.f += window.f[row] ?? 0;
    course.rows.push(row);
    if (row < window.refused) course.from = Math.min(course.from, time);
  }
  return courses;
}

function widenedIn(
  window: Window,
  courses: ReadonlyMap<number, Course>,
  rise: Rise,
): { readonly value: number; readonly at: Instant } | undefined {
  const refused = [...courses].filter(([, { f }]) => f >= MIN_REFUSED).toSorted((a, b) => a[1].from - b[1].from);
  const [first, second] = refused;
  if (first === undefined || second === undefined) return undefined;
  const [value, early] = first;
  const at = instantFromTicks(second[1].from);
  if (msBetween(instantFromTicks(early.from), rise.from) > TOGETHER_MS || msBetween(at, rise.from) < APART_MS)
    return undefined;
  const others = [...courses].filter(([other]) => other !== value).flatMap(([, { rows }]) => rows);
  const before = tallyBetween(window, early.rows, { from: rise.from, to: at });
  const after = tallyBetween(window, early.rows, { from: at, to: rise.to });
  const still = tallyBetween(window, others, { from: rise.from, to: instantFromTicks(at - 1) });
  const later = tallyBetween(window, others, { from: at, to: rise.to });
  const share = before.refused / Math.max(1, before.trials);
  const expected = still.trials * share;
  if (before.refused < MIN_REFUSED || expected < EXPECTED || still.refused > LET_IN * expected) return undefined;
  if (after.refused < ALIKE * share * after.trials) return undefined;
  if (later.refused < LATER_SHARE * (later.refused + after.refused)) return undefined;
  const late = refused.slice(1).map(([, course]) => course);
  const gapOf = ({ f, from }: Course): number => (rise.to - from) / TICKS_PER_MS / Math.max(1, f);
  const isTogether = late.every(
    (course) => msBetween(instantFromTicks(course.from), at) <= Math.max(TOGETHER_MS, 6 * gapOf(course)),
  );
  return isTogether ? { value, at } : undefined;
}
