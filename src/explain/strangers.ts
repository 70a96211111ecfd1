import { type Column, columnIndex } from "../detect/columns.ts";
import { isByAddress } from "../detect/count-refusal.ts";
import type { Detection, RefusalFacts } from "../detect/detection.ts";
import { type Rows, timeAt, valueAt } from "../detect/rows.ts";
import { entry } from "../lib/entry.ts";
import { poissonSurprise } from "../lib/stats.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";
import type { Context } from "./context.ts";
import { isFromTheFirst, NAMES, oddsOfLoss, oddsOfLossAt, type Refusals } from "./loss.ts";
import type { Span } from "./span.ts";
import { idIn, type Window } from "./window.ts";

const NEARLY_ALL = 0.9;
const HALF = 0.5;
/** An address that so many callers come from is not one caller's: it is a front door's, or a proxy's. */
const SHARED_BY = 3;
/** Of the odds that a caller lost these calls against that they came on top; below it nothing is raised. */
const LEAST_ODDS = 1;
/** A scanner tries without a key, with a wrong one and without a token; a caller that lost its key does one thing. */
const OF_MANY_KINDS = 1 / 100;
const OF_TWO_KINDS = 1 / 10;

/** Of people whom no call was ever let in for, it is that much likelier that none of them may. */
const OF_OUTSIDERS = 1 / 100;

/**
 * Refusals of calls that name nobody, from addresses that many callers share or that somebody tries around from, or of people
 * who were never let in, and no caller is seen to have lost them: nothing says that whoever sends them was ever let in.
 */
export function areOfStrangers(context: Context, refusals: Refusals): boolean {
  const { window } = context;
  const { refused, span } = refusals;
  if (window.symptom.layer !== "gateway") return false;
  const outsiders = outsidersOf(context, refused);
  if (outsiders.length >= NEARLY_ALL * refused.length) return OF_OUTSIDERS * oddsOfLoss(window, refusals) < LEAST_ODDS;
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

/** Calls that a row of successes stands for, from which on some people's may have been left out. */
const THINNED = 1.5;

/**
 * Rows whose tokens name people for whom no call to the same APIs was ever let in; to no API, where not all successes are
 * kept. Where it is hardly logged who is let in, or there were too many to know them all, nothing is said of anybody.
 */
function outsidersOf({ detection, window }: Context, rows: readonly number[]): readonly number[] {
  const principals = detection.dictionaries[columnIndex("principal")];
  const { facts } = window.symptom.rows;
  const isPerson = (row: number): boolean => facts[window.place[row] ?? -1]?.delegated === true;
  const named = rows.filter((row) => isPerson(row) && subjectOf(window, row) !== undefined);
  if (principals === undefined || principals.beyond > 0 || named.length === 0) return [];
  const { letIn, known, each } = letInTo(detection.succeeded, new Set(named.map((row) => idIn(window, "api", row))));
  if (known < HALF) return [];
  return named.filter((row) => {
    const principal = principals.ids.get(subjectOf(window, row) ?? "");
    return principal === undefined || (each < THINNED && !letIn.has(principal));
  });
}

interface LetIn {
  readonly letIn: ReadonlySet<number>;
  /** Share of the successes of which it is known whose they are. */
  readonly known: number;
  /** Calls that a row stands for, on average. */
  readonly each: number;
}

/** Who was let in to the APIs, as far back as is remembered. */
function letInTo(rows: Rows, apis: ReadonlySet<number>): LetIn {
  const letIn = new Set<number>();
  const counts = { known: 0, all: 0, calls: 0 };
  for (let at = 0; at < rows.count; at++) {
    if (!apis.has(valueAt(rows, at, columnIndex("api")))) continue;
    const principal = valueAt(rows, at, columnIndex("principal"));
    counts.all += 1;
    counts.calls += rows.weight[at] ?? 0;
    if (principal < 0) continue;
    counts.known += 1;
    letIn.add(principal);
  }
  const all = Math.max(1, counts.all);
  return { letIn, known: counts.known / all, each: counts.calls / all };
}

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
  const values = new Set(refused.map((row) => idIn(window, column, row)));
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
 * Refusals for an address from which nobody is let in anywhere, and no caller is seen to have lost them since it was first
 * refused: they are what the filter is for.
 */
export function areFilteredOut(context: Context, { refused, conditions, span }: Refusals): boolean {
  const { window } = context;
  if (!isByAddress(window.symptom.name) || areOfKnown(context, refused)) return false;
  const addresses = new Set(refused.map((row) => idIn(window, "callerAddress", row)));
  for (let row = window.refused; row < window.time.length; row++)
    if (addresses.has(idIn(window, "callerAddress", row))) return false;
  const from = firstFrom(window.symptom.rows, addresses) ?? span.from;
  const refusals = { refused, conditions, span: { from: from < span.from ? from : span.from, to: span.to } };
  return Math.max(oddsOfLoss(window, refusals), oddsOfLossAt(window, refusals)) < SURELY_LOST;
}

/** Most of them show a subscription's key, or a token of somebody, that calls are let in with from elsewhere. */
function areOfKnown({ detection, window }: Context, refused: readonly number[]): boolean {
  const subscriptions = new Set<number>();
  for (let row = window.refused; row < window.time.length; row++) subscriptions.add(idIn(window, "subscription", row));
  subscriptions.delete(-1);
  const principals = detection.dictionaries[columnIndex("principal")]?.ids;
  const known = refused.filter((row) => {
    const subject = subjectOf(window, row);
    const isKnownPerson = subject !== undefined && principals?.has(subject) === true;
    return isKnownPerson || subscriptions.has(idIn(window, "subscription", row));
  });
  return known.length >= HALF * refused.length;
}

/** When a call from one of the addresses was first refused, as far back as is remembered. */
function firstFrom(rows: Rows<unknown>, addresses: ReadonlySet<number>): Instant | undefined {
  for (let at = 0; at < rows.count; at++)
    if (addresses.has(valueAt(rows, at, columnIndex("callerAddress")))) return timeAt(rows, at);
  return undefined;
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

/** Whom the token of a refused row names. */
const subjectOf = ({ symptom, place }: Window, row: number): string | undefined =>
  symptom.rows.facts[place[row] ?? -1]?.subject;

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
