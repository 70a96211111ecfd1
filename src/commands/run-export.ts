import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accessCsv } from "../exports/access-csv.ts";
import { accessReviewHtml } from "../exports/access-review-page.ts";
import { accessReviewCsv } from "../exports/access-review.ts";
import { Bundle, type Written } from "../exports/bundle.ts";
import { newestBundle, rotationOf } from "../exports/chain.ts";
import { dictionaryCsv } from "../exports/dictionary.ts";
import { Digest } from "../exports/digest.ts";
import { Hours } from "../exports/hours.ts";
import { exportKql } from "../exports/kql.ts";
import type { Scope, Statement } from "../exports/manifest.ts";
import { ocsfFinding } from "../exports/ocsf-findings.ts";
import { Principals } from "../exports/principals.ts";
import { bundleReadme } from "../exports/readme.ts";
import { redactedFindings } from "../exports/redacted-findings.ts";
import { redactValue, rowRedactor } from "../exports/redaction.ts";
import { isRedacting } from "../model/redaction-profile.ts";
import { behind } from "../exports/schedule.ts";
import { selects, type Selection } from "../exports/scope.ts";
import { plainText } from "../lib/plain-text.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { CALL_COLUMNS, type CallEvidence, columnPlace, EVIDENCE_SCHEMA, OPERATION_COLUMNS } from "../model/evidence.ts";
import { formatInstant } from "../model/time.ts";
import type { ExportInput, ExportTalk, ReadInput } from "./export-input.ts";
import type { ExportOptions } from "./export-options.ts";
import { PathError } from "./path-error.ts";
import { VERSION } from "./version.ts";

export interface Exported extends Written {
  /** Some of the input could not be read. */
  readonly isPartial: boolean;
}

const OUTCOME = columnPlace(CALL_COLUMNS, "outcome");

/** Reads the input and writes the calls that are asked for as one bundle; gives why it cannot, in a sentence. `now` is ISO 8601. */
export async function exportCalls(
  options: ExportOptions,
  input: ExportInput,
  talk: Pick<ExportTalk, "onCalls">,
  now: string,
): Promise<Result<Exported, string>> {
  const previous = newestBundle(options.folder);
  if (!previous.ok) return previous;
  const rotation = rotationOf(options.key, previous.value, options.old);
  if (!rotation.ok) return rotation;
  try {
    const selection = await selectionOf(options, input);
    if (!selection.ok) return selection;
    const { folder, format, key, scheduled } = options;
    const bundle = new Bundle({
      folder,
      format,
      key,
      previous: previous.value,
      rotation: rotation.value,
      owner: scheduled?.before.name,
      hasTables: scheduled?.entry.kind !== "digest",
    });
    return ok(await writeWhole(bundle, { options, input, talk, now, selection: selection.value }));
  } catch (error) {
    if (error instanceof PathError) return err(error.message);
    throw error;
  }
}

async function writeWhole(bundle: Bundle, writing: Writing): Promise<Exported> {
  try {
    return await write(bundle, writing);
  } catch (error) {
    bundle.discard();
    throw error;
  }
}

/** A finding is known once everything was read: where calls of one are asked for, files are read twice. */
async function selectionOf(options: ExportOptions, input: ExportInput): Promise<Result<Selection, string>> {
  const { from, to, principal, container, finding: id } = options;
  if (id === undefined) return ok({ from, to, principal, container });
  const findings = await input.findings();
  const finding = findings.find((one) => one.id === id);
  if (finding !== undefined) return ok({ from, to, principal, container, finding });
  const known = findings.map((one) => one.id).join(", ");
  return err(
    `--finding: there is no ${plainText(id)} in this input; there ${known === "" ? "is none" : `is ${known}`}`,
  );
}

interface Writing {
  readonly options: ExportOptions;
  readonly input: ExportInput;
  readonly talk: Pick<ExportTalk, "onCalls">;
  readonly now: string;
  readonly selection: Selection;
}

async function write(bundle: Bundle, { options, input, talk, now, selection }: Writing): Promise<Exported> {
  const hours = new Hours();
  const { scheduled } = options;
  const isDigest = scheduled?.entry.kind === "digest";
  const digest = new Digest();
  const rows = rowWriter(isDigest ? digest : bundle, options, selection);
  const lateSince = scheduled === undefined || isDigest ? undefined : scheduled.before.closed;
  const read = await input.read({ from: selection.from, to: selection.to, lateSince }, (evidence) => {
    if (rows.isWithin(evidence)) hours.count(evidence);
    rows.add(evidence);
    if (rows.seen % 1_024 === 0) talk.onCalls(rows.seen, bundle.calls);
  });
  bundle.tables();
  const scope = scopeOf(options);
  const statement: Statement = {
    kind: isDigest ? "digest" : "export",
    schedule: scheduled === undefined ? null : behind(scheduled.before, scheduled.entry, read.closed),
    digests: isDigest ? digest.rows() : [],
    createdAt: now,
    tool: { name: "scopetrail", version: VERSION },
    command: commandOf(options, input, scope),
    scope,
    evidenceSchema: EVIDENCE_SCHEMA,
    redaction: {
      profile: { ...options.profile },
      keyId: isRedacting(options.profile) && !options.isKeyLost ? options.names.keyId : null,
    },
    sources: read.sources,
    conservation: read.conservation,
    calls: { seen: rows.seen, exported: bundle.calls, late: rows.late, ...Object.fromEntries(rows.outcomes) },
    reconciliation: hours.reconciliation(),
    gaps: read.gaps,
  };
  if (!isDigest) await documents(bundle, { statement, hours, principals: rows.principals, options, read });
  return { ...bundle.close(statement), isPartial: read.isPartial };
}

function rowWriter(table: Pick<Bundle, "add">, options: ExportOptions, selection: Selection) {
  // What is late of a schedule is before its day.
  const isAsked = selects(options.scheduled === undefined ? selection : { ...selection, from: undefined });
  const isWithin = selects({ from: selection.from, to: selection.to });
  const redactCall = rowRedactor(CALL_COLUMNS, options.profile, options.names);
  const redactOperation = rowRedactor(OPERATION_COLUMNS, options.profile, options.names);
  const principals = new Principals();
  const outcomes = new Map<string, number>();
  return {
    seen: 0,
    /** Of earlier days, closed after their export. */
    late: 0,
    principals,
    outcomes,
    isWithin,
    add(evidence: CallEvidence): void {
      this.seen += 1;
      if (!isAsked(evidence)) return;
      if (!isWithin(evidence)) this.late += 1;
      const call = redactCall(evidence.call);
      table.add({ call, operations: evidence.operations.map(redactOperation) });
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
  readonly read: ReadInput;
}

const VERIFIER = join(import.meta.dirname, "../exports/verify-export.mjs");

async function documents(bundle: Bundle, { statement, hours, principals, options, read }: Documents): Promise<void> {
  const { profile, names } = options;
  const redacted = redactedFindings(read.findings, profile, names);
  bundle.document("dictionary.csv", dictionaryCsv());
  bundle.document("findings.json", `${JSON.stringify(redacted, null, 2)}\n`);
  if (options.format === "ocsf") {
    const events = redactedFindings(read.findings, profile, names, ocsfFinding);
    bundle.document("findings.ocsf", events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  }
  bundle.document("principals.csv", principals.csv());
  const rows = read.principals;
  if (rows !== undefined) {
    bundle.document("access-review.csv", accessReviewCsv(rows, profile, names));
    const { createdAt: madeAt, tool } = statement;
    bundle.document(
      "access-review.html",
      await accessReviewHtml({ rows, profile, names, madeAt, version: tool.version }),
    );
  }
  if (read.accesses !== undefined) bundle.document("access.csv", accessCsv(read.accesses, profile, names));
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

function commandOf({ format }: ExportOptions, input: ExportInput, scope: Scope): string {
  const narrowed = Object.entries(scope).flatMap(([name, value]) => (value === null ? [] : [`--${name}`, value]));
  return ["scopetrail", "export", ...input.flags, ...narrowed, "--format", format].join(" ");
}
