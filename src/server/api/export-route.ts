import type { Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { z } from "zod";
import type { Access, AccessCounts, AccessLine, AccessSpan } from "../../model/access.ts";
import { NO_REDACTION, parseProfile, PROFILE_TEXT } from "../../model/redaction-profile.ts";
import { epochMs, type Instant, instantFromMs } from "../../model/time.ts";
import { readerOf } from "../access/reading.ts";
import type { ExportSource, RowsChunk, RowsRequest } from "../export-source.ts";
import { problem } from "../problem.ts";
import { findingOf, type View } from "../view.ts";

/** What the API gives away of the kept calls, and who took it. */
export interface Evidence {
  readonly rows: ExportSource;
  /** Throws where it cannot be noted: nothing is given then. */
  note(access: Omit<Access, "at">): void;
  accesses(span: AccessSpan): Iterable<AccessLine>;
  counts(): AccessCounts;
}

/** Media types by which a format is asked for; the first is what is given to whoever accepts anything. */
export const EXPORT_TYPES = {
  "application/x-ndjson": "ndjson",
  "text/csv": "csv",
  "application/vnd.apache.parquet": "parquet",
  "application/vnd.apache.arrow.file": "arrow",
  "application/vnd.ocsf+x-ndjson": "ocsf",
  "text/x-cef": "cef",
} as const satisfies Readonly<Record<string, RowsRequest["format"]>>;

const ENTRIES = Object.entries(EXPORT_TYPES);
const SUFFIX = { ndjson: "ndjson", csv: "csv", parquet: "parquet", arrow: "arrow", ocsf: "ocsf.ndjson", cef: "cef" };

/** A day, or a time with its zone. */
const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], "a day or time such as 2026-03-01 or 2026-03-01T12:00:00Z")
  .transform((day) => instantFromMs(Date.parse(day)));
const word = z.string().min(1).max(400);

export const ExportQuery = z.strictObject({
  table: z.enum(["calls", "operations"]).default("calls"),
  from: instant.optional(),
  to: instant.optional(),
  principal: word.optional(),
  container: word.optional(),
  finding: z.string().min(1).max(40).optional(),
  redact: word
    .regex(PROFILE_TEXT, "such as address=truncate,identity=pseudonym")
    .transform((text, asked) => {
      const profile = parseProfile(text);
      if (profile.ok) return profile.value;
      asked.addIssue(profile.error);
      return z.NEVER;
    })
    .optional(),
});

export const AuditQuery = z.strictObject({ from: instant.optional(), to: instant.optional() });

/** Exports that run at once, and how long one waits for a client that takes nothing. */
const MOST_RUNNING = 2;
const PATIENCE_MS = 60_000;

/** `/api/v1/export` and `/api/v1/audit`: for auditors, streamed as they are taken, and noted. */
export function serveEvidence(app: Hono, view: View, evidence: Evidence): void {
  serveExport(app, view, evidence);
  serveAudit(app, evidence);
  for (const path of ["/api/v1/export", "/api/v1/audit"])
    app.all(path, (context) => problem(context, 405, "This resource does not do that.", { allow: "GET, HEAD" }));
}

function serveExport(app: Hono, view: View, evidence: Evidence): void {
  let running = 0;
  app.get("/api/v1/export", (context) => {
    const asked = read(ExportQuery, context);
    if (!asked.ok) return problem(context, 400, asked.says);
    const found = typeOf(context);
    if (found === undefined)
      return problem(context, 406, `This can be had as ${ENTRIES.map(([type]) => type).join(", ")}.`);
    const [type, format] = found;
    const { finding: id, ...rest } = asked.value;
    const finding = id === undefined ? undefined : findingOf(view, id);
    if (id !== undefined && finding === undefined) return problem(context, 404, "There is no such finding.");
    if (running >= MOST_RUNNING)
      return problem(context, 503, `${MOST_RUNNING} exports run already. Try again later.`, { "retry-after": "30" });
    const { principal, container, redact, from, to, table } = rest;
    const request: RowsRequest = {
      table,
      format,
      from,
      to,
      principal,
      container,
      redact: redact ?? NO_REDACTION,
      finding,
    };
    const noted = {
      who: readerOf()?.who ?? "unknown",
      via: "/api/v1/export",
      what: "export",
      filter: `${format}${new URL(context.req.url).search}`,
    } as const;
    if (!isNoted(evidence, { ...noted, rows: null, outcome: "begun" })) return problem(context, 503, UNNOTED);
    running += 1;
    const body = streamOf(evidence.rows(request), (rows, outcome) => {
      running -= 1;
      isNoted(evidence, { ...noted, rows, outcome });
    });
    context.header("content-disposition", `attachment; filename="${table}.${SUFFIX[format]}"`);
    context.header("cache-control", "no-store");
    context.header("vary", "Accept");
    return context.body(body, 200, { "content-type": type });
  });
}

function serveAudit(app: Hono, evidence: Evidence): void {
  app.get("/api/v1/audit", (context) => {
    const asked = read(AuditQuery, context);
    if (!asked.ok) return problem(context, 400, asked.says);
    const { from, to } = asked.value;
    const lines = evidence.accesses({ from: msOf(from), to: msOf(to) });
    const noted = {
      who: readerOf()?.who ?? "unknown",
      via: "/api/v1/audit",
      what: "audit",
      filter: new URL(context.req.url).search,
    } as const;
    if (!isNoted(evidence, { ...noted, rows: null, outcome: "begun" })) return problem(context, 503, UNNOTED);
    const body = streamOf(linesOf(lines), (rows, outcome) => isNoted(evidence, { ...noted, rows, outcome }));
    context.header("cache-control", "no-store");
    context.header("x-forgotten", String(evidence.counts().forgotten));
    return context.body(body, 200, { "content-type": "application/x-ndjson" });
  });
}

const UNNOTED = "Accesses cannot be noted now, and nothing is given without. The log of Scopetrail says why.";

function isNoted(evidence: Evidence, access: Omit<Access, "at">): boolean {
  try {
    evidence.note(access);
    return true;
  } catch {
    return false;
  }
}

const msOf = (at: Instant | undefined): number | undefined => (at === undefined ? undefined : epochMs(at));

/** The media type and format that is asked for; undefined where it is none of ours. */
function typeOf(context: Context): (typeof ENTRIES)[number] | undefined {
  const header = context.req.header("accept") ?? "*/*";
  const supports = ENTRIES.map(([type]) => type);
  const asked = accepts(context, { header: "Accept", supports, default: "" });
  return ENTRIES.find(([type]) => type === asked) ?? (header.includes("*/*") ? ENTRIES[0] : undefined);
}

function read<T extends z.ZodObject>(
  schema: T,
  context: Context,
): { readonly ok: true; readonly value: z.output<T> } | { readonly ok: false; readonly says: string } {
  const parsed = schema.safeParse(context.req.query());
  if (parsed.success) return { ok: true, value: parsed.data };
  const says = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".") || "request"}: ${message}`);
  return { ok: false, says: says.join("; ") };
}

/** Chunks as the client takes them; a client that goes away, or takes nothing for long, ends the work. */
function streamOf(
  chunks: AsyncGenerator<RowsChunk, void>,
  onEnd: (rows: number, outcome: "ok" | "cut" | "failed") => void,
): ReadableStream<Uint8Array> {
  let rows = 0;
  let isOpen = true;
  let patience: NodeJS.Timeout | undefined;
  const end = (outcome: "ok" | "cut" | "failed"): void => {
    clearTimeout(patience);
    if (!isOpen) return;
    isOpen = false;
    onEnd(rows, outcome);
    chunks.return().catch(() => undefined);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(patience);
        try {
          const { done, value } = await chunks.next();
          if (!isOpen) return;
          if (done === true) {
            end("ok");
            return controller.close();
          }
          ({ rows } = value);
          controller.enqueue(value.bytes);
          patience = setTimeout(() => {
            end("cut");
            controller.error(new Error("nothing was taken for a minute"));
          }, PATIENCE_MS);
        } catch (error) {
          end("failed");
          controller.error(error);
        }
      },
      cancel: () => end("cut"),
    },
    { highWaterMark: 1 },
  );
}

const LINES = 1_024;

async function* linesOf(lines: Iterable<AccessLine>): AsyncGenerator<RowsChunk, void> {
  let rows = 0;
  let text = "";
  for (const { at, ...rest } of lines) {
    text += `${JSON.stringify({ at: new Date(at).toISOString(), ...rest })}\n`;
    rows += 1;
    if (rows % LINES !== 0) continue;
    yield await Promise.resolve({ bytes: Buffer.from(text), rows });
    text = "";
  }
  yield { bytes: Buffer.from(text), rows };
}
