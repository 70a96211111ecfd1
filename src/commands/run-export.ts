import { readFileSync } from "node:fs";
import { join } from "node:path";
import { callEvidence } from "../correlate/call-evidence.ts";
import { Bundle, type Written } from "../exports/bundle.ts";
import { newestBundle, rotationOf } from "../exports/chain.ts";
import { dictionaryCsv } from "../exports/dictionary.ts";
import { Hours } from "../exports/hours.ts";
import { exportKql } from "../exports/kql.ts";
import type { Scope, Statement } from "../exports/manifest.ts";
import { Principals } from "../exports/principals.ts";
import { bundleReadme } from "../exports/readme.ts";
import { redactedFindings } from "../exports/redacted-findings.ts";
import { isRedacting, redactValue, rowRedactor } from "../exports/redaction.ts";
import { selects, type Selection } from "../exports/scope.ts";
import { plainText } from "../lib/plain-text.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { CALL_COLUMNS, type CallEvidence, columnPlace, EVIDENCE_SCHEMA, OPERATION_COLUMNS } from "../model/evidence.ts";
import type { Report } from "../model/report.ts";
import { formatInstant } from "../model/time.ts";
import { analyzePaths } from "./analyze.ts";
import type { ExportOptions } from "./export-options.ts";
import { PathError } from "./path-error.ts";
import { tomorrow } from "./read-privileges.ts";
import { SourcePositions } from "./source-positions.ts";
import { VERSION } from "./version.ts";

/** What an export tells while it runs. */
export interface ExportTalk {
  readonly onRead: (bytes: number, records: number) => void;
  readonly onCalls: (seen: number, exported: number) => void;
  readonly onLoss: (says: string) => void;
}

export interface Exported extends Written {
  /** Some of the input could not be read. */
  readonly isPartial: boolean;
}

const OUTCOME = columnPlace(CALL_COLUMNS, "outcome");

/**
 * Reads log files to their ends and writes the calls that are asked for as one bundle; gives why it cannot, in a sentence.
 * `now` is ISO 8601.
 */
export async function exportPaths(
  options: ExportOptions,
  talk: ExportTalk,
  now: string,
): Promise<Result<Exported, string>> {
  const previous = newestBundle(options.folder);
  if (!previous.ok) return previous;
  const rotation = rotationOf(options.key, previous.value, options.old);
  if (!rotation.ok) return rotation;
  const selection = await selectionOf(options, talk);
  if (!selection.ok) return selection;
  const { folder, format, key } = options;
  const bundle = new Bundle({ folder, format, key, previous: previous.value, rotation: rotation.value });
  try {
    return ok(await write(bundle, { options, talk, now, selection: selection.value }));
  } catch (error) {
    bundle.discard();
    if (error instanceof PathError) return err(error.message);
    throw error;
  }
}

/** A finding is known once everything was read: where calls of one are asked for, the input is read twice. */
async function selectionOf(options: ExportOptions, talk: ExportTalk): Promise<Result<Selection, string>> {
  const { from, to, principal, container, finding: id } = options;
  if (id === undefined) return ok({ from, to, principal, container });
  try {
    const report = await analyzePaths(options.paths, { until: tomorrow(), onProgress: talk.onRead });
    const finding = report.findings.find((one) => one.id === id);
    if (finding !== undefined) return ok({ from, to, principal, container, finding });
    const known = report.findings.map((one) => one.id).join(", ");
    return err(
      `--finding: there is no ${plainText(id)} in this input; there ${known === "" ? "is none" : `is ${known}`}`,
    );
  } catch (error) {
    if (error instanceof PathError) return err(error.message);
    throw error;
  }
}

interface Writing {
  readonly options: ExportOptions;
  readonly talk: ExportTalk;
  readonly now: string;
  readonly selection: Selection;
}

async function write(bundle: Bundle, { options, talk, now, selection }: Writing): Promise<Exported> {
  const positions = new SourcePositions();
  const hours = new Hours();
  const losses: string[] = [];
  const rows = rowWriter(bundle, options, selection);
  const report = await analyzePaths(options.paths, {
    until: tomorrow(),
    onBatch: (batch) => positions.read(batch),
    onProgress: talk.onRead,
    onLoss(says) {
      losses.push(says);
      talk.onLoss(says);
    },
    onCall(call) {
      const evidence = callEvidence(call);
      if (rows.isWithin(evidence)) hours.count(call);
      rows.add(evidence);
      if (rows.seen % 1_024 === 0) talk.onCalls(rows.seen, bundle.calls);
    },
  });
  bundle.tables();
  const scope = scopeOf(options);
  const statement: Statement = {
    createdAt: now,
    tool: { name: "scopetrail", version: VERSION },
    command: commandOf(options, scope),
    scope,
    evidenceSchema: EVIDENCE_SCHEMA,
    redaction: {
      profile: { ...options.profile },
      keyId: isRedacting(options.profile) && !options.isKeyLost ? options.names.keyId : null,
    },
    sources: positions.list(),
    conservation: conservationOf(report),
    calls: { seen: rows.seen, exported: bundle.calls, ...Object.fromEntries(rows.outcomes) },
    reconciliation: hours.reconciliation(),
    gaps: [...report.blindSpots.map(({ says }) => says), ...losses],
  };
  documents(bundle, { statement, hours, principals: rows.principals, options, report });
  return { ...bundle.close(statement), isPartial: losses.length > 0 };
}

function rowWriter(bundle: Bundle, options: ExportOptions, selection: Selection) {
  const isAsked = selects(selection);
  const isWithin = selects({ from: selection.from, to: selection.to });
  const redactCall = rowRedactor(CALL_COLUMNS, options.profile, options.names);
  const redactOperation = rowRedactor(OPERATION_COLUMNS, options.profile, options.names);
  const principals = new Principals();
  const outcomes = new Map<string, number>();
  return {
    seen: 0,
    principals,
    outcomes,
    isWithin,
    add(evidence: CallEvidence): void {
      this.seen += 1;
      if (!isAsked(evidence)) return;
      const call = redactCall(evidence.call);
      bundle.add({ call, operations: evidence.operations.map(redactOperation) });
      principals.count(call);
      const outcome = String(call[OUTCOME]);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    },
  };
}

interface Documents {
  readonly statement: Statement;
  readonly hours: Hours;
  readonly principals: Principals;
  readonly options: ExportOptions;
  readonly report: Report;
}

const VERIFIER = join(import.meta.dirname, "../exports/verify-export.mjs");

function documents(bundle: Bundle, { statement, hours, principals, options, report }: Documents): void {
  const findings = redactedFindings(report.findings, options.profile, options.names);
  bundle.document("dictionary.csv", dictionaryCsv());
  bundle.document("findings.json", `${JSON.stringify(findings, null, 2)}\n`);
  bundle.document("principals.csv", principals.csv());
  bundle.document("hours.csv", hours.csv());
  bundle.document("calls.kql", exportKql(statement.scope));
  bundle.document("verify.mjs", readFileSync(VERIFIER, "utf8"));
  bundle.document("README.txt", bundleReadme({ ...statement, ...bundle.place }));
}

/** What was asked for, as the export may tell it: a principal is redacted there as well. */
function scopeOf({ from, to, principal, container, finding, profile, names }: ExportOptions): Scope {
  return {
    from: from === undefined ? null : formatInstant(from),
    to: to === undefined ? null : formatInstant(to),
    principal: principal === undefined ? null : (redactValue(principal, "identity", profile, names) ?? "(dropped)"),
    container: container ?? null,
    finding: finding ?? null,
  };
}

function commandOf({ paths, format }: ExportOptions, scope: Scope): string {
  const narrowed = Object.entries(scope).flatMap(([name, value]) => (value === null ? [] : [`--${name}`, value]));
  return ["scopetrail", "export", "--in", ...paths, ...narrowed, "--format", format].join(" ");
}

const conservationOf = ({ input }: Report): Statement["conservation"] => ({
  records: input.records,
  accepted: input.accepted,
  duplicate: input.duplicate,
  filtered: input.filtered,
  rejected: input.rejected,
});
