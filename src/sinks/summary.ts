import { formatInstant } from "../model/time.ts";
import { percentText } from "./text.ts";
import type { Alert } from "./sink.ts";

/** What every rendering says, as plain text from the finding; each sink encodes for itself. */
export interface Summary {
  readonly state: "FIRING" | "UPDATED" | "RESOLVED" | "TEST";
  readonly title: string;
  readonly since: string;
  readonly impact: string;
  readonly differs: string;
  readonly cause: string;
  readonly act: string;
  readonly footer: string;
}

const STATES = {
  "finding.opened": "FIRING",
  "finding.updated": "UPDATED",
  "finding.resolved": "RESOLVED",
  "test.ping": "TEST",
} as const;

export function summarize({ kind, finding }: Alert): Summary {
  const { counts, cause } = finding;
  const time = (at: typeof finding.onset): string => `${formatInstant(at).slice(0, 19).replace("T", " ")} UTC`;
  const split = finding.splits[0];
  const where = Object.entries(split?.where ?? {})
    .map(([dimension, value]) => `${dimension} ${value}`)
    .join(", ");
  return {
    state: STATES[kind],
    title: finding.title,
    since: finding.end === null ? time(finding.onset) : `${time(finding.onset)} to ${time(finding.end)}`,
    impact: `${counts.refused} of ${counts.calls} calls refused (${percentText(counts.refused / Math.max(1, counts.calls))}, usually ${percentText(counts.usualRate)})`,
    differs:
      split === undefined
        ? "nothing separates the refused calls"
        : `${where}: ${percentText(split.refusedInside)} refused, others ${percentText(split.refusedOutside)}`,
    cause: `${cause.id} (confidence ${cause.confidence.toFixed(2)})`,
    act: finding.fix.says,
    footer: `${finding.id} · ${finding.kind} · severity ${finding.severity}`,
  };
}
