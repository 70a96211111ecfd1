import type { Finding } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import { formatInstant, type Instant } from "../model/time.ts";

const instantOrNull = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

/** A finding as the published JSON has it: instants as text, everything else as it is. */
export function toFindingJson(finding: Finding): Record<string, unknown> {
  return {
    ...finding,
    onset: formatInstant(finding.onset),
    end: instantOrNull(finding.end),
    detectedAt: formatInstant(finding.detectedAt),
  };
}

/** The report of `analyze --json`, schema `scopetrail.report/1`. */
export function toReportJson(report: Report): Record<string, unknown> {
  return {
    schema: "scopetrail.report/1",
    input: { ...report.input, from: instantOrNull(report.input.from), to: instantOrNull(report.input.to) },
    correlation: report.correlation,
    identity: report.identity,
    findings: report.findings.map(toFindingJson),
    blindSpots: report.blindSpots,
  };
}
