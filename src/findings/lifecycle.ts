import type { Detection } from "../detect/detection.ts";
import { conditionNames } from "../explain/observation.ts";
import type { Explanation } from "../explain/rise.ts";
import { fixOf } from "../explain/fixes.ts";
import { fragmentsOf, isFragment, otherViewOf, recognise, tellsMore, type Tracked } from "./same-fault.ts";
import { titleOf } from "../explain/wording.ts";
import { shortId } from "../lib/hash.ts";
import type { Finding, Severity } from "../model/finding.ts";
import { type DurationMs, epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";

/** Findings by id, in the order in which they were raised. */
export interface Findings {
  readonly tracked: Map<string, Tracked>;
  /** Findings forgotten because there were too many. */
  forgotten: number;
  /** Quiet findings are looked for from then on. */
  nextSweep: Instant;
}

const MAX_FINDINGS = 2_000;
const QUIET_MS: DurationMs = 600_000;
const QUIET_GAPS = 8;

export const createFindings = (): Findings => ({ tracked: new Map(), forgotten: 0, nextSweep: instantFromMs(0) });

/** Raises or amends findings by what was explained at `at`; gives those that are new or changed. */
export function update(
  state: Findings,
  detection: Detection,
  explained: { explanations: readonly Explanation[]; at: Instant },
): readonly Finding[] {
  const { explanations, at } = explained;
  const taken = new Set<string>();
  return explanations.flatMap((explanation) => {
    const key = conditionNames(explanation.conditions, detection.dictionaries);
    return follow(state, explanation, { key, taken, at });
  });
}

function follow(
  state: Findings,
  explanation: Explanation,
  context: { key: string; taken: Set<string>; at: Instant },
): readonly Finding[] {
  const { key, taken, at } = context;
  const same = recognise(state.tracked.values(), explanation, context);
  if (isFragment(state.tracked.values(), explanation, same)) return [];
  const other = otherViewOf(state.tracked.values(), explanation, same);
  if (other !== undefined && !tellsMore(explanation, other.explanation))
    return same === undefined ? [] : [drop(state, same)];
  const known = same ?? other;
  if (known === undefined && explanation.ongoing) return [];
  const id = known?.finding.id ?? newId(state, explanation, context);
  if (taken.has(id)) return [];
  taken.add(id);
  const changed = same === undefined || other === undefined ? [] : [drop(state, other)];
  if (known?.finding.status === "resolved" && explanation.span.to <= known.lastRefused) return changed;
  const onset = known === undefined ? explanation.span.from : steadyOnset(known, explanation);
  const { gapMs, symptom, refusedCalls } = explanation;
  const lastRefused = explanation.span.to;
  const open = build({ id, explanation, onset, detectedAt: known?.finding.detectedAt ?? at });
  const finding = isQuiet(at, { lastRefused, gapMs }) ? ended(open, lastRefused) : open;
  state.tracked.set(id, { finding, symptom, key, lastRefused, gapMs, refusedCalls, explanation });
  forgetOldest(state);
  for (const part of fragmentsOf(state.tracked.values(), explanation, id)) changed.push(drop(state, part));
  changed.push(finding);
  return changed;
}

/** Faults of the same attributes that begin in the same minute differ by the reason that the log tells. */
function newId(
  { tracked }: Findings,
  { symptom, span, told }: Explanation,
  { key, taken }: { readonly key: string; readonly taken: ReadonlySet<string> },
): string {
  const text = `${symptom}|${key}|${Math.floor(epochMs(span.from) / 60_000)}`;
  const id = `F-${shortId(text, 10)}`;
  return told !== undefined && (taken.has(id) || tracked.has(id)) ? `F-${shortId(`${text}|${told}`, 10)}` : id;
}

/** Another finding tells of the same fault: this one ends and is not shown any more. */
function drop(state: Findings, { finding, lastRefused }: Tracked): Finding {
  state.tracked.delete(finding.id);
  return ended(finding, lastRefused);
}

const SWEEP_MS: DurationMs = 60_000;

/** Ends what has been quiet for long, looked at once a minute of event time; gives the findings that ended. */
export function resolveQuiet(state: Findings, at: Instant): readonly Finding[] {
  if (at < state.nextSweep) return [];
  state.nextSweep = plusMs(instantFromMs(Math.floor(epochMs(at) / SWEEP_MS) * SWEEP_MS), SWEEP_MS);
  const quiet: Finding[] = [];
  for (const tracked of state.tracked.values()) {
    if (tracked.finding.status !== "open" || !isQuiet(at, tracked)) continue;
    tracked.finding = ended(tracked.finding, tracked.lastRefused);
    quiet.push(tracked.finding);
  }
  return quiet;
}

/** Nothing was refused for much longer than between two refusals before. */
const isQuiet = (at: Instant, { lastRefused, gapMs }: Pick<Tracked, "lastRefused" | "gapMs">): boolean =>
  msBetween(at, lastRefused) > Math.max(QUIET_MS, QUIET_GAPS * gapMs);

const ended = (finding: Finding, end: Instant): Finding => ({ ...finding, status: "resolved", end });

/** A reopened finding keeps its first onset; while the first rise lasts and is seen whole, a better estimate replaces it. */
function steadyOnset({ finding, lastRefused }: Tracked, { span, seenFrom, counts }: Explanation): Instant {
  const separate = msBetween(span.from, lastRefused) > 0;
  const isWhole = seenFrom <= finding.onset && counts.refused >= finding.counts.refused;
  return separate || !isWhole ? finding.onset : span.from;
}

function build(from: { id: string; explanation: Explanation; onset: Instant; detectedAt: Instant }): Finding {
  const { id, explanation, onset, detectedAt } = from;
  const { ranked, splits, subject, layer, claimed } = explanation;
  const told = {
    where: splits[0]?.where ?? {},
    subject,
    layer,
    claimed,
    inside: splits[0]?.refusedInside ?? explanation.counts.refused / Math.max(1, explanation.counts.calls),
  };
  return {
    id,
    kind: "intermittent-refusal",
    severity: severityOf(explanation, told.inside),
    status: "open",
    title: titleOf(ranked.cause.id, told),
    subject,
    onset,
    end: null,
    detectedAt,
    counts: explanation.counts,
    layer,
    splits,
    cause: ranked.cause,
    fix: fixOf(ranked.cause.id, told),
    privilege: null,
    samples: explanation.samples,
  };
}

function severityOf({ counts }: Explanation, inside: number): Severity {
  if (counts.refused >= 50 && inside >= 0.2) return "high";
  return counts.refused >= 15 ? "medium" : "low";
}

function forgetOldest(state: Findings): void {
  if (state.tracked.size <= MAX_FINDINGS) return;
  const oldest = [...state.tracked].find(([, { finding }]) => finding.status !== "open") ?? [...state.tracked][0];
  if (oldest === undefined) return;
  state.tracked.delete(oldest[0]);
  state.forgotten += 1;
}
