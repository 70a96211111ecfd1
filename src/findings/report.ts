import type { Finding } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import type { Bounds } from "./bounds.ts";
import { blindSpots, type Coverage, type InferredMean } from "./coverage.ts";
import { type CallCounts, correlationCounts, identityCounts } from "./call-counts.ts";
import { inputCounts, type Tally } from "./input-counts.ts";
import type { Findings } from "./lifecycle.ts";
import { missingLogs } from "./missing-logs.ts";
import { worstFirst } from "./order.ts";

/** The report with further findings and blind spots in their places. */
export const withFindings = (
  report: Report,
  more: { readonly findings: readonly Finding[]; readonly blindSpots: Report["blindSpots"] },
): Report => ({
  ...report,
  findings: worstFirst([...report.findings, ...more.findings]),
  blindSpots: [...report.blindSpots, ...more.blindSpots],
});

/** The report of what an analysis holds now. */
export function reportOf(
  analysis: Bounds & {
    readonly input: Tally;
    readonly calls: CallCounts;
    readonly coverage: Coverage;
    readonly findings: Findings;
    readonly inferred: InferredMean;
  },
): Report {
  const findings = worstFirst([...analysis.findings.tracked.values()].map(({ finding }) => finding));
  return {
    input: inputCounts(analysis.input),
    correlation: correlationCounts(analysis.calls),
    identity: identityCounts(analysis.calls),
    findings,
    blindSpots: [...blindSpots(analysis.coverage, analysis), ...missingLogs(findings, analysis.input.byCategory)],
  };
}
