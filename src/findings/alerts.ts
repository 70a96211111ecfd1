import { type Finding, SEVERITY_RANK } from "../model/finding.ts";

export type AlertCause = "finding.opened" | "finding.updated" | "finding.resolved";

/**
 * Whether a change of a finding is worth telling: it opened, ended, became more severe, or has another cause. What
 * principals hold is told where it is severe: the rest is on the page of principals.
 */
export function alertFor(before: Finding | undefined, after: Finding): AlertCause | undefined {
  if (after.status === "muted") return undefined;
  if (after.kind !== "intermittent-refusal" && after.severity !== "high" && before?.severity !== "high")
    return undefined;
  if (before === undefined) return after.status === "resolved" ? "finding.resolved" : "finding.opened";
  if (after.status === "resolved") return before.status === "resolved" ? undefined : "finding.resolved";
  if (before.status === "resolved") return "finding.opened";
  const worse = SEVERITY_RANK[after.severity] > SEVERITY_RANK[before.severity];
  return worse || after.cause.id !== before.cause.id ? "finding.updated" : undefined;
}

/**
 * What tells two alerts about one finding apart: told again, the same change has the same key. A finding that opens again
 * keeps its onset: when it had ended tells this opening from the ones before.
 */
export function alertKey(kind: AlertCause, before: Finding | undefined, after: Finding): string {
  const { id, status, severity, cause, onset, end } = after;
  return [id, kind, status, severity, cause.id, onset, end ?? "", before?.end ?? ""].join("|");
}
