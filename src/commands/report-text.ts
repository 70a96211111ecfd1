import { styleText } from "node:util";
import { type Finding, GATEWAY_KINDS, isStanding, type Split } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import { plainText } from "../lib/plain-text.ts";
import { COLOURS, label, labelled, shortTime as time, type Line } from "./report-line.ts";
import { privilegeLines } from "./privilege-text.ts";
import { wrap } from "./wrap.ts";

/** How the report is shown. */
export interface Look {
  readonly colour: boolean;
  /** Columns to wrap at; undefined leaves lines as long as they are. */
  readonly columns: number | undefined;
}

const percent = (share: number): string => `${share === 0 ? "0" : (share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
const blank: Line = { before: "", text: "" };

/** The report for a person at a terminal. Text from logs is stripped of control characters. */
export function renderReport(report: Report, look: Look): string {
  const lines = [
    verdict(report),
    blank,
    ...report.findings.flatMap((finding) => (isBrief(finding) ? [] : [...findingLines(finding), blank])),
    ...briefLines(report.findings.filter(isBrief)),
    ...inputLines(report),
  ];
  return renderLines(lines, look);
}

/** What is held or let in, and is no haste: a line each, so that what is refused is not lost among them. */
const isBrief = ({ kind, severity }: Finding): boolean => isStanding(kind) && severity === "low";

function briefLines(findings: readonly Finding[]): readonly Line[] {
  if (findings.length === 0) return [];
  const titles = findings.map(({ id, title }) => ({ before: "  ", text: `${id}  ${title}` }));
  return [
    { before: "", text: "Of low severity, what is held or let in (--json tells all of it)", style: "bold" },
    ...titles,
    blank,
  ];
}

export const renderLines = (lines: readonly Line[], look: Look): string =>
  `${lines.flatMap((line) => shown(line, look)).join("\n")}\n`;

function shown({ before, text, style, isVerbatim = false }: Line, { colour, columns }: Look): readonly string[] {
  const width = columns === undefined || isVerbatim ? Number.POSITIVE_INFINITY : columns - before.length;
  return wrap(plainText(text), width).map((part, i) => {
    const painted = colour && style !== undefined ? styleText(style, part, { validateStream: false }) : part;
    return `${i === 0 ? before : " ".repeat(before.length)}${painted}`;
  });
}

const numbered = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function verdict({ findings, correlation, input }: Report): Line {
  const says = (text: string): Line => ({ before: "", text, style: "bold" });
  const calls = numbered(correlation.calls, "call");
  if (input.records === 0) return says("Nothing to analyze: the input is empty.");
  if (correlation.calls === 0 && findings.length === 0)
    return says(
      `Nothing to analyze: there is no call in ${numbered(input.records, "record")}. Name files of the category GatewayLogs (table ApiManagementGatewayLogs), and DataPlaneRequests (table CDBDataPlaneRequests) beside them.`,
    );
  const refusals = findings.filter(({ kind }) => !isStanding(kind));
  const about = findings.length - refusals.length;
  const rights = about === 0 ? "" : ` ${numbered(about, "finding")} about what is held or let in.`;
  if (refusals.length === 0) return says(`No intermittent refusals found in ${calls}.${rights}`);
  const open = refusals.filter(({ status }) => status === "open").length;
  return says(
    `${numbered(refusals.length, "finding")} in ${calls}: ${open} going on where the logs end, ${refusals.length - open} ended.${rights}`,
  );
}

const LAYERS = { gateway: "the gateway", backend: "the backend", cosmos: "Cosmos DB" } as const;
const SPLITS = 3;
const REJECTED = 3;
const SAMPLES = 2;

/** One finding for a person at a terminal. */
export function findingLines(finding: Finding): readonly Line[] {
  if (finding.privilege !== null) return privilegeLines(finding, finding.privilege);
  const { counts, cause, fix, severity, end, onset } = finding;
  const span =
    end === null ? `since ${time(onset)} UTC, going on where the logs end` : `${time(onset)} to ${time(end)} UTC`;
  return [
    {
      before: `${severity.toUpperCase().padEnd(6)} `,
      text: `${finding.id}  ${finding.title}`,
      style: [COLOURS[severity], "bold"],
    },
    {
      before: "       ",
      text: isAboutCalls(finding)
        ? `${span} · ${counts.calls} calls`
        : `${span} · ${counts.refused} of ${counts.calls} calls refused (${percent(counts.refused / Math.max(1, counts.calls))}, usually ${percent(counts.usualRate)}) · refused by ${LAYERS[finding.layer]}`,
    },
    ...labelled("ended", finding.closed === undefined ? [] : [`${finding.closed.says}.`]),
    ...labelled("differs", finding.splits.slice(0, SPLITS).map(splitText)),
    ...labelled("cause", [`${cause.id} (confidence ${cause.confidence.toFixed(2)})`]),
    ...cause.evidence.map(({ says }) => ({ before: `${label("")}- `, text: says })),
    ...cause.rejected.slice(0, REJECTED).flatMap(({ id, because }) => labelled("not", [`${id}: ${because}`])),
    ...cause.missing.flatMap(({ field, fix: how }) => labelled("blind", [`${field}: ${how}`])),
    ...labelled("do", [fix.says]),
    ...fix.commands.map((text) => ({ before: `${label("")}$ `, text, isVerbatim: true })),
    ...labelled("refused", finding.samples.refused.slice(0, SAMPLES)),
    ...labelled("passed", finding.samples.succeeded.slice(0, SAMPLES)),
  ];
}

/** What a gateway lets in, or who reaches what: nothing of it was refused. */
const isAboutCalls = ({ kind }: Finding): boolean => GATEWAY_KINDS.some((one) => one === kind);

function splitText({ where, refusedInside, refusedOutside, interval: [low, high] }: Split): string {
  const names = Object.entries(where).map(([dimension, value]) => `${dimension} ${value}`);
  return `${names.join(" and ")}: ${percent(refusedInside)} refused (95 % interval ${percent(low)} to ${percent(high)}), ${percent(refusedOutside)} of the others`;
}

const SAMPLE_CHARACTERS = 160;

function inputLines({ input, correlation, identity, blindSpots }: Report): readonly Line[] {
  const range = input.from === null || input.to === null ? "no events" : `${time(input.from)} to ${time(input.to)} UTC`;
  const categories = Object.entries(input.byCategory).map(([category, count]) => `${category} ${count}`);
  const indented = (text: string): Line => ({ before: "  ", text });
  const heading = (text: string): Line => ({ before: "", text, style: "bold" });
  return [
    heading("Input"),
    indented(
      `${numbered(input.records, "record")} = ${input.accepted} accepted + ${input.duplicate} duplicate + ${input.filtered} filtered + ${input.rejected} rejected · ${range}`,
    ),
    ...(categories.length === 0 ? [] : [indented(`by category: ${categories.join(", ")}`)]),
    indented(
      `${numbered(correlation.calls, "call")}: ${correlation.exact} joined with Cosmos DB,${correlation.inferred === 0 ? "" : ` ${correlation.inferred} inferred,`} ${correlation.gatewayOnly} gateway only, ${correlation.dataPlaneOnly} Cosmos DB only`,
    ),
    indented(
      `callers: ${identity.validated} by validated token, ${identity.key} by key, ${identity.claimed} claimed only, ${identity.unknown} unknown`,
    ),
    ...input.rejects.map(({ stage, reason, count, sample }) =>
      indented(`rejected ${count} at ${stage}: ${reason} (${sample.slice(0, SAMPLE_CHARACTERS)})`),
    ),
    ...(blindSpots.length === 0 ? [] : [heading("Blind spots")]),
    ...blindSpots.map(({ says, fix }) => ({ before: "  - ", text: `${says} ${fix}` })),
  ];
}
