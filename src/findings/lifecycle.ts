import type { Detection } from "../detect/detection.ts";
import { conditionNames } from "../explain/observation.ts";
import type { Explanation } from "../explain/rise.ts";
import { type Earlier, earlierOf, withEarlier } from "./earlier.ts";
import { withEstablished } from "./established.ts";
import { fixOf } from "../explain/fixes.ts";
import {
  type Ahead,
  fragmentsOf,
  isFragment,
  isLater,
  otherViewOf,
  recognise,
  type Recognised,
  tellsMore,
  type Tracked,
} from "./same-fault.ts";
import { titleOf } from "../explain/wording.ts";
import { shortId } from "../lib/hash.ts";
import { type Finding, type Severity, SEVERITY_RANK } from "../model/finding.ts";
import { type DurationMs, epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";

/** Findings by id, in the order in which they were raised. */
export interface Findings {
  readonly tracked: Map<string, Tracked>;
  /** What one log alone told and the joined calls did not confirm, oldest first: it is not told again while it lasts. */
  readonly refuted: Tracked[];
  /** Findings forgotten because there were too many. */
  forgotten: number;
  /** Quiet findings are looked for from then on. */
  nextSweep: Instant;
}

const MAX_FINDINGS = 2_000;
const QUIET_MS: DurationMs = 600_000;
const QUIET_GAPS = 8;

export const createFindings = (): Findings => ({
  tracked: new Map(),
  refuted: [],
  forgotten: 0,
  nextSweep: instantFromMs(0),
});

interface Explained {
  readonly explanations: readonly Explanation[];
  readonly at: Instant;
  /** Whether one log alone tells it, before the joined calls do. */
  readonly isProvisional: boolean;
}

interface Context extends Recognised {
  readonly taken: Set<string>;
  /** What another finding took the place of a moment ago, by id: told again at once, it goes on. */
  readonly gone: Map<string, Tracked>;
  readonly at: Instant;
}

/** Raises or amends findings by what was explained at `at`; gives those that are new or changed. */
export function update(
  state: Findings,
  detection: Detection,
  { explanations, at, isProvisional }: Explained,
): readonly Finding[] {
  const taken = new Set<string>();
  const gone = new Map<string, Tracked>();
  // The largest first: what a lesser one has in common with a finding may be a part of its calls.
  const bySize = explanations.toSorted((a, b) => b.counts.refused - a.counts.refused);
  return bySize.flatMap((explanation) => {
    const key = conditionNames(explanation.conditions, detection.dictionaries);
    const context = { key, taken, gone, at, isProvisional };
    return isProvisional ? foretell(state, explanation, context) : follow(state, explanation, context);
  });
}

/** Of a fault that the joined calls tell already, one log alone only tells how it goes on. */
function foretell(state: Findings, explanation: Explanation, context: Context): readonly Finding[] {
  const refuted = recognise(state.refuted, explanation, context);
  if (refuted !== undefined) {
    if (explanation.span.to > refuted.lastRefused) refuted.lastRefused = explanation.span.to;
    return [];
  }
  const known = [...state.tracked.values()];
  const same = recognise(known, explanation, context);
  const confirmed = known.filter(({ isProvisional }) => !isProvisional);
  const told = same?.isProvisional === false ? same : otherViewOf(confirmed, explanation, undefined);
  if (told === undefined) {
    const isBehind = same !== undefined && explanation.counts.refused < same.explanation.counts.refused;
    return isBehind && explanation.span.to <= same.lastRefused ? [] : follow(state, explanation, context);
  }
  const dropped = same?.isProvisional === true ? [drop(state, same, context.gone)] : [];
  context.taken.add(told.finding.id);
  if (explanation.span.to <= told.lastRefused) return dropped;
  told.ahead = furtherAhead(told, explanation);
  const shown = withAhead({ ...told.finding, status: "open", end: null }, told.ahead);
  if (shown.counts === told.finding.counts && told.finding.status === "open") return dropped;
  told.finding = shown;
  return [...dropped, shown];
}

/** The most that one log alone tells, up to the last refusal that any tells. */
function furtherAhead(told: Tracked, explanation: Explanation): Ahead {
  const { ahead } = told;
  const { span } = explanation;
  const counts = withEarlier(explanation.counts, earlierOf(told, explanation));
  const lastRefused = ahead === undefined || span.to > ahead.lastRefused ? span.to : ahead.lastRefused;
  if (ahead !== undefined && ahead.counts.refused >= counts.refused) return { ...ahead, lastRefused };
  return { counts, severity: severityOf(explanation), lastRefused };
}

function follow(state: Findings, latest: Explanation, context: Context): readonly Finding[] {
  const { taken, isProvisional } = context;
  const tracked = [...state.tracked.values()];
  // What one log alone told gives way to what the joined calls tell, and does not stand in its way.
  const peers = tracked.filter((one) => one.isProvisional === isProvisional);
  const same = recognise(tracked, latest, context);
  const explanation = withEstablished(same, latest);
  if (isFragment(peers, explanation, same)) return [];
  const view = otherViewOf(tracked, explanation, same);
  const other = view !== undefined && isLater(explanation, view.explanation) ? undefined : view;
  const isAmended = other !== undefined && other.isProvisional && !isProvisional;
  if (other !== undefined && !isAmended && !tellsMore(explanation, other.explanation))
    return same === undefined ? [] : [drop(state, same, context.gone)];
  const id = (same ?? other)?.finding.id ?? newId(state, explanation, context);
  const known = same ?? other ?? context.gone.get(id);
  if (known === undefined && explanation.ongoing) return [];
  // The other log's view of it may have been told a moment ago.
  if (taken.has(id) && known !== other) return [];
  taken.add(id);
  const changed = same === undefined || other === undefined ? [] : [drop(state, other, context.gone)];
  const isConfirmed = known?.isProvisional === true && !isProvisional;
  if (known?.finding.status === "resolved" && !isConfirmed && explanation.span.to <= known.lastRefused) {
    if (state.tracked.has(id)) return changed;
    state.tracked.set(id, known);
    return [...changed, known.finding];
  }
  const parts = fragmentsOf(state.tracked.values(), explanation, id).filter(
    (part) => part.isProvisional || !isProvisional,
  );
  const finding = track(state, explanation, { ...context, id, known, detectedAt: firstOf(known, parts, context.at) });
  forgetOldest(state);
  return [...changed, ...parts.map((part) => drop(state, part, context.gone)), finding];
}

/** When a fault was first told, be it by a part of it. */
const firstOf = (known: Tracked | undefined, parts: readonly Tracked[], at: Instant): Instant =>
  parts.reduce(
    (first, { finding }) => (finding.detectedAt < first ? finding.detectedAt : first),
    known?.finding.detectedAt ?? at,
  );

interface Following extends Context {
  readonly id: string;
  readonly known: Tracked | undefined;
  readonly detectedAt: Instant;
}

/** Follows a fault by its latest explanation; gives the finding. */
function track(
  state: Findings,
  explanation: Explanation,
  { id, known, key, at, isProvisional, detectedAt }: Following,
): Finding {
  const isFirst = known === undefined || (known.isProvisional && !isProvisional);
  const onset = isFirst ? explanation.span.from : steadyOnset(known, explanation);
  const { gapMs, symptom, refusedCalls } = explanation;
  const lastRefused = explanation.span.to;
  const earlier = isFirst ? undefined : earlierOf(known, explanation);
  const open = build({ id, explanation, earlier, onset, detectedAt });
  const shown = isProvisional ? provisional(open) : open;
  const ahead = isProvisional || known === undefined ? undefined : aheadOf(known, at);
  const isOver = ahead === undefined && isQuiet(at, { lastRefused, gapMs });
  const finding = isOver ? ended(shown, lastRefused) : withAhead(shown, ahead);
  const followed = { symptom, key, lastRefused, gapMs, refusedCalls, explanation, earlier, isProvisional, ahead };
  state.tracked.set(id, { finding, ...followed });
  return finding;
}

const OTHER_LOG = {
  field: "the same calls in the other log",
  fix: "Nothing needs doing: they are on their way, and this finding is amended when they come.",
};

const provisional = (finding: Finding): Finding => ({
  ...finding,
  cause: { ...finding.cause, missing: [...finding.cause.missing, OTHER_LOG] },
});

/** What one log alone tells of a fault beyond `at`. */
function aheadOf({ isProvisional, finding, lastRefused, ahead }: Tracked, at: Instant): Ahead | undefined {
  const told = isProvisional ? { counts: finding.counts, severity: finding.severity, lastRefused } : ahead;
  return told !== undefined && told.lastRefused > at ? told : undefined;
}

const withAhead = (finding: Finding, ahead: Ahead | undefined): Finding =>
  ahead === undefined || ahead.counts.refused <= finding.counts.refused
    ? finding
    : {
        ...finding,
        counts: ahead.counts,
        severity: SEVERITY_RANK[ahead.severity] > SEVERITY_RANK[finding.severity] ? ahead.severity : finding.severity,
      };

/**
 * Faults of the same attributes that begin in the same minute differ by the reason that the log tells, or by the cause where
 * the one that has the id is told of other attributes by now.
 */
function newId(
  { tracked }: Findings,
  { symptom, span, told, ranked }: Explanation,
  { key, taken }: { readonly key: string; readonly taken: ReadonlySet<string> },
): string {
  const text = `${symptom}|${key}|${Math.floor(epochMs(span.from) / 60_000)}`;
  const id = `F-${shortId(text, 10)}`;
  const holder = tracked.get(id);
  const isOthers = taken.has(id) && holder !== undefined && holder.key !== key;
  if (told !== undefined && (taken.has(id) || holder !== undefined)) return `F-${shortId(`${text}|${told}`, 10)}`;
  return isOthers ? `F-${shortId(`${text}|${ranked.cause.id}`, 10)}` : id;
}

/** Another finding tells of the same fault: this one ends and is not shown any more. */
function drop(state: Findings, tracked: Tracked, gone?: Map<string, Tracked>): Finding {
  const { finding, lastRefused } = tracked;
  state.tracked.delete(finding.id);
  gone?.set(finding.id, tracked);
  return ended(finding, lastRefused);
}

const SWEEP_MS: DurationMs = 60_000;

/** How long the joined calls may take to confirm what one log alone told. */
const CONFIRM_MS: DurationMs = 300_000;
const MAX_REFUTED = 200;

/**
 * Ends what has been quiet for long, or what the joined calls, which have come to `at`, do not confirm; looked at once a
 * minute of event time. Gives the findings that ended or changed.
 */
export function resolveQuiet(state: Findings, at: Instant): readonly Finding[] {
  if (at < state.nextSweep) return [];
  state.nextSweep = plusMs(instantFromMs(Math.floor(epochMs(at) / SWEEP_MS) * SWEEP_MS), SWEEP_MS);
  const changed: Finding[] = [];
  for (const tracked of state.tracked.values()) {
    if (tracked.isProvisional && msBetween(at, tracked.finding.detectedAt) > CONFIRM_MS) {
      changed.push(refute(state, tracked));
      continue;
    }
    if (tracked.finding.status !== "open" || !isQuiet(at, whole(tracked))) continue;
    tracked.finding = ended(withoutAhead(tracked), tracked.lastRefused);
    tracked.ahead = undefined;
    changed.push(tracked.finding);
  }
  return changed;
}

const whole = ({ lastRefused, gapMs, ahead }: Tracked): Pick<Tracked, "lastRefused" | "gapMs"> => ({
  lastRefused: ahead !== undefined && ahead.lastRefused > lastRefused ? ahead.lastRefused : lastRefused,
  gapMs,
});

/** As the joined calls alone tell it. */
const withoutAhead = ({ finding, explanation, earlier, ahead }: Tracked): Finding =>
  ahead === undefined
    ? finding
    : build({ id: finding.id, explanation, earlier, onset: finding.onset, detectedAt: finding.detectedAt });

function refute(state: Findings, tracked: Tracked): Finding {
  const finding: Finding = {
    ...drop(state, tracked),
    closed: { because: "not-confirmed", says: "Looked at together, both logs do not tell of a fault" },
  };
  state.refuted.push({ ...tracked, finding });
  if (state.refuted.length > MAX_REFUTED) state.refuted.shift();
  return finding;
}

/** Nothing was refused for much longer than between two refusals before. */
const isQuiet = (at: Instant, { lastRefused, gapMs }: Pick<Tracked, "lastRefused" | "gapMs">): boolean =>
  msBetween(at, lastRefused) > Math.max(QUIET_MS, QUIET_GAPS * gapMs);

const ended = (finding: Finding, end: Instant): Finding => ({ ...finding, status: "resolved", end });

/** A reopened finding keeps its first onset; while the first rise lasts and is seen whole, a better estimate replaces it. */
function steadyOnset(known: Tracked, { span, seenFrom, counts }: Explanation): Instant {
  const { finding, lastRefused } = known;
  const separate = span.from > lastRefused || span.from > finding.detectedAt;
  const isWhole = seenFrom <= finding.onset && counts.refused >= known.explanation.counts.refused;
  return separate || !isWhole ? finding.onset : span.from;
}

interface Built {
  readonly id: string;
  readonly explanation: Explanation;
  readonly earlier: Earlier | undefined;
  readonly onset: Instant;
  readonly detectedAt: Instant;
}

function build({ id, explanation, earlier, onset, detectedAt }: Built): Finding {
  const { ranked, splits, subject, layer, claimed } = explanation;
  const told = {
    where: splits[0]?.where ?? {},
    subject,
    layer,
    claimed,
    inside: insideOf(explanation),
  };
  return {
    id,
    kind: "intermittent-refusal",
    severity: severityOf(explanation),
    status: "open",
    title: titleOf(ranked.cause.id, told),
    subject,
    onset,
    end: null,
    detectedAt,
    counts: withEarlier(explanation.counts, earlier),
    layer,
    splits,
    cause: ranked.cause,
    fix: fixOf(ranked.cause.id, told),
    privilege: null,
    samples: explanation.samples,
  };
}

/** Refused share of what separates best, or of all where nothing does. */
const insideOf = ({ splits, counts }: Explanation): number =>
  splits[0]?.refusedInside ?? counts.refused / Math.max(1, counts.calls);

function severityOf(explanation: Explanation): Severity {
  const { counts } = explanation;
  if (counts.refused >= 50 && insideOf(explanation) >= 0.2) return "high";
  return counts.refused >= 15 ? "medium" : "low";
}

function forgetOldest(state: Findings): void {
  if (state.tracked.size <= MAX_FINDINGS) return;
  const oldest = [...state.tracked].find(([, { finding }]) => finding.status !== "open") ?? [...state.tracked][0];
  if (oldest === undefined) return;
  state.tracked.delete(oldest[0]);
  state.forgotten += 1;
}
