import { type Finding, isStanding, type Severity } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import type { Bounds } from "./bounds.ts";
import { blindSpots, type Coverage } from "./coverage.ts";
import { type CallCounts, correlationCounts, identityCounts } from "./call-counts.ts";
import { inputCounts, type Tally } from "./input-counts.ts";
import type { Findings } from "./lifecycle.ts";
import { missingLogs } from "./missing-logs.ts";

const SEVERITY: Readonly<Record<Severity, number>> = { high: 0, medium: 1, low: 2 };

/** Open before resolved, worst first, then newest. */
/** Refusals first, whatever is held besides. */
const worstFirst = (a: Finding, b: Finding): number =>
  Number(isStanding(a.kind)) - Number(isStanding(b.kind)) ||
  Number(a.status !== "open") - Number(b.status !== "open") ||
  SEVERITY[a.severity] - SEVERITY[b.severity] ||
  b.onset - a.onset;

/** The report with further findings and blind spots in their places. */
export const withFindings = (
  report: Report,
  more: { readonly findings: readonly Finding[]; readonly blindSpots: Report["blindSpots"] },
): Report => ({
  ...report,
  findings: [...report.findings, ...more.findings].toSorted(worstFirst),
  blindSpots: [...report.blindSpots, ...more.blindSpots],
});

/** The report of what an analysis holds now. */
export function reportOf(
  analysis: Bounds & {
    readonly input: Tally;
    readonly calls: CallCounts;
    readonly coverage: Coverage;
    readonly findings: Findings;
  },
): Report {
  const findings = [...analysis.findings.tracked.values()].map(({ finding }) => finding).toSorted(worstFirst);
  return {
    input: inputCounts(analysis.input),
    correlation: correlationCounts(analysis.calls),
    identity: identityCounts(analysis.calls),
    findings,
    blindSpots: [...blindSpots(analysis.coverage, analysis), ...missingLogs(findings, analysis.input.byCategory)],
  };
}
