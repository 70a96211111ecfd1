import { styleText } from "node:util";
import type { Finding } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import { formatInstant, type Instant } from "../model/time.ts";
import { plainText } from "../lib/plain-text.ts";

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

const time = (at: Instant): string => formatInstant(at).slice(0, 19).replace("T", " ");
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

/** The report for a person at a terminal; colours only when `colour`. Text from logs is stripped of control characters. */
export function renderReport(report: Report, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const lines = [
    ...verdict(report, paint),
    "",
    ...report.findings.flatMap((finding) => [...findingLines(finding, paint), ""]),
    ...inputLines(report, paint),
  ];
  return `${lines.join("\n")}\n`;
}

function verdict(report: Report, paint: Paint): readonly string[] {
  const open = report.findings.filter(({ status }) => status === "open").length;
  const { calls } = report.correlation;
  if (report.findings.length === 0) return [paint("bold", `No intermittent refusals found in ${calls} calls.`)];
  const ended = report.findings.length - open;
  return [
    paint(
      "bold",
      `${report.findings.length} finding${report.findings.length === 1 ? "" : "s"} in ${calls} calls: ${open} still going on, ${ended} ended.`,
    ),
  ];
}

function findingLines(finding: Finding, paint: Paint): readonly string[] {
  const { counts, cause } = finding;
  const colour = finding.severity === "high" ? "red" : finding.severity === "medium" ? "yellow" : "blue";
  const span =
    finding.end === null
      ? `since ${time(finding.onset)} UTC, still going on`
      : `${time(finding.onset)} to ${time(finding.end)} UTC`;
  return [
    `${paint([colour, "bold"], finding.severity.toUpperCase().padEnd(6))} ${finding.id}  ${paint("bold", plainText(finding.title))}`,
    `       ${span} · ${counts.refused} of ${counts.calls} calls refused (${percent(counts.refused / Math.max(1, counts.calls))}, usually ${percent(counts.usualRate)}) · ${finding.layer}`,
    `       cause  ${cause.id} (confidence ${cause.confidence.toFixed(2)})`,
    ...cause.evidence.map(({ says }) => `              - ${plainText(says)}`),
    ...cause.rejected.slice(0, 3).map(({ id, because }) => `       not    ${id}: ${plainText(because)}`),
    ...cause.missing.map(({ field, fix }) => `       blind  ${plainText(field)}: ${plainText(fix)}`),
    `       do     ${plainText(finding.fix.says)}`,
    ...finding.fix.commands.map((command) => `              $ ${plainText(command)}`),
    `       calls  refused ${finding.samples.refused.slice(0, 2).map(plainText).join(", ")}${finding.samples.succeeded.length === 0 ? "" : ` · succeeded ${finding.samples.succeeded.slice(0, 2).map(plainText).join(", ")}`}`,
  ];
}

function inputLines({ input, correlation, identity, blindSpots }: Report, paint: Paint): readonly string[] {
  const range = input.from === null || input.to === null ? "no events" : `${time(input.from)} to ${time(input.to)} UTC`;
  return [
    paint("bold", "Input"),
    `  ${input.records} records = ${input.accepted} accepted + ${input.duplicate} duplicate + ${input.filtered} filtered + ${input.rejected} rejected · ${range}`,
    `  ${correlation.calls} calls: ${correlation.exact} joined with Cosmos DB, ${correlation.gatewayOnly} gateway only, ${correlation.dataPlaneOnly} Cosmos DB only`,
    `  callers: ${identity.validated} by validated token, ${identity.key} by key, ${identity.claimed} claimed only, ${identity.unknown} unknown`,
    ...input.rejects.map(
      ({ stage, reason, count, sample }) =>
        `  rejected ${count} at ${stage}: ${reason} (${plainText(sample).slice(0, 160)})`,
    ),
    ...(blindSpots.length === 0 ? [] : [paint("bold", "Blind spots")]),
    ...blindSpots.map(({ says, fix }) => `  ${plainText(says)} ${plainText(fix)}`),
  ];
}
