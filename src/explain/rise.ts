import { type Column, COLUMNS, dimensionOf } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import { needsNoSuccess, WRITE_REGION } from "../detect/count-refusal.ts";
import { callAt } from "../detect/rows.ts";
import { poissonSurprise } from "../lib/stats.ts";
import { DIMENSIONS, type DimensionValues } from "../model/call.ts";
import type { Change } from "../model/event.ts";
import type { Counts, Split, Subject } from "../model/finding.ts";
import { type Instant, msBetween, TICKS_PER_MS } from "../model/time.ts";
import type { Context } from "./context.ts";
import type { Covering } from "./cover.ts";
import type { Condition, Rule } from "./rule.ts";
import { mayBeLimit } from "./causes/cosmos-network.ts";
import { changeBefore, shareOfFacts } from "./causes/judgement.ts";
import { countsOf, expectedRefusals, populationOf, usualRate } from "./counts.ts";
import { type Observation, rowsWithin } from "./observation.ts";
import { observe } from "./observe.ts";
import { type Ranked, rankCauses } from "./rank.ts";
import { areLimited } from "./limited.ts";
import { isLateRenewal } from "./renewal.ts";
import { areNoFault } from "./no-fault.ts";
import { mayBeAnswered } from "./sampled.ts";
import { isBetween, isWithin, lastedMs, longestLullMs, type Rise, riseOf, type Span, withBeginning } from "./span.ts";
import { prefer, splitOf } from "./splits.ts";
import { subjectOf } from "./subject.ts";
import { idIn, type Window } from "./window.ts";

/** One rise of refusals: what separates it and why. */
export interface Explanation {
  readonly symptom: string;
  readonly layer: Observation["layer"];
  /** Conditions by column and value id; empty when nothing separates. */
  readonly conditions: readonly Condition[];
  readonly span: Rise;
  readonly splits: readonly Split[];
  readonly ranked: Ranked;
  readonly subject: Subject;
  readonly counts: Counts;
  readonly samples: { readonly refused: readonly string[]; readonly succeeded: readonly string[] };
  /** Values that nearly all refused calls share. */
  readonly common: DimensionValues;
  /** Which log tells of the refused calls: without a join, one fault is seen from each side. */
  readonly seenBy: "gateway" | "cosmos" | "both";
  /** What the log says of the refusals beside their status, if anything. */
  readonly told: string | undefined;
  /** The tokens of most refused calls were not validated by anybody. */
  readonly claimed: boolean;
  /** When the rise began and whether its calls worked before is not seen any more: it can only go on, not be new. */
  readonly ongoing: boolean;
  /** Since when calls were looked at. */
  readonly seenFrom: Instant;
  /** Mean time between refused calls, and the longest. */
  readonly gapMs: number;
  readonly lullMs: number;
  /** Calls (correlation ids) refused in the rise, as far as they are kept: to tell whether two rises are one. */
  readonly refusedCalls: ReadonlySet<string>;
  /** When those were refused that one log alone tells of, in milliseconds, ascending; empty where both logs are joined. */
  readonly refusedAt: Float64Array;
}

/** Natural log of the odds by which a rise must beat chance: the same bound as the detectors'. */
const ACCEPT_LOG_LIKELIHOOD = Math.log(1e8);
/** A client that tries again for half a minute is no outage, however often it does. */
const MOMENT_MS = 15_000;
const MIN_MOMENTS = 4;
const MIN_REFUSED = 5;
const MIN_SHARE = 0.02;
/** How many times likelier a refusal must be than is usual for the same callers and operations. */
const MIN_RISE = 1.5;
const UNUSUAL_LOG_LIKELIHOOD = Math.log(1e3);
const BURST_DISPERSION = 1.3;
/** Explains the rise among candidate rows, or a given one; undefined when chance explains it as well. */
export function explainRise(
  context: Context,
  covering: Covering,
  candidates: readonly number[],
  rise?: Rise,
): Explanation | undefined {
  const { detection, window } = context;
  const span = rise ?? riseAmong(context, candidates);
  if (span === undefined) return undefined;
  const rows = candidates.filter((row) => isWithin(span, window.time[row] ?? 0));
  if (!isMaterial(detection, window, rows, triesApart)) return undefined;
  const around = rowsWithin(window, span).filter((row) => !context.claimed.has(row) || row >= window.refused);
  if (!window.cut && !needsNoSuccess(window.symptom.name) && neverWorked(context, rows, span)) return undefined;
  const refused = rows.filter((row) => row < window.refused);
  const { conditions } = covering.rule;
  if (areNoFault(context, { refused, conditions, span })) return undefined;
  const { rules, equal } = rulesOf(covering);
  const splits = rules.map((rule) => splitOf({ window, rows: around, dictionaries: detection.dictionaries }, rule));
  const whole = candidates.filter((row) => isBetween(span, window.time[row] ?? 0));
  const observation = observe(context, { span, rows, whole, around, splits, equal, conditions });
  const population = populationOf(window, { rows, around });
  const counts = countsOf(context, population, span);
  if (!isUnusual(counts, expectedRefusals(context, population))) return undefined;
  if (mayBeAnswered(window, observation) || areLimited(context, refused, observation)) return undefined;
  const ranked = rankCauses(observation);
  if (observation.reason === WRITE_REGION && !isFailover(observation, context.changes)) return undefined;
  if (ranked.cause.id === "not-authorization-limit" && mayBeLimit(observation)) return undefined;
  if (isOfOldTokens(conditions, counts) && !isNamedBy(ranked, conditions)) return undefined;
  if (ranked.cause.id === "caller-token-expired" && isLateRenewal(window, rows, observation)) return undefined;
  const side = seenBy(window, refused);
  return {
    symptom: window.symptom.name,
    layer: window.symptom.layer,
    conditions,
    span,
    splits: ordered(splits, equal, { ranked, parts: covering.parts.length }),
    ranked,
    subject: subjectOf(observation, splits[0]?.where),
    counts,
    samples: samplesOf(context, rows, around),
    common: commonOf(observation),
    seenBy: side,
    ongoing: window.cut,
    seenFrom: window.from,
    told: /^\d+$/.test(observation.reason) ? undefined : observation.reason,
    claimed: shareOfFacts(observation, ({ claimed }) => claimed) >= 0.5,
    lullMs: longestLullMs(refused.map((row) => window.time[row] ?? 0).toSorted((a, b) => a - b)),
    gapMs: lastedMs(span) / Math.max(1, refused.length - 1),
    refusedCalls: new Set(refused.map((row) => callOf(context, row))),
    refusedAt: side === "both" ? new Float64Array() : timesOf(window, refused),
  };
}

/** So many parts that each of them says little. */
export const MANY_PARTS = 3;
const WHOLE = 0.5;

/** Best first; where the cause does not lie in what many parts differ in, all of them together. */
function ordered(
  splits: readonly Split[],
  equal: number,
  { ranked, parts }: { readonly ranked: Ranked; readonly parts: number },
): readonly Split[] {
  const best = prefer(splits.slice(0, equal), ranked.names);
  const rest = splits.slice(equal);
  const [whole] = rest;
  const isNamed = ranked.names.some((name) => best[0]?.where[name] !== undefined);
  if (parts < MANY_PARTS || isNamed || whole === undefined || whole.refusedInside < WHOLE) return [...best, ...rest];
  return [whole, ...best, ...rest.slice(1)];
}

/** What separates, best first; the first `equal` of them cannot be told apart. */
function rulesOf({ rule, aliases, parts }: Covering): { rules: readonly Rule[]; equal: number } {
  const whole = rule.conditions.length === 0 ? [] : [rule];
  if (parts.length > 0) return { rules: [...parts, ...whole], equal: parts.length };
  const rules = [...new Map([...whole, ...aliases].map((one) => [namesOf(one), one])).values()];
  return { rules, equal: rules.length };
}

const namesOf = ({ conditions }: Rule): string =>
  conditions
    .map(({ column, value }) => `${column}=${value}`)
    .toSorted()
    .join("&");

const NEARLY_ALL = 0.95;

const timesOf = (window: Window, rows: readonly number[]): Float64Array =>
  Float64Array.from(rows, (row) => (window.time[row] ?? 0) / TICKS_PER_MS).toSorted();

function seenBy(window: Window, refused: readonly number[]): Explanation["seenBy"] {
  const share = (column: Column): number =>
    refused.filter((row) => idIn(window, column, row) >= 0).length / Math.max(1, refused.length);
  if (share("cosmosAccount") <= 1 - NEARLY_ALL) return "gateway";
  return share("api") <= 1 - NEARLY_ALL && share("gatewayHost") <= 1 - NEARLY_ALL ? "cosmos" : "both";
}

/** The rise among candidate rows. */
export function riseAmong({ detection, window }: Context, candidates: readonly number[]): Rise | undefined {
  const clear = riseOf(window, candidates, (rows) => isMaterial(detection, window, rows));
  if (clear === undefined) return undefined;
  const usual = (row: number): number =>
    BURST_DISPERSION * (window.n[row] ?? 0) * usualRate(detection, window, window.unit[row] ?? -1);
  return withBeginning(window, candidates, clear, usual);
}

const SHARED = 0.95;

function commonOf(observation: Observation): DimensionValues {
  const shared = DIMENSIONS.flatMap((dimension) => {
    const [top] = observation.values(dimension);
    return top !== undefined && top.share >= SHARED ? [[dimension, top.value] as const] : [];
  });
  return Object.fromEntries(shared);
}

const HARD_DOWN = 0.9;
const SUCCESSES_TO_TELL = 3;

/** Nearly all calls of the same callers and operations are refused, and hardly one succeeded before: it never worked. */
function neverWorked({ window, detection }: Context, rows: readonly number[], span: Span): boolean {
  const refusedRows = rows.filter((row) => row < window.refused);
  const units = new Set(refusedRows.map((row) => window.unit[row] ?? -1));
  let before = 0;
  let during = 0;
  for (let row = window.refused; row < window.time.length; row++) {
    if (!units.has(window.unit[row] ?? -1)) continue;
    if ((window.time[row] ?? 0) < span.from) before += window.calls[row] ?? 0;
    else if ((window.time[row] ?? 0) <= span.to) during += window.calls[row] ?? 0;
  }
  const refused = refusedRows.reduce((sum, row) => sum + (window.calls[row] ?? 0), 0);
  if (before >= SUCCESSES_TO_TELL || refused / Math.max(1, refused + during) < HARD_DOWN) return false;
  return before + succeededBefore(detection, units, window.from) < SUCCESSES_TO_TELL;
}

/** Few calls an hour: those that succeeded lie further back than the window. */
function succeededBefore({ succeeded }: Detection, units: ReadonlySet<number>, from: Instant): number {
  let count = 0;
  for (let place = 0; place < succeeded.count && (succeeded.time[place] ?? 0) < from; place++)
    if (units.has(succeeded.unit[place] ?? -1)) count += succeeded.weight[place] ?? 0;
  return count;
}

const SUSTAINED_MS = 300_000;
const SUSTAINED_REFUSED = 30;
const SHUT = 0.8;

/** A 403/3 is worth a finding only after a failover; where no control plane is logged, when nearly no write gets through for long. */
function isFailover(observation: Observation, changes: readonly Change[]): boolean {
  if (changes.length > 0) return changeBefore(observation, ["failover", "region"], 3_600_000) !== undefined;
  return (
    observation.inside >= SHUT &&
    observation.refused >= SUSTAINED_REFUSED &&
    msBetween(observation.span.to, observation.span.from) >= SUSTAINED_MS
  );
}

/**
 * The same callers and operations are refused clearly more often than is usual for them. What separates the refused ones
 * may be the mark of a token that is refused at any time, such as an old key: then they are as many as ever.
 */
function isUnusual({ refused, calls, usualRate: before }: Counts, byUnits: number): boolean {
  const expected = Math.max(before * calls, byUnits);
  if (refused < MIN_RISE * expected) return false;
  return poissonSurprise(refused, expected) >= UNUSUAL_LOG_LIKELIHOOD;
}

const OF_THE_TOKEN: ReadonlySet<Column> = new Set<Column>([
  "issuer",
  "tokenVersion",
  "audience",
  "keyId",
  "roles",
  "scopes",
]);

/** An attribute that a token shows by itself. */
export const isOfToken = ({ column }: Condition): boolean => OF_THE_TOKEN.has(COLUMNS[column] ?? "api");

/** Refusals that come at any time are of any token: what few of them share, such as the last signing key, marks the old ones. */
const isOfOldTokens = (conditions: readonly Condition[], { refused, calls }: Counts): boolean =>
  refused < MIN_SHARE * calls && conditions.length > 0 && conditions.every(isOfToken);

/** The cause can lie in what separates. */
export const isNamedBy = ({ names }: Ranked, conditions: readonly Condition[]): boolean =>
  conditions.some(({ column }) => {
    const of = COLUMNS[column];
    return of !== undefined && names.includes(dimensionOf(of));
  });

/**
 * Whether chance explains the refusals: against what is usual for the same units, with bursts weighed down. `most`: how many
 * of the refusals say something of their own.
 */
function isMaterial(
  detection: Detection,
  window: Window,
  rows: readonly number[],
  most: (window: Window, rows: readonly number[]) => number = () => Number.POSITIVE_INFINITY,
): boolean {
  let refused = 0;
  let trials = 0;
  let expected = 0;
  const times: number[] = [];
  for (const row of rows) {
    refused += window.f[row] ?? 0;
    trials += window.n[row] ?? 0;
    expected += (window.n[row] ?? 0) * usualRate(detection, window, window.unit[row] ?? -1);
    if (row < window.refused) times.push(window.time[row] ?? 0);
  }
  const apiece = Math.max(1, refused / Math.max(1, most(window, rows)));
  const surprise = poissonSurprise(refused, expected) / (BURST_DISPERSION * window.thinned * apiece);
  const moments = new Set(times.map((time) => Math.floor(time / (MOMENT_MS * TICKS_PER_MS)))).size;
  return (
    surprise >= ACCEPT_LOG_LIKELIHOOD &&
    moments >= MIN_MOMENTS &&
    refused >= MIN_REFUSED &&
    refused / trials >= MIN_SHARE
  );
}

/** A client that tries the same work again and again for half a minute has tried once. */
const TRY_MS = 30_000;

/** Refusals, without those of the same client for the same work that follow within `TRY_MS` of the first. */
function triesApart(window: Window, rows: readonly number[]): number {
  const since = new Map<string, number>();
  let tries = 0;
  const timeOf = (row: number): number => window.time[row] ?? 0;
  for (const row of rows.filter((one) => one < window.refused).toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const client = `${window.unit[row] ?? -1} ${idIn(window, "callerAddress", row)} ${idIn(window, "clientAddress", row)}`;
    const first = since.get(client);
    if (first !== undefined && timeOf(row) < first + TRY_MS * TICKS_PER_MS) continue;
    since.set(client, timeOf(row));
    tries += 1;
  }
  return tries * window.thinned;
}

const SAMPLES = 5;

/** Where no call of the rise succeeded, those of the same callers and operations beside it are what to compare with. */
function samplesOf(context: Context, rows: readonly number[], around: readonly number[]): Explanation["samples"] {
  const { window } = context;
  const refused = rows.filter((row) => row < window.refused);
  const isSuccess = (row: number): boolean => row >= window.refused && (window.calls[row] ?? 0) > 0;
  const inside = rows.filter(isSuccess);
  const units = new Set(refused.map((row) => window.unit[row]));
  const succeeded = inside.length > 0 ? inside : around.filter((row) => isSuccess(row) && units.has(window.unit[row]));
  const spread = (list: readonly number[]): readonly string[] => {
    const step = Math.max(1, Math.floor(list.length / SAMPLES));
    return [
      ...new Set(
        list
          .filter((_, i) => i % step === 0)
          .slice(0, SAMPLES)
          .map((row) => callOf(context, row)),
      ),
    ];
  };
  return { refused: spread(refused), succeeded: spread(succeeded) };
}

function callOf({ window, detection }: Context, row: number): string {
  const rows = row < window.refused ? window.symptom.rows : detection.succeeded;
  return callAt(rows, window.place[row] ?? 0);
}
