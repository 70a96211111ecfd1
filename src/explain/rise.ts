import { type Detection, WRITE_REGION } from "../detect/detect.ts";
import { DIMENSIONS, type DimensionValues } from "../model/call.ts";
import type { Change } from "../model/event.ts";
import type { Counts, Split, Subject } from "../model/finding.ts";
import { msBetween } from "../model/time.ts";
import type { Context } from "./context.ts";
import type { Covering } from "./cover.ts";
import type { Condition } from "./rule.ts";
import { changeBefore, shareOfFacts } from "./causes/judgement.ts";
import { countsOf, usualRate } from "./counts.ts";
import { type Observation, rowsWithin } from "./observation.ts";
import { observe } from "./observe.ts";
import { type Ranked, rankCauses } from "./rank.ts";
import { isWithin, lastedMs, type Rise, riseOf, type Span } from "./span.ts";
import { prefer, splitOf } from "./splits.ts";
import { subjectOf } from "./subject.ts";
import type { Window } from "./window.ts";

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
  /** The tokens of most refused calls were not validated by anybody. */
  readonly claimed: boolean;
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
/** Explains one rise among candidate rows; undefined when chance explains it as well. */
export function explainRise(
  context: Context,
  covering: Covering | undefined,
  candidates: readonly number[],
): Explanation | undefined {
  const { detection, window } = context;
  const span = riseAmong(context, candidates);
  if (span === undefined) return undefined;
  const rows = candidates.filter((row) => isWithin(span, window.time[row] ?? 0));
  if (!isMaterial(detection, window, rows)) return undefined;
  const around = rowsWithin(window, span).filter((row) => !context.claimed.has(row) || row >= window.refused);
  const rules = covering === undefined ? [] : [covering.rule, ...covering.aliases];
  const splits = rules.map((rule) => splitOf({ window, rows: around, dictionaries: detection.dictionaries }, rule));
  if (neverWorked(window, rows, span)) return undefined;
  const observation = observe(context, { span, rows, around, splits });
  const ranked = rankCauses(observation);
  if (observation.reason === WRITE_REGION && !isFailover(observation, context.changes)) return undefined;
  return {
    symptom: window.symptom.name,
    layer: window.symptom.layer,
    conditions: covering?.rule.conditions ?? [],
    span,
    splits: prefer(splits, ranked.names),
    ranked,
    subject: subjectOf(observation, splits[0]?.where),
    counts: countsOf(context, { rows, around, span }),
    samples: samplesOf(context, rows),
    common: commonOf(observation),
    claimed: shareOfFacts(observation, ({ claimed }) => claimed) >= 0.5,
    gapMs: lastedMs(span) / Math.max(1, rows.filter((row) => row < window.refused).length - 1),
    refusedCalls: new Set(rows.filter((row) => row < window.refused).map((row) => callOf(context, row))),
  };
}

/** The rise among candidate rows. */
export const riseAmong = ({ detection, window }: Context, candidates: readonly number[]): Rise | undefined =>
  riseOf(window, candidates, (rows) => isMaterial(detection, window, rows));

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
function neverWorked(window: Window, rows: readonly number[], span: Span): boolean {
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
  return before < SUCCESSES_TO_TELL && refused / Math.max(1, refused + during) >= HARD_DOWN;
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
  const surprise =
    refused > expected
      ? (refused * Math.log(refused / expected) - (refused - expected)) / (BURST_DISPERSION * window.thinned)
      : 0;
  const clusters = times
    .toSorted((a, b) => a - b)
    .filter((time, i, all) => i === 0 || time - (all[i - 1] ?? 0) > 10_000_000).length;
  return (
    surprise >= ACCEPT_LOG_LIKELIHOOD &&
    clusters >= MIN_CLUSTERS &&
    refused >= MIN_REFUSED &&
    refused / trials >= MIN_SHARE
  );
}

const SAMPLES = 5;

function samplesOf(context: Context, rows: readonly number[]): Explanation["samples"] {
  const refused = rows.filter((row) => row < context.window.refused);
  const succeeded = rows.filter((row) => row >= context.window.refused && (context.window.calls[row] ?? 0) > 0);
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
  return rows.call[window.place[row] ?? 0] ?? "";
}
