import type { Finding } from "../model/finding.ts";
import type { Privilege } from "../model/privilege.ts";
import type { Report } from "../model/report.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { formatInstant, type Instant } from "../model/time.ts";

const instantOrNull = (at: Instant | null): string | null => (at === null ? null : formatInstant(at));

/** A finding as the published JSON has it: instants as text, everything else as it is. */
export function toFindingJson(finding: Finding): Record<string, unknown> {
  return {
    ...finding,
    onset: formatInstant(finding.onset),
    end: instantOrNull(finding.end),
    detectedAt: formatInstant(finding.detectedAt),
    privilege: finding.privilege === null ? null : toPrivilegeJson(finding.privilege),
  };
}

/** A privilege as the published JSON has it. */
export function toPrivilegeJson(privilege: Privilege): Record<string, unknown> {
  const { used, replay, exposure, clients } = privilege;
  const span = ({ from, to }: { readonly from: Instant; readonly to: Instant }) => ({
    from: formatInstant(from),
    to: formatInstant(to),
  });
  return {
    ...privilege,
    used: used.map((use) => Object.assign({}, use, { lastUsed: instantOrNull(use.lastUsed) })),
    replay: { ...replay, examples: replay.examples.map((example) => Object.assign({}, example, span(example))) },
    exposure: { ...exposure, ...span(exposure), gaps: exposure.gaps.map(span) },
    clients: clients.map((client) =>
      Object.assign({}, client, {
        firstUsed: formatInstant(client.firstUsed),
        lastUsed: formatInstant(client.lastUsed),
      }),
    ),
  };
}

/** A row of the list of principals as the published JSON has it. */
export const toPrincipalRowJson = (row: PrincipalRow): Record<string, unknown> => ({
  ...row,
  lastUsed: instantOrNull(row.lastUsed),
});

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
