import type { Finding, Severity } from "../model/finding.ts";
import type { Alert } from "./sink.ts";
import { STATES, type Summary } from "./summary.ts";

const SEVERITY: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };
const SHOWN = 5;

const worstFirst = (a: Alert, b: Alert): number =>
  SEVERITY[a.finding.severity] - SEVERITY[b.finding.severity] || a.finding.onset - b.finding.onset;

const counted = (alerts: readonly Alert[], kind: Alert["kind"], word: string): readonly string[] => {
  const count = alerts.filter((alert) => alert.kind === kind).length;
  return count === 0 ? [] : [`${count} ${word}`];
};

const worst = (alerts: readonly Alert[]): Finding["severity"] =>
  (["high", "medium"] as const).find((severity) => alerts.some(({ finding }) => finding.severity === severity)) ??
  "low";

/** Many alerts as one, when they come faster than a channel should carry: how many, and the worst of them. */
export function summarizeDigest(alerts: readonly Alert[]): Summary {
  const what = [
    ...counted(alerts, "finding.opened", "opened"),
    ...counted(alerts, "finding.updated", "changed"),
    ...counted(alerts, "finding.resolved", "ended"),
  ].join(", ");
  const sorted = alerts.toSorted(worstFirst);
  const more = sorted.length - SHOWN;
  return {
    state: "DIGEST",
    title: `${alerts.length} changes of findings: ${what}.`,
    impact: "They came faster than one message each; all of them are on the dashboard",
    facts: [
      ...sorted
        .slice(0, SHOWN)
        .map(
          ({ kind, finding }) => [`${STATES[kind]} ${finding.severity}`, `${finding.title} (${finding.id})`] as const,
        ),
      ...(more > 0 ? ([["And", `${more} more that this message does not hold`]] as const) : []),
    ],
    footer: `digest of ${alerts.length} · worst severity ${worst(alerts)}`,
  };
}
