import type { Detection } from "../detect/detect.ts";
import { conditionNames } from "../explain/observation.ts";
import type { Explanation } from "../explain/rise.ts";
import { fixOf } from "../explain/fixes.ts";
import { LONGEST_PAUSE_MS } from "../explain/span.ts";
import { titleOf } from "../explain/wording.ts";
import { shortId } from "../lib/hash.ts";
import type { Finding, Severity } from "../model/finding.ts";
import { type DurationMs, epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";

/** A finding and what is needed to recognise the same fault again. */
export interface Tracked {
  finding: Finding;
  readonly symptom: string;
  key: string;
  lastRefused: Instant;
  gapMs: DurationMs;
  refusedCalls: ReadonlySet<string>;
  explanation: Explanation;
}

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
    const same = recognise(state, explanation, { key, taken, at });
    const echo = same === undefined ? echoOf(state, explanation) : undefined;
    if (echo !== undefined && echo.finding.counts.refused > explanation.counts.refused) return [];
    const known = same ?? echo;
    const id =
      known?.finding.id ??
      `F-${shortId(`${explanation.symptom}|${key}|${Math.floor(epochMs(explanation.span.from) / 60_000)}`, 10)}`;
    if (taken.has(id)) return [];
    taken.add(id);
    if (known?.finding.status === "resolved" && explanation.span.to <= known.lastRefused) return [];
    const onset = known === undefined ? explanation.span.from : steadyOnset(known, explanation);
    const lastRefused = explanation.span.to;
    const { gapMs } = explanation;
    const open = build({ id, explanation, onset, detectedAt: known?.finding.detectedAt ?? at });
    const finding = isQuiet(at, { lastRefused, gapMs }) ? ended(open, lastRefused) : open;
    state.tracked.set(id, {
      finding,
      symptom: explanation.symptom,
      key,
      lastRefused,
      gapMs,
      refusedCalls: explanation.refusedCalls,
      explanation,
    });
    forgetOldest(state);
    return [finding];
  });
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

/** The same fault seen before: by the same attributes, or because most of the refused calls are the same. */
function recognise(
  state: Findings,
  explanation: Explanation,
  context: { key: string; taken: ReadonlySet<string>; at: Instant },
): Tracked | undefined {
  let best: Tracked | undefined;
  let bestShare = 0.5;
  for (const tracked of state.tracked.values()) {
    if (tracked.symptom !== explanation.symptom || context.taken.has(tracked.finding.id)) continue;
    if (msBetween(explanation.span.from, tracked.lastRefused) > LONGEST_PAUSE_MS) continue;
    const share = sameCalls(tracked.refusedCalls, explanation.refusedCalls);
    if (share > bestShare || (tracked.key === context.key && best === undefined)) {
      best = tracked;
      bestShare = Math.max(bestShare, share);
    }
  }
  return best;
}

/** The same fault seen by another symptom or in another part of its calls: the same calls by what they have in common, at the same time. */
function echoOf(state: Findings, explanation: Explanation): Tracked | undefined {
  const where = JSON.stringify(explanation.splits[0]?.where ?? {});
  if (where === "{}") return undefined;
  for (const tracked of state.tracked.values()) {
    const { finding } = tracked;
    if (finding.layer !== explanation.layer) continue;
    if (
      JSON.stringify(finding.splits[0]?.where ?? {}) !== where ||
      !alike(finding.cause.id, explanation.ranked.cause.id)
    )
      continue;
    if (overlap(tracked.explanation.span, explanation.span) >= 0.5) return tracked;
  }
  return undefined;
}

const alike = (a: string, b: string): boolean => a === b || a === "unknown" || b === "unknown";

/** Common part of two spans, as a share of the shorter. */
function overlap(a: Explanation["span"], b: Explanation["span"]): number {
  const both = Math.min(a.to, b.to) - Math.max(a.from, b.from);
  return both / Math.max(1, Math.min(a.to - a.from, b.to - b.from));
}

function sameCalls(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  if (small.size === 0) return 0;
  let both = 0;
  for (const call of small) if (large.has(call)) both += 1;
  return both / small.size;
}

/** A reopened finding keeps its first onset; while the first rise lasts, a better estimate replaces it. */
function steadyOnset(known: Tracked, explanation: Explanation): Instant {
  const separate = msBetween(explanation.span.from, known.lastRefused) > 0;
  return separate ? known.finding.onset : explanation.span.from;
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
