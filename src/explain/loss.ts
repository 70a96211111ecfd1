import { entry } from "../lib/entry.ts";
import { type DurationMs, instantFromTicks, msBetween } from "../model/time.ts";
import { NAMES } from "./callers.ts";
import type { Condition } from "./rule.ts";
import type { Span } from "./span.ts";
import { matches } from "./splits.ts";
import { idIn, idsIn, type Window } from "./window.ts";

/** Refused rows of a rise, and what they have in common. */
export interface Refusals {
  readonly refused: readonly number[];
  readonly conditions: readonly Condition[];
  readonly span: Span;
}

const refusalsOf = (window: Window, refused: readonly number[]): number =>
  refused.reduce((sum, row) => sum + (window.f[row] ?? 0), 0);

/** Shares of the refusals that a caller may have lost: it may try again each that is refused. */
const LOST = [
  { share: 1, weight: 0.5 },
  { share: 0.5, weight: 0.3 },
  { share: 0.25, weight: 0.15 },
  { share: 0.1, weight: 0.04 },
  { share: 0.03, weight: 0.01 },
] as const;
/** Calls come in bursts: their counts vary so much more than by chance. */
const DISPERSION = 2;
/** Less time before the rise tells nothing of how often callers call. */
const LEAST_BEFORE_MS: DurationMs = 300_000;

/**
 * How much likelier the successes are if the refused calls were lost, by one caller or by all that meet the conditions,
 * than if they were not; 1 where nothing tells.
 */
export function oddsOfLoss(window: Window, { refused, conditions, span }: Refusals): number {
  if (window.time.every((time) => msBetween(span.from, instantFromTicks(time)) < LEAST_BEFORE_MS)) return 1;
  const missing = refusalsOf(window, refused);
  const apis = idsIn(window, "api", refused);
  const all = successesByCaller(window, span, () => true);
  const callers = successesByCaller(window, span, (row) => apis.has(idIn(window, "api", row)));
  const total = sumOf([...all.values()]);
  const together = sumOf([...successesByCaller(window, span, (row) => matches(window, conditions, row)).values()]);
  const ofAll = expectedOf(together, { all: total, own: together });
  let odds = 0;
  let weights = 0;
  for (const [caller, counts] of callers) {
    const of = expectedOf(counts, { all: total, own: all.get(caller) ?? counts });
    if (of === undefined) continue;
    odds += of.expected * oddsOf(of, missing);
    weights += of.expected;
  }
  if (weights === 0) return 1;
  return Math.max(odds / weights, ofAll === undefined ? 0 : oddsOf(ofAll, missing));
}

/** What is expected of a caller by how all others fare, with the variance of that. */
interface Expected {
  readonly now: number;
  readonly expected: number;
  readonly doubt: number;
}

function expectedOf(
  { earlier, now }: Successes,
  { all, own }: { readonly all: Successes; readonly own: Successes },
): Expected | undefined {
  const others = { earlier: all.earlier - own.earlier, now: all.now - own.now };
  if (others.earlier < LEAST_OTHERS) return undefined;
  const expected = (earlier * others.now) / others.earlier;
  return { now, expected, doubt: expected * expected * (1 / Math.max(1, earlier) + 1 / others.earlier) };
}

/** Successes of other callers before the rise that tell how many there are of a caller now. */
const LEAST_OTHERS = 20;

/** The same for one caller. */
function oddsOf({ now, expected, doubt }: Expected, missing: number): number {
  const most = expected + Math.sqrt(DISPERSION * (expected + doubt));
  const none = fitOf(now, expected, doubt);
  return LOST.filter(({ share }) => share * missing <= most)
    .map(({ share, weight }) => {
      const left = expected - Math.min(share * missing, expected);
      return weight * Math.exp(Math.min(50, fitOf(now, left, doubt) - none));
    })
    .reduce((sum, one) => sum + one, 0);
}

/** Log-likelihood of a count, but for a constant; `doubt`: variance of the mean itself. */
function fitOf(count: number, mean: number, doubt: number): number {
  const variance = DISPERSION * (Math.max(1, mean) + doubt);
  return -((count - mean) ** 2) / (2 * variance) - Math.log(variance) / 2;
}

interface Successes {
  readonly earlier: number;
  readonly now: number;
}

/** Successes of each caller that meet the test, before the rise and during it. */
function successesByCaller(window: Window, span: Span, test: (row: number) => boolean): ReadonlyMap<string, Successes> {
  const callers = new Map<string, { earlier: number; now: number }>();
  for (let row = window.refused; row < window.time.length; row++) {
    const time = window.time[row] ?? 0;
    if (time > span.to || !test(row)) continue;
    const name = NAMES.find((column) => idIn(window, column, row) >= 0);
    const caller = name === undefined ? "" : `${name} ${idIn(window, name, row)}`;
    const counts = entry(callers, caller, () => ({ earlier: 0, now: 0 }));
    if (time < span.from) counts.earlier += window.calls[row] ?? 0;
    else counts.now += window.calls[row] ?? 0;
  }
  return callers;
}

const sumOf = (all: readonly Successes[]): Successes => ({
  earlier: all.reduce((sum, { earlier }) => sum + earlier, 0),
  now: all.reduce((sum, { now }) => sum + now, 0),
});

/** The same for all calls of the APIs, whoever makes them. */
export function oddsOfLossAt(window: Window, { refused, span }: Refusals): number {
  const apis = idsIn(window, "api", refused);
  const total = sumOf([...successesByCaller(window, span, () => true).values()]);
  const own = sumOf([...successesByCaller(window, span, (row) => apis.has(idIn(window, "api", row))).values()]);
  const expected = expectedOf(own, { all: total, own }) ?? expectedByTime(window, own, span);
  return expected === undefined ? 1 : oddsOf(expected, refusalsOf(window, refused));
}

/** By how long it was before and is during the rise, where no others call: callers come and go that much by themselves. */
const COME_AND_GO = 0.3;

function expectedByTime(window: Window, { earlier, now }: Successes, span: Span): Expected | undefined {
  const first = window.time.reduce((least, time) => Math.min(least, time), span.from);
  const before = msBetween(span.from, instantFromTicks(first));
  if (before < LEAST_BEFORE_MS) return undefined;
  const expected = (earlier * msBetween(span.to, span.from)) / before;
  return { now, expected, doubt: (COME_AND_GO * expected) ** 2 };
}
