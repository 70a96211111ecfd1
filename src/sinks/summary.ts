import type { Finding } from "../model/finding.ts";
import { formatInstant, msBetween } from "../model/time.ts";
import { percentText } from "./text.ts";
import type { Alert } from "./sink.ts";

/** What every rendering says, as plain text from the finding; each sink encodes for itself. */
export interface Summary {
  readonly state: "FIRING" | "UPDATED" | "RESOLVED" | "TEST" | "DIGEST";
  readonly title: string;
  readonly impact: string;
  /** Titles and texts, in the order in which they are shown; only what is known. */
  readonly facts: readonly (readonly [title: string, text: string])[];
  readonly footer: string;
}

export const STATES = {
  "finding.opened": "FIRING",
  "finding.updated": "UPDATED",
  "finding.resolved": "RESOLVED",
  "test.ping": "TEST",
} as const;

export function summarize({ kind, finding }: Alert): Summary {
  return {
    state: STATES[kind],
    title: finding.title,
    impact: impactOf(finding),
    facts: factsOf(finding),
    footer: `${finding.id} · ${finding.kind} · severity ${finding.severity}`,
  };
}

/** Findings about what is held or let in are not about refusals. */
function impactOf({ kind, counts, privilege }: Finding): string {
  if (privilege !== null)
    return `score ${privilege.score.toFixed(1)} of 100, ${counts.calls} calls in ${privilege.exposure.days} observed days`;
  if (kind !== "intermittent-refusal" && kind !== "source-gap") return `${counts.calls} calls`;
  return `${counts.refused} of ${counts.calls} calls refused (${percentText(counts.refused / Math.max(1, counts.calls))}, usually ${percentText(counts.usualRate)})`;
}

function factsOf({ kind, onset, end, subject, splits, cause, fix, closed }: Finding): Summary["facts"] {
  const who =
    subject.principal === undefined ? [] : [["Who", whoOf(subject.principal, subject.principalKind)] as const];
  const lasted = end === null ? [] : [["Lasted", lengthText(msBetween(end, onset))] as const];
  return [
    ["Since", end === null ? timeText(onset) : `${timeText(onset)} to ${timeText(end)}`],
    ...lasted,
    ...(closed === undefined ? [] : [["Ended", `${closed.says}.`] as const]),
    ...who,
    ...(kind === "intermittent-refusal" ? [["What differs", differenceText(splits[0])] as const] : []),
    ["Cause", `${cause.id} (confidence ${cause.confidence.toFixed(2)})`],
    ["Do", fix.says],
  ];
}

const timeText = (at: Finding["onset"]): string => `${formatInstant(at).slice(0, 19).replace("T", " ")} UTC`;

/** What nobody vouched for is told as a claim. */
const whoOf = (principal: string, kind: Finding["subject"]["principalKind"]): string =>
  kind === "claimed"
    ? `somebody who claims to be ${principal}`
    : `${principal}${kind === undefined ? "" : ` (${kind})`}`;

function lengthText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function differenceText(split: Finding["splits"][number] | undefined): string {
  if (split === undefined) return "nothing separates the refused calls";
  const where = Object.entries(split.where).map(([dimension, value]) => `${dimension} ${value}`);
  return `${where.join(", ")}: ${percentText(split.refusedInside)} refused, others ${percentText(split.refusedOutside)}`;
}
