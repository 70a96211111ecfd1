import { COLUMNS, columnIndex, type Dictionary } from "../detect/columns.ts";
import type { Detection, Due, RefusalFacts } from "../detect/detect.ts";
import { chiSquareTail, binomialLogLikelihood, wilson } from "../lib/stats.ts";
import type { Dimension, DimensionValues } from "../model/call.ts";
import type { Change } from "../model/event.ts";
import type { Counts, Split, Subject } from "../model/finding.ts";
import { type Instant, msBetween, plusMs } from "../model/time.ts";
import { type Condition, cover, type Covering, type Rule, type Table } from "./cover.ts";
import { alternationOf, conditionsOf, type Observation, rowsWithin, ruleValues, tallyRows, trendOf, valueShares } from "./observation.ts";
import { type Ranked, rankCauses } from "./rank.ts";
import { riseSpan, type Span } from "./span.ts";
import { openWindow, type Window } from "./window.ts";

/** One rise of refusals: what separates it and why. */
export interface Explanation {
  readonly symptom: string;
  readonly layer: Observation["layer"];
  /** Conditions by column and value id; empty when nothing separates. */
  readonly conditions: readonly Condition[];
  readonly span: Span;
  readonly splits: readonly Split[];
  readonly ranked: Ranked;
  readonly subject: Subject;
  readonly counts: Counts;
  readonly samples: { readonly refused: readonly string[]; readonly succeeded: readonly string[] };
  /** Mean time between refused calls. */
  readonly gapMs: number;
  /** Calls (correlation ids) refused in the rise, as far as they are kept: to tell whether two rises are one. */
  readonly refusedCalls: ReadonlySet<string>;
}

/** Natural log of the odds by which a rise must beat chance: the same bound as the detectors'. */
const ACCEPT_LOG_LIKELIHOOD = Math.log(1e8);
const MIN_CLUSTERS = 4;
const MIN_REFUSED = 5;
const MIN_SHARE = 0.02;
const BURST_DISPERSION = 1.3;
const PRIOR_TRIALS = 500;
const PRIOR_RATE = 0.002;
/** A rise this much shorter than its window is compared again within its own time. */
const SHORT = 0.7;

/** Explains the refusals of one symptom since its onset; changes are those of the last day, any order. */
export function explain(detection: Detection, due: Due, changes: readonly Change[]): readonly Explanation[] {
  const window = openWindow(detection, due.symptom, due);
  const since = plusMs(due.onset, -30_000);
  const core = rowsFrom(window, since);
  const coverings = cover(tableOf(window, core), options(window)).map((covering) => ({ ...covering, rows: covering.rows.map((row) => core[row] ?? 0) }));
  const found: Explanation[] = [];
  const claimed = new Set<number>();
  for (const covering of coverings) {
    const explanation = explainRule({ detection, window, changes, claimed }, covering);
    if (explanation !== undefined) found.push(explanation);
  }
  if (found.length > 0) return found;
  const whole = explainRise({ detection, window, changes, claimed }, undefined, core);
  return whole === undefined ? [] : [whole];
}

interface Context {
  readonly detection: Detection;
  readonly window: Window;
  readonly changes: readonly Change[];
  /** Rows that an earlier rise accounts for. */
  readonly claimed: Set<number>;
}

const options = (window: Window) => ({ maxRules: 5, maxConditions: 3, minRefused: 4 * window.thinned, dispersion: window.thinned });

function rowsFrom(window: Window, from: number): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < window.time.length; row++) if ((window.time[row] ?? 0) >= from) rows.push(row);
  return rows;
}

function tableOf(window: Window, rows: readonly number[]): Table {
  return {
    columns: window.columns.map((column) => Int32Array.from(rows, (row) => column[row] ?? -1)),
    f: Float64Array.from(rows, (row) => window.f[row] ?? 0),
    n: Float64Array.from(rows, (row) => window.n[row] ?? 0),
  };
}

const matches = (window: Window, rule: readonly Condition[], row: number): boolean =>
  rule.every(({ column, value }) => window.raw[column]?.[row] === value);

function matchingRows(window: Window, rule: readonly Condition[], claimed: ReadonlySet<number>): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < window.time.length; row++) if (!claimed.has(row) && matches(window, rule, row)) rows.push(row);
  return rows;
}

/** Looks again within the rise's own time when it is much shorter than the window: health before and after blurs what differs. */
function explainRule(context: Context, covering: Covering): Explanation | undefined {
  const { window, claimed } = context;
  const rows = matchingRows(window, covering.rule.conditions, claimed);
  const span = riseSpan(window, rows);
  if (span === undefined) return undefined;
  const short = span.to - span.from < SHORT * (window.to - window.from);
  const sharper = short ? sharpen(context, span, covering) : covering;
  const explanation = explainRise(context, sharper, matchingRows(window, sharper.rule.conditions, claimed));
  if (explanation !== undefined) {
    for (const row of matchingRows(window, sharper.rule.conditions, claimed)) {
      const time = window.time[row] ?? 0;
      if (row < window.refused && time >= explanation.span.from && time <= explanation.span.to) claimed.add(row);
    }
  }
  return explanation;
}

function sharpen(context: Context, span: Span, covering: Covering): Covering {
  const { window, claimed } = context;
  const rows = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const again = cover(tableOf(window, rows), { ...options(window), maxRules: 2 });
  const mine = new Set(covering.rows.filter((row) => row < window.refused));
  const best = again.find(({ rows: covered }) => {
    const refused = covered.map((row) => rows[row] ?? 0).filter((row) => row < window.refused);
    return refused.filter((row) => mine.has(row)).length >= 0.5 * refused.length;
  });
  return best === undefined ? covering : { ...best, rows: best.rows.map((row) => rows[row] ?? 0) };
}

function explainRise(context: Context, covering: Covering | undefined, candidates: readonly number[]): Explanation | undefined {
  const { detection, window } = context;
  const span = riseSpan(window, candidates);
  if (span === undefined) return undefined;
  const rows = candidates.filter((row) => (window.time[row] ?? 0) >= span.from && (window.time[row] ?? 0) <= span.to);
  if (!isMaterial(detection, window, rows)) return undefined;
  const around = rowsWithin(window, span).filter((row) => !context.claimed.has(row) || row >= window.refused);
  const rules = covering === undefined ? [] : [covering.rule, ...covering.aliases];
  const splits = rules.map((rule) => splitOf({ window, rows: around, dictionaries: detection.dictionaries }, rule));
  const observation = observe(context, { span, rows, around, splits });
  const ranked = rankCauses(observation);
  return {
    symptom: window.symptom.name,
    layer: window.symptom.layer,
    conditions: covering?.rule.conditions ?? [],
    span,
    splits: prefer(splits, ranked.names),
    ranked,
    subject: subjectOf(observation, splits[0]?.where),
    counts: countsOf(context, rows),
    samples: samplesOf(context, rows),
    gapMs: msBetween(span.to, span.from) / Math.max(1, rows.filter((row) => row < window.refused).length - 1),
    refusedCalls: new Set(rows.filter((row) => row < window.refused).map((row) => callOf(context, row))),
  };
}

/** Whether chance explains the refusals: against what is usual for the same units, with bursts weighed down. */
function isMaterial(detection: Detection, window: Window, rows: readonly number[]): boolean {
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
  const surprise = refused > expected ? (refused * Math.log(refused / expected) - (refused - expected)) / (BURST_DISPERSION * window.thinned) : 0;
  const clusters = times.toSorted((a, b) => a - b).filter((time, i, all) => i === 0 || time - (all[i - 1] ?? 0) > 10_000_000).length;
  return surprise >= ACCEPT_LOG_LIKELIHOOD && clusters >= MIN_CLUSTERS && refused >= MIN_REFUSED && refused / trials >= MIN_SHARE;
}

function usualRate(detection: Detection, window: Window, unit: number): number {
  const detector = unit < 0 ? undefined : detection.cells.units[unit]?.detectors?.get(window.symptom.name);
  const f = (detector?.f ?? 0) + PRIOR_TRIALS * PRIOR_RATE;
  return Math.min(0.3, f / ((detector?.n ?? 0) + PRIOR_TRIALS));
}

function splitOf(from: { window: Window; rows: readonly number[]; dictionaries: readonly Dictionary[] }, rule: Rule): Split {
  const { window, rows, dictionaries } = from;
  const sums = { f: 0, n: 0, allF: 0, allN: 0, calls: 0, refused: 0 };
  for (const row of rows) {
    const f = window.f[row] ?? 0;
    const n = window.n[row] ?? 0;
    sums.allF += f;
    sums.allN += n;
    if (!matches(window, rule.conditions, row)) continue;
    sums.f += f;
    sums.n += n;
    sums.calls += window.calls[row] ?? 0;
    if (f > 0) sums.refused += window.calls[row] ?? 0;
  }
  const gain =
    binomialLogLikelihood(sums.f, sums.n) + binomialLogLikelihood(sums.allF - sums.f, sums.allN - sums.n) - binomialLogLikelihood(sums.allF, sums.allN);
  const comparisons = window.columns.reduce((count, column) => count + new Set(column.subarray(0, window.refused)).size, 1) ** rule.conditions.length;
  return {
    where: ruleValues(rule, dictionaries),
    refusedInside: round(sums.f / Math.max(1, sums.n)),
    refusedOutside: round(sums.allN > sums.n ? (sums.allF - sums.f) / (sums.allN - sums.n) : 0),
    calls: Math.round(sums.calls),
    refused: Math.round(sums.refused),
    interval: wilson(sums.f, sums.n).map(round) as unknown as readonly [number, number],
    pAdjusted: Math.min(1, chiSquareTail(2 * Math.max(0, gain)) * comparisons),
  };
}

const round = (share: number): number => Number(share.toPrecision(4));

function observe(context: Context, rise: { span: Span; rows: readonly number[]; around: readonly number[]; splits: readonly Split[] }): Observation {
  const { window, detection } = context;
  const { span, rows, around, splits } = rise;
  const { symptom } = window;
  const refusedRows = rows.filter((row) => row < window.refused);
  const valuesOf = (dimension: Dimension) =>
    valueShares(window, refusedRows, { column: dimension, values: detection.dictionaries[columnIndex(dimension)]?.values ?? [] });
  return {
    symptom: symptom.name,
    layer: symptom.layer,
    reason: symptom.name.slice(symptom.name.indexOf(":") + 1),
    span,
    refused: Math.round(refusedRows.reduce((sum, row) => sum + (window.calls[row] ?? 0), 0)),
    inside: splits[0]?.refusedInside ?? 0,
    splits,
    equal: splits.length,
    facts: refusedRows.map((row) => symptom.facts[window.place[row] ?? 0]).filter((fact): fact is RefusalFacts => fact !== undefined),
    changes: changesNear(context.changes, span.from),
    values: valuesOf,
    tally: (where) => tallyRows(window, around, conditionsOf(where, detection.dictionaries)),
    backendsOf: (operations) => backendsOf(context, around, operations),
    alternation: alternationOf(window, rows),
    trend: trendOf(window, rows, span),
  };
}

function backendsOf({ window, detection }: Context, rows: readonly number[], operations: readonly string[]): readonly string[] {
  const backend = columnIndex("backend");
  const operation = columnIndex("operation");
  const wanted = new Set(operations.map((name) => detection.dictionaries[operation]?.ids.get(name) ?? -2));
  const found = new Set<number>();
  for (const row of rows) {
    if (wanted.size > 0 && !wanted.has(window.raw[operation]?.[row] ?? -1)) continue;
    found.add(window.raw[backend]?.[row] ?? -1);
  }
  found.delete(-1);
  return [...found].map((id) => detection.dictionaries[backend]?.values[id] ?? "");
}

const CHANGES_KEPT = 20;
const CHANGE_REACH_MS = 86_400_000;

function changesNear(changes: readonly Change[], onset: Instant): Observation["changes"] {
  return changes
    .map((change) => ({ change, lagMs: msBetween(onset, change.time) }))
    .filter(({ lagMs, change }) => lagMs > -600_000 && lagMs < CHANGE_REACH_MS && change.result !== "failed")
    .toSorted((a, b) => Math.abs(a.lagMs) - Math.abs(b.lagMs))
    .slice(0, CHANGES_KEPT);
}

/** Among splits that cannot be told apart, those first that name the cause; then fewer conditions, then the stronger. */
function prefer(splits: readonly Split[], names: readonly Dimension[]): readonly Split[] {
  const rank = (split: Split): number => {
    const ranks = Object.keys(split.where).map((dimension) => names.findIndex((name) => name === dimension));
    return ranks.length === 0 || ranks.some((at) => at < 0) ? names.length : Math.min(...ranks);
  };
  return splits
    .map((split, i) => ({ split, i }))
    .toSorted((a, b) => rank(a.split) - rank(b.split) || a.i - b.i)
    .map(({ split }) => split);
}

function subjectOf(observation: Observation, where: DimensionValues | undefined): Subject {
  const only = (dimension: Dimension): string | undefined => {
    const top = observation.values(dimension)[0];
    return where?.[dimension] ?? (top !== undefined && top.share >= 0.9 ? top.value : undefined);
  };
  const api = only("api");
  const operation = only("operation");
  const account = only("cosmosAccount");
  const database = only("database");
  const container = only("container");
  return {
    ...principalOf(observation, only),
    ...(api === undefined ? {} : { api }),
    ...(operation === undefined ? {} : { operation }),
    ...(account === undefined ? {} : { account }),
    ...(database === undefined ? {} : { database }),
    ...(container === undefined ? {} : { container }),
  };
}

/** Only an identity that the gateway or Cosmos vouched for is named. */
function principalOf(observation: Observation, only: (dimension: Dimension) => string | undefined): Subject {
  const cosmos = observation.layer === "cosmos" ? only("cosmosPrincipal") : undefined;
  if (cosmos !== undefined && observation.facts.every(({ status }) => status === 403)) return { principal: cosmos, principalKind: "service-principal" };
  const credential = observation.layer === "cosmos" ? only("credential") : undefined;
  if (credential !== undefined && credential !== "AadToken") return { principal: credential, principalKind: "account-key" };
  const principal = only("principal");
  if (principal !== undefined) return { principal, principalKind: "service-principal" };
  const subscription = only("subscription");
  return subscription === undefined ? {} : { principal: subscription, principalKind: "subscription" };
}

function countsOf({ window, detection }: Context, rows: readonly number[]): Counts {
  const counts = { calls: 0, refused: 0, "401": 0, "403": 0 };
  const usual = { rate: 0, trials: 0 };
  for (const row of rows) {
    const calls = window.calls[row] ?? 0;
    counts.calls += calls;
    usual.rate += (window.n[row] ?? 0) * usualRate(detection, window, window.unit[row] ?? -1);
    usual.trials += window.n[row] ?? 0;
    if (row >= window.refused) continue;
    counts.refused += calls;
    if (window.status[row] === 401) counts["401"] += calls;
    else counts["403"] += calls;
  }
  return {
    calls: Math.round(counts.calls),
    refused: Math.round(counts.refused),
    status: { "401": Math.round(counts["401"]), "403": Math.round(counts["403"]) },
    usualRate: round(usual.rate / Math.max(1, usual.trials)),
  };
}

const SAMPLES = 5;

function samplesOf(context: Context, rows: readonly number[]): Explanation["samples"] {
  const refused = rows.filter((row) => row < context.window.refused);
  const succeeded = rows.filter((row) => row >= context.window.refused);
  const spread = (list: readonly number[]): readonly string[] => {
    const step = Math.max(1, Math.floor(list.length / SAMPLES));
    return [...new Set(list.filter((_, i) => i % step === 0).slice(0, SAMPLES).map((row) => callOf(context, row)))];
  };
  return { refused: spread(refused), succeeded: spread(succeeded) };
}

function callOf({ window, detection }: Context, row: number): string {
  const rows = row < window.refused ? window.symptom.rows : detection.succeeded;
  return rows.call[window.place[row] ?? 0] ?? "";
}

export const conditionNames = (conditions: readonly Condition[], dictionaries: readonly Dictionary[]): string =>
  conditions
    .map(({ column, value }) => `${COLUMNS[column] ?? ""}=${dictionaries[column]?.values[value] ?? ""}`)
    .toSorted()
    .join("&");

