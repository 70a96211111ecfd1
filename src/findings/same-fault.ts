import type { Explanation } from "../explain/rise.ts";
import { isOfCosmos } from "../explain/logs-apart.ts";
import { LONGEST_PAUSE_MS, lastedMs } from "../explain/span.ts";
import type { Earlier } from "./earlier.ts";
import { inStep, type Told } from "./in-step.ts";
import { areAmong } from "../model/call.ts";
import type { Counts, Finding, Severity } from "../model/finding.ts";
import { type DurationMs, type Instant, msBetween } from "../model/time.ts";

/** A finding and what is needed to recognise the same fault again. */
export interface Tracked {
  finding: Finding;
  readonly symptom: string;
  key: string;
  lastRefused: Instant;
  gapMs: DurationMs;
  refusedCalls: ReadonlySet<string>;
  explanation: Explanation;
  /** What was counted in rises that `explanation` does not reach back to. */
  readonly earlier?: Earlier | undefined;
  /** Told by one log alone so far; the joined calls, which come later, confirm it or do not. */
  readonly isProvisional: boolean;
  /** Of a finding by joined calls: what one log alone has told since. */
  ahead?: Ahead | undefined;
}

export interface Ahead {
  readonly counts: Counts;
  readonly severity: Severity;
  readonly lastRefused: Instant;
}

export interface Recognised {
  readonly key: string;
  /** Findings that were recognised already. */
  readonly taken: ReadonlySet<string>;
  /** Whether one log alone tells it. */
  readonly isProvisional: boolean;
}

/**
 * The same fault seen before: by the same attributes, or because most of the refused calls are the same. One log alone may
 * tell another symptom of it than both together do.
 */
export function recognise(
  known: Iterable<Tracked>,
  explanation: Explanation,
  context: Recognised,
): Tracked | undefined {
  let best: Tracked | undefined;
  let most = 0;
  for (const tracked of known) {
    if (context.taken.has(tracked.finding.id)) continue;
    const isSameSymptom = tracked.symptom === explanation.symptom;
    if (!isSameSymptom && !tracked.isProvisional && !context.isProvisional) continue;
    if (msBetween(explanation.span.from, tracked.lastRefused) > LONGEST_PAUSE_MS) continue;
    if (areToldApart(tracked.explanation, explanation)) continue;
    // Of several, the one with most of its calls: a small finding within a large one has its share of them by nature.
    const both = commonCalls(tracked.refusedCalls, explanation.refusedCalls);
    const isMostly = both > MOSTLY * Math.min(tracked.refusedCalls.size, explanation.refusedCalls.size);
    if ((isMostly && both > most) || (isSameSymptom && tracked.key === context.key && best === undefined)) {
      best = tracked;
      most = Math.max(most, both);
    }
  }
  return best;
}

/** The log tells another reason of each. */
const areToldApart = (a: Explanation, b: Explanation): boolean =>
  a.told !== undefined && b.told !== undefined && a.told !== b.told;

const MOSTLY = 0.5;

/**
 * Whether an explanation is a lesser part of what a finding told already: most of its calls are among those of a finding
 * twice as large, which has ended or is another one than its own.
 */
export function isFragment(
  known: Iterable<Tracked>,
  { symptom, span, counts, refusedCalls }: Explanation,
  own: Tracked | undefined,
): boolean {
  for (const tracked of known) {
    const { finding, lastRefused } = tracked;
    if (tracked.symptom !== symptom || (tracked === own && finding.status === "open")) continue;
    if (span.from > lastRefused || counts.refused >= MOSTLY * tracked.explanation.counts.refused) continue;
    if (sameCalls(tracked.refusedCalls, refusedCalls) >= MOSTLY) return true;
  }
  return false;
}

/** Findings that tell a lesser part of what an explanation tells, told before it was seen whole. */
export const fragmentsOf = (known: Iterable<Tracked>, whole: Explanation, ownId: string): readonly Tracked[] =>
  [...known].filter(
    ({ finding, symptom, refusedCalls, explanation, lastRefused }) =>
      finding.id !== ownId &&
      symptom === whole.symptom &&
      !areToldApart(explanation, whole) &&
      lastRefused >= whole.span.from &&
      explanation.counts.refused < MOSTLY * whole.counts.refused &&
      sameCalls(refusedCalls, whole.refusedCalls) >= MOSTLY,
  );

function commonCalls(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let both = 0;
  for (const call of small) if (large.has(call)) both += 1;
  return both;
}

/** As a share of the smaller set. */
function sameCalls(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const least = Math.min(a.size, b.size);
  return least === 0 ? 0 : commonCalls(a, b) / least;
}

/**
 * Another finding that tells of the same fault: by another symptom or in another part of its calls, or the same refusals
 * as the gateway's and Cosmos DB's logs each tell them where no id joins the two.
 */
export function otherViewOf(
  known: Iterable<Tracked>,
  explanation: Explanation,
  own: Tracked | undefined,
): Tracked | undefined {
  for (const tracked of known) {
    if (tracked === own || overlap(tracked.explanation.span, explanation.span) < 0.5) continue;
    const one = tracked.explanation;
    if (isEcho(one, explanation) || isPart(one, explanation) || isOtherSide(one, explanation)) return tracked;
    if (isAmong(one, explanation) || isAmong(explanation, one)) return tracked;
    if (isUntold(one, explanation) || isUntold(explanation, one)) return tracked;
  }
  return undefined;
}

/** The same attributes separate, for the same cause as far as it is known. */
function isEcho(a: Explanation, b: Explanation): boolean {
  const [first, second] = [a.ranked.cause.id, b.ranked.cause.id];
  if (a.layer !== b.layer || (first !== second && first !== "unknown" && second !== "unknown")) return false;
  return names(a, b) || names(b, a) || (first === second && first !== "unknown" && isNested(a, b));
}

/** What separates one is a part of what separates the other. */
function isNested(a: Explanation, b: Explanation): boolean {
  const [first, second] = [a.splits[0]?.where, b.splits[0]?.where];
  if (first === undefined || second === undefined) return false;
  return areAmong(first, second) || areAmong(second, first);
}

/** The calls of one are among those of the other, unless the log tells another reason of each. */
const isPart = (a: Explanation, b: Explanation): boolean =>
  a.symptom === b.symptom && !areToldApart(a, b) && isNested(a, b) && !areOtherCalls(a, b);

/** The same log tells of both, and of no call in both. */
const areOtherCalls = (a: Explanation, b: Explanation): boolean =>
  a.seenBy === b.seenBy &&
  Math.min(a.refusedCalls.size, b.refusedCalls.size) >= ENOUGH_CALLS &&
  commonCalls(a.refusedCalls, b.refusedCalls) === 0;

const ENOUGH_CALLS = 20;

/** Refusals for the same cause that all have what separates twice as many others. */
function isAmong(few: Explanation, many: Explanation): boolean {
  const where = many.splits[0]?.where ?? {};
  if (few.symptom !== many.symptom || few.ranked.cause.id !== many.ranked.cause.id || areToldApart(few, many))
    return false;
  if (few.counts.refused >= MOSTLY * many.counts.refused || Object.keys(where).length === 0) return false;
  return areAmong(where, few.common);
}

/** Refusals of which no log says why, of a backend for which most of those of the same time are told to be Cosmos DB's. */
function isUntold(few: Explanation, many: Explanation): boolean {
  if (few.layer !== "backend" || many.layer !== "cosmos" || many.seenBy === "cosmos") return false;
  if (few.ranked.cause.id !== "unknown" || few.counts.refused >= MOSTLY * many.counts.refused) return false;
  if (answers(few) !== answers(many) || few.common.backend === undefined) return false;
  return few.common.backend === (many.splits[0]?.where.backend ?? many.common.backend) && isWithinSpan(few, many);
}

const isWithinSpan = (few: Explanation, many: Explanation): boolean =>
  msBetween(many.span.from, few.span.from) <= SIDES_BEGIN_MS && msBetween(few.span.to, many.span.to) <= SIDES_BEGIN_MS;

/** The best split of one is among those of the other. */
function names(a: Explanation, b: Explanation): boolean {
  const [best] = a.splits;
  if (best === undefined) return false;
  const where = JSON.stringify(best.where);
  return b.splits.some((split) => JSON.stringify(split.where) === where);
}

const SIDES_BEGIN_MS: DurationMs = 60_000;
/** The two logs are explained at different moments: one may be that much ahead. */
const SIDES_END_MS: DurationMs = 360_000;
const SIDES_ALIKE = 0.85;

/** From this share on, refusals in step are of the same calls. */
const IN_STEP = 0.6;

/**
 * The same refusals told by the gateway's log only and by Cosmos DB's only: call by call at a steady delay, or as many a
 * minute in the same span.
 */
function isOtherSide(a: Explanation, b: Explanation): boolean {
  const sides = new Set([a.seenBy, b.seenBy]);
  if (!sides.has("gateway") || !sides.has("cosmos") || a.layer === "gateway" || b.layer === "gateway") return false;
  return inStep(toldBy(a), toldBy(b)) >= IN_STEP || atOnePace(a, b);
}

const toldBy = ({ refusedAt, counts }: Explanation): Told => ({ times: refusedAt, refused: counts.refused });

function atOnePace(a: Explanation, b: Explanation): boolean {
  const gap = 2 * Math.max(a.gapMs, b.gapMs);
  const apart = Math.abs(msBetween(a.span.from, b.span.from));
  if (apart > Math.max(SIDES_BEGIN_MS, gap)) return false;
  if (Math.abs(msBetween(a.span.to, b.span.to)) > Math.max(SIDES_END_MS, gap)) return false;
  const pace = ({ counts, span }: Explanation): number => counts.refused / Math.max(1, lastedMs(span));
  if (Math.min(pace(a), pace(b)) >= SIDES_ALIKE * Math.max(pace(a), pace(b))) return true;
  const [cosmos, gateway] = a.seenBy === "cosmos" ? [a, b] : [b, a];
  return apart <= AT_ONCE_MS && pace(cosmos) < pace(gateway) && answers(cosmos) === answers(gateway);
}

/** Cosmos DB's log may tell the parts of what the gateway saw begin at the same moment. */
const AT_ONCE_MS: DurationMs = 2_000;

/** The status of nearly all refusals. */
function answers({ counts: { status, refused } }: Explanation): "401" | "403" | "both" {
  if (status["401"] >= NEARLY_ALL * refused) return "401";
  return status["403"] >= NEARLY_ALL * refused ? "403" : "both";
}

const NEARLY_ALL = 0.98;

/** Of a cause that lies in what only Cosmos DB's log tells, told without it. */
const BY_THE_OTHER_LOG = 0.85;

/** Whether an explanation of the same fault is the better one: of the other log by its cause, else by its calls. */
export function tellsMore(explanation: Explanation, than: Explanation): boolean {
  if (!isOtherSide(explanation, than)) return explanation.counts.refused > than.counts.refused;
  const worth = ({ ranked: { cause, names: by }, seenBy }: Explanation): number => {
    const isGuess = seenBy === "gateway" && by[0] !== undefined && isOfCosmos(by[0]);
    return cause.id === "unknown" ? 0 : (isGuess ? BY_THE_OTHER_LOG : 1) * cause.confidence;
  };
  return worth(explanation) > worth(than);
}

/** Tells more of a fault, but begins long after it: it is no view of all of it, rather of another one. */
export const isLater = (explanation: Explanation, than: Explanation): boolean =>
  tellsMore(explanation, than) &&
  msBetween(explanation.span.from, than.span.from) > Math.max(LATER_MS, 2 * explanation.gapMs, 2 * than.gapMs);

const LATER_MS: DurationMs = 600_000;

/** Common part of two spans, as a share of the shorter. */
function overlap(a: Explanation["span"], b: Explanation["span"]): number {
  const both = Math.min(a.to, b.to) - Math.max(a.from, b.from);
  return both / Math.max(1, Math.min(a.to - a.from, b.to - b.from));
}
