import { type Column, columnIndex } from "../detect/columns.ts";
import { isByAddress } from "../detect/count-refusal.ts";
import type { Detection, RefusalFacts } from "../detect/detection.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import { entry } from "../lib/entry.ts";
import { type DurationMs, instantFromTicks, msBetween } from "../model/time.ts";
import type { Context } from "./context.ts";
import type { Condition } from "./rule.ts";
import type { Span } from "./span.ts";
import { matches } from "./splits.ts";
import { idIn, type Window } from "./window.ts";

/** What names a caller. */
const NAMES: readonly Column[] = ["subscription", "appId", "principal"];
const NEARLY_ALL = 0.9;
const HALF = 0.5;
/** An address that so many callers come from is not one caller's: it is a front door's, or a proxy's. */
const SHARED_BY = 3;
/** Of the odds that a caller lost these calls against that they came on top; below it nothing is raised. */
const LEAST_ODDS = 1;
/** A scanner tries without a key, with a wrong one and without a token; a caller that lost its key does one thing. */
const OF_MANY_KINDS = 1 / 100;
const OF_TWO_KINDS = 1 / 10;

/** Refused rows of a rise, and what they have in common. */
export interface Refusals {
  readonly refused: readonly number[];
  readonly conditions: readonly Condition[];
  readonly span: Span;
}

/**
 * Refusals of calls that name nobody, from addresses that many callers share or that somebody tries around from, and no
 * caller is seen to have lost them: nothing says that whoever sends them was ever let in.
 */
export function areOfStrangers(context: Context, refusals: Refusals): boolean {
  const { window } = context;
  const { refused, span } = refusals;
  if (window.symptom.layer !== "gateway") return false;
  const nameless = namelessOf(window, refused);
  if (nameless.length < NEARLY_ALL * refused.length) return false;
  if (areProbes(context, nameless, span)) return OF_MANY_KINDS * oddsOfLoss(window, refusals) < LEAST_ODDS;
  const shared = sharedAddresses(window);
  const hidden = nameless.filter((row) => {
    const address = idIn(window, "callerAddress", row);
    return address < 0 || shared.has(address);
  });
  if (hidden.length < HALF * refused.length && !areTriedAround(context, nameless, span)) return false;
  return oddsByKinds(context, span) * oddsOfLoss(window, refusals) < LEAST_ODDS;
}

const REPEATED = 2;

/** Asked so often for what no API has, an address is one that somebody tries around from. */
const PROBED = 5;
const AROUND_MS: DurationMs = 300_000;

/** From the addresses of most of the rows somebody asks for paths that no API has, in the same time. */
function areProbes({ detection, window }: Context, rows: readonly number[], { from, to }: Span): boolean {
  const { values = [] } = detection.dictionaries[columnIndex("callerAddress")] ?? {};
  const probing = rows.filter((row) => {
    const asked = detection.probes.asked.get(values[idIn(window, "callerAddress", row)] ?? "");
    if (asked === undefined || asked.count < PROBED) return false;
    return msBetween(asked.from, to) <= AROUND_MS && msBetween(from, asked.to) <= AROUND_MS;
  });
  return probing.length >= HALF * rows.length;
}

/** Whoever sends them also tries other APIs in the same time, and is refused there for another reason. */
function areTriedAround({ detection, window }: Context, nameless: readonly number[], span: Span): boolean {
  const addresses = new Set(nameless.map((row) => idIn(window, "callerAddress", row)));
  addresses.delete(-1);
  const byReason = new Map<string, Map<number, number>>();
  for (const { rows, at, reason } of namelessIn(detection, span)) {
    if (!addresses.has(valueAt(rows, at, columnIndex("callerAddress")))) continue;
    const api = valueAt(rows, at, columnIndex("api"));
    const byApi = entry(byReason, reason, () => new Map<number, number>());
    byApi.set(api, (byApi.get(api) ?? 0) + 1);
  }
  const apis = new Set<number>();
  for (const byApi of byReason.values()) for (const [api, count] of byApi) if (count >= REPEATED) apis.add(api);
  return byReason.size > 1 && apis.size > 1;
}

/** Refusals that begin so soon after the first call that is known began before it. */
const FROM_THE_FIRST_MS: DurationMs = 600_000;
/** Of how often they come during the rise: as often came before it. */
const AS_OFTEN = 0.5;
const LEAST_REFUSED = 4;

/**
 * Refusals of calls that name nobody and that there were from the first moment on, or as often from the same addresses before
 * the rise: whoever sends them was never let in.
 */
export function areFromTheFirst({ detection, window }: Context, { refused, span }: Refusals): boolean {
  const { began } = detection;
  if (window.symptom.layer !== "gateway" || began === undefined) return false;
  if (namelessOf(window, refused).length < NEARLY_ALL * refused.length) return false;
  if (msBetween(span.from, began) <= FROM_THE_FIRST_MS)
    return areSteady(window, refused, span) && !areLetInLess(window, refused, span);
  const addresses = new Set(refused.map((row) => idIn(window, "callerAddress", row)));
  const { rows } = window.symptom;
  let before = 0;
  for (let at = 0; at < rows.count && (rows.time[at] ?? 0) < span.from; at++) {
    if (namesNobody(rows, at) && addresses.has(valueAt(rows, at, columnIndex("callerAddress")))) before += 1;
  }
  const paceOf = (count: number, lasted: DurationMs): number => count / Math.max(1, lasted);
  const now = paceOf(refused.length, msBetween(span.to, span.from));
  return before >= LEAST_REFUSED && paceOf(before, msBetween(span.from, began)) >= AS_OFTEN * now;
}

/** Parts of a rise of which none has many times as many refusals as the others: nothing happened in it. */
const PARTS = 6;
const MANY_TIMES = 3;

function areSteady(window: Window, refused: readonly number[], { from, to }: Span): boolean {
  const counts = new Int32Array(PARTS);
  for (const row of refused) {
    const part = Math.floor((PARTS * ((window.time[row] ?? 0) - from)) / Math.max(1, to - from));
    const at = Math.min(PARTS - 1, part);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return Math.max(...counts) <= (MANY_TIMES * refused.length) / PARTS;
}

const LEAST_EARLY = 20;

/** From the refused addresses ever fewer calls to the same APIs are let in, while others' go on: these are the ones that are refused. */
function areLetInLess(window: Window, refused: readonly number[], { from, to }: Span): boolean {
  const addresses = new Set(refused.map((row) => idIn(window, "callerAddress", row)));
  const apis = new Set(refused.map((row) => idIn(window, "api", row)));
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

/** Of an address that nobody was let in from: so much likelier it must be that a caller lost these calls. */
const SURELY_LOST = 3;

/**
 * Refusals for an address from which nobody is let in anywhere, and no caller is seen to have lost them: they are what the
 * filter is for.
 */
export function areFilteredOut({ window }: Context, refusals: Refusals): boolean {
  if (!isByAddress(window.symptom.name)) return false;
  const addresses = new Set(refusals.refused.map((row) => idIn(window, "callerAddress", row)));
  for (let row = window.refused; row < window.time.length; row++)
    if (addresses.has(idIn(window, "callerAddress", row))) return false;
  return Math.max(oddsOfLoss(window, refusals), oddsOfLossAt(window, refusals)) < SURELY_LOST;
}

/** The same for all calls of the APIs, whoever makes them. */
function oddsOfLossAt(window: Window, { refused, span }: Refusals): number {
  const apis = new Set(refused.map((row) => idIn(window, "api", row)));
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

interface Nameless {
  readonly rows: Rows<unknown>;
  readonly at: number;
  readonly reason: string;
}

/** Calls that name nobody which the gateway refused within the span. */
function* namelessIn({ symptoms }: Detection, { from, to }: Span): Generator<Nameless> {
  for (const { rows, layer, name } of symptoms.values()) {
    if (layer !== "gateway") continue;
    for (let at = rows.count - 1; at >= 0 && (rows.time[at] ?? 0) >= from; at--) {
      if ((rows.time[at] ?? 0) > to || !namesNobody(rows, at)) continue;
      const facts: RefusalFacts | undefined = rows.facts[at];
      yield { rows, at, reason: facts?.reason ?? name };
    }
  }
}

const refusalsOf = (window: Window, refused: readonly number[]): number =>
  refused.reduce((sum, row) => sum + (window.f[row] ?? 0), 0);

const namelessOf = (window: Window, rows: readonly number[]): readonly number[] =>
  rows.filter((row) => NAMES.every((name) => idIn(window, name, row) < 0));

const namesNobody = (rows: Rows<unknown>, at: number): boolean =>
  NAMES.every((column) => valueAt(rows, at, columnIndex(column)) < 0);

/** Addresses through which calls of several callers succeed. */
function sharedAddresses(window: Window): ReadonlySet<number> {
  const shared = new Set<number>();
  for (const name of NAMES) {
    const byAddress = new Map<number, Set<number>>();
    for (let row = window.refused; row < window.time.length; row++) {
      const caller = idIn(window, name, row);
      const address = idIn(window, "callerAddress", row);
      if (caller >= 0 && address >= 0) entry(byAddress, address, () => new Set<number>()).add(caller);
    }
    for (const [address, callers] of byAddress) if (callers.size >= SHARED_BY) shared.add(address);
  }
  return shared;
}

/** Share of the refusals that are of other kinds than the most frequent one: of several, of at least one. */
const MANY_SHARE = 0.15;
const OTHER_SHARE = 0.3;

/** By the reasons for which the gateway refuses calls that name nobody in the same time: one caller has one fault. */
function oddsByKinds({ detection }: Context, span: Span): number {
  const reasons = new Map<string, number>();
  for (const { rows, at, reason } of namelessIn(detection, span))
    reasons.set(reason, (reasons.get(reason) ?? 0) + (rows.trials[at] ?? 0));
  const counts = [...reasons.values()].toSorted((a, b) => b - a);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const others = counts.slice(1).filter((count) => count > 1);
  const share = others.reduce((sum, count) => sum + count, 0) / Math.max(1, all);
  if (others.length > 1 && share >= MANY_SHARE) return OF_MANY_KINDS;
  return share >= OTHER_SHARE ? OF_TWO_KINDS : 1;
}

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
function oddsOfLoss(window: Window, { refused, conditions, span }: Refusals): number {
  if (window.time.every((time) => msBetween(span.from, instantFromTicks(time)) < LEAST_BEFORE_MS)) return 1;
  const missing = refusalsOf(window, refused);
  const apis = new Set(refused.map((row) => idIn(window, "api", row)));
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
