import { type Column, columnIndex } from "../detect/columns.ts";
import { entry } from "../lib/entry.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { tallyBetween } from "./observation.ts";
import { isBetween, type Rise, type Span } from "./span.ts";
import type { Window } from "./window.ts";

/** Where a call goes. Who calls is left out: callers meet one fault at different times, as their tokens are renewed. */
const PLACES: readonly Column[] = [
  "api",
  "operation",
  "backend",
  "region",
  "gatewayHost",
  "cosmosAccount",
  "container",
  "cosmosOperation",
];

/** Rows of what separates, and all that no other explanation accounts for. */
interface Among {
  readonly rows: readonly number[];
  readonly all: readonly number[];
}

/**
 * When the last of several faults began that one rise is made of: what was refused together with it before its pause is
 * let in after it, or nothing that was refused before is refused any more. Undefined where it is one fault.
 */
export function partedAt(window: Window, among: Among, rise: Rise): Instant | undefined {
  const { stretches } = rise;
  const mended = stretches.findLast((later, i) => {
    const earlier = stretches[i - 1];
    return earlier !== undefined && isMended(window, among, earlier, later);
  });
  return mended?.from ?? changedAt(window, among.rows, rise);
}

/** What a fault keeps to as long as it lasts. */
const KEPT: readonly Column[] = [
  "credential",
  "cosmosPrincipal",
  "container",
  "cosmosOperation",
  "operation",
  "backend",
];
/** Refusals on either side that tell. */
const LEAST_REFUSED = 20;
/** A value of so few refusals tells nothing. */
const FEW = 0.02;

/** When the refusals went over from some values of what a fault keeps to, all at once, to others that it did not have. */
function changedAt(window: Window, rows: readonly number[], rise: Rise): Instant | undefined {
  const refused = rows.filter((row) => row < window.refused);
  for (const column of KEPT) {
    const tallies = [...talliesOf(window, refused, { span: rise, place: column }).values()].toSorted(
      (a, b) => a.first - b.first,
    );
    const all = tallies.reduce((sum, { f }) => sum + f, 0);
    let before = 0;
    let last = 0;
    let at: Instant | undefined;
    for (const tally of tallies) {
      if (tally.f < FEW * all) continue;
      if (before >= LEAST_REFUSED && all - before >= LEAST_REFUSED && tally.first > last)
        at = instantFromTicks(tally.first);
      before += tally.f;
      last = Math.max(last, tally.last);
    }
    if (at !== undefined) return at;
  }
  return undefined;
}

interface Tally {
  f: number;
  n: number;
  /** Of the refusals. */
  first: number;
  last: number;
}

/** Share of what is refused elsewhere that is hardly refused, and the refusals that it takes to tell. */
const LET_IN = 0.1;
const EXPECTED = 10;
const LEAST_TRIALS = 10;
const ALIKE = 0.5;
/** Of a stretch: what is refused during all of it begins and ends with it. */
const ENDS = 0.1;

function isMended(window: Window, { rows, all }: Among, earlier: Span, later: Span): boolean {
  const [before, after] = [earlier, later].map((span) => {
    const { refused, trials } = tallyBetween(window, rows, span);
    return refused / Math.max(1, trials);
  });
  const slack = ENDS * (earlier.to - earlier.from);
  return PLACES.some((place) => {
    const late = talliesOf(window, all, { span: later, place });
    return [...talliesOf(window, all, { span: earlier, place })].some(([value, { f, n, first, last }]) => {
      const now = late.get(value);
      if (now === undefined || n < LEAST_TRIALS || f / n < ALIKE * (before ?? 1)) return false;
      if (first > earlier.from + slack || last < earlier.to - slack) return false;
      const expected = now.n * (after ?? 0);
      return expected >= EXPECTED && now.f <= LET_IN * expected;
    });
  });
}

/** Refused and all trials by value within the span; rows without a value are left out. */
function talliesOf(
  window: Window,
  rows: readonly number[],
  { span, place }: { readonly span: Span; readonly place: Column },
): ReadonlyMap<number, Tally> {
  const ids = window.raw[columnIndex(place)] ?? [];
  const tallies = new Map<number, Tally>();
  for (const row of rows) {
    const [time, id] = [window.time[row] ?? 0, ids[row] ?? -1];
    if (id < 0 || !isBetween(span, time)) continue;
    const tally = entry(tallies, id, () => ({ f: 0, n: 0, first: Number.POSITIVE_INFINITY, last: 0 }));
    tally.f += window.f[row] ?? 0;
    tally.n += window.n[row] ?? 0;
    if (row >= window.refused) continue;
    tally.first = Math.min(tally.first, time);
    tally.last = Math.max(tally.last, time);
  }
  return tallies;
}
