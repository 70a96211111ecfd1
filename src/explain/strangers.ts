import { columnIndex } from "../detect/columns.ts";
import type { Detection, RefusalFacts } from "../detect/detection.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import { entry } from "../lib/entry.ts";
import { type DurationMs, msBetween } from "../model/time.ts";
import { NAMES, namelessOf, namesNobody } from "./callers.ts";
import type { Context } from "./context.ts";
import { oddsOfLoss, type Refusals } from "./loss.ts";
import type { Span } from "./span.ts";
import { factsOf, idIn, idsIn, type Window } from "./window.ts";

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
  if (areOutsiders(context, refused)) return OF_OUTSIDERS * oddsOfLoss(window, refusals) < LEAST_ODDS;
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
 * Nearly all tokens name people for whom no call to the same APIs was ever let in; to no API, where not all successes are
 * kept. Where it is hardly logged who is let in, or there were too many to know them all, nothing is said of anybody.
 */
function areOutsiders({ detection, window }: Context, rows: readonly number[]): boolean {
  const principals = detection.dictionaries[columnIndex("principal")];
  const named = rows.filter((row) => {
    const facts = factsOf(window, row);
    return facts?.delegated === true && facts.subject !== undefined;
  });
  if (principals === undefined || principals.beyond > 0 || named.length < NEARLY_ALL * rows.length) return false;
  const { letIn, known, each } = letInTo(detection.succeeded, idsIn(window, "api", named));
  if (known < HALF) return false;
  const outsiders = named.filter((row) => {
    const principal = principals.ids.get(factsOf(window, row)?.subject ?? "");
    return principal === undefined || (each < THINNED && !letIn.has(principal));
  });
  return outsiders.length >= NEARLY_ALL * rows.length;
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
  const addresses = idsIn(window, "callerAddress", nameless);
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
