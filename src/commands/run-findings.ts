import { findingFromJson } from "../findings/finding-from-json.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding, Severity } from "../model/finding.ts";
import { type ApiClient, apiClient, type ApiFault, type ApiFlags } from "./api-client.ts";
import { EXIT } from "./exit-codes.ts";
import { lookOf } from "./look.ts";
import { COLOURS, type Line, shortTime } from "./report-line.ts";
import { findingLines, renderLines } from "./report-text.ts";

export interface FindingsFlags extends ApiFlags {
  readonly status?: readonly string[];
  readonly severity?: readonly string[];
  readonly cause?: readonly string[];
  readonly api?: readonly string[];
  readonly search?: string;
  readonly from?: string;
  readonly to?: string;
  readonly failOn?: Severity;
  readonly json?: boolean;
}

export interface MuteFlags extends ApiFlags {
  readonly reason?: string;
  readonly scope?: string;
  /** Milliseconds. */
  readonly for?: number;
}

const SEVERITIES: readonly Severity[] = ["low", "medium", "high"];
const PAGE = 500;

/** Prints the findings that the flags ask for; gives the exit code. */
export async function listFindings(flags: FindingsFlags): Promise<number> {
  const client = apiClient(flags, process.env);
  if (!client.ok) return failed(client.error);
  const items = await allItems(client.value, flags);
  if ("says" in items) return failed(items);
  const findings = items.map(findingFromJson);
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ items, next: null }, null, 2)}\n`);
  else process.stdout.write(renderLines(listLines(findings), lookOf(process.stdout)));
  const least = flags.failOn === undefined ? SEVERITIES.length : SEVERITIES.indexOf(flags.failOn);
  const isBad = findings.some(({ status, severity }) => status === "open" && SEVERITIES.indexOf(severity) >= least);
  return isBad ? EXIT.findings : EXIT.ok;
}

async function allItems(client: ApiClient, flags: FindingsFlags): Promise<readonly unknown[] | ApiFault> {
  const all: unknown[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page = await client.get(`/api/v1/findings?${queryOf(flags, cursor)}`);
    if (!page.ok) return page.error;
    const { items, next } = pageOf(page.value);
    all.push(...items);
    cursor = next;
  }
  return all;
}

function queryOf({ status, severity, cause, api, search, from, to }: FindingsFlags, cursor: string): string {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, values] of Object.entries({ status, severity, cause, api }))
    for (const value of values ?? []) query.append(name, value);
  for (const [name, value] of Object.entries({ q: search, from, to, cursor: cursor === "" ? undefined : cursor }))
    if (value !== undefined) query.set(name, value);
  return query.toString();
}

function pageOf(value: unknown): { readonly items: readonly unknown[]; readonly next: string | null } {
  if (typeof value !== "object" || value === null || !("items" in value) || !Array.isArray(value.items))
    throw new TypeError("the answer is no list");
  const items: readonly unknown[] = value.items;
  return { items, next: "next" in value && typeof value.next === "string" ? value.next : null };
}

const STATES = { open: "going on", resolved: "ended", muted: "muted" } as const;

function listLines(findings: readonly Finding[]): readonly Line[] {
  if (findings.length === 0) return [{ before: "", text: "No finding is like that." }];
  return findings.flatMap(({ id, title, severity, status, closed, onset, end, counts, cause }): readonly Line[] => [
    { before: `${severity.toUpperCase().padEnd(6)} `, text: `${id}  ${title}`, style: [COLOURS[severity], "bold"] },
    {
      before: "       ",
      text: `${STATES[status]}${closed === undefined ? "" : ` (${closed.says})`} · ${shortTime(onset)}${end === null ? "" : ` to ${shortTime(end)}`} UTC · ${counts.refused} of ${counts.calls} calls refused · ${cause.id}`,
    },
  ]);
}

/** Prints one finding; gives the exit code. */
export async function showFinding(id: string, flags: FindingsFlags): Promise<number> {
  const client = apiClient(flags, process.env);
  if (!client.ok) return failed(client.error);
  const answer = await client.value.get(`/api/v1/findings/${encodeURIComponent(id)}`);
  if (!answer.ok) return failed(answer.error);
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(answer.value, null, 2)}\n`
      : renderLines(findingLines(findingFromJson(answer.value)), lookOf(process.stdout)),
  );
  return EXIT.ok;
}

const DONE = { acknowledge: "acknowledged", mute: "muted", unmute: "unmuted" } as const;

/** Says a decision; gives the exit code. */
export async function decideFinding(kind: keyof typeof DONE, id: string, flags: MuteFlags): Promise<number> {
  const client = apiClient(flags, process.env);
  if (!client.ok) return failed(client.error);
  const { reason, scope } = flags;
  const until = flags.for === undefined ? undefined : new Date(Date.now() + flags.for).toISOString();
  const body = kind === "acknowledge" ? { reason } : { reason, scope, ...(until === undefined ? {} : { until }) };
  const answer = await client.value.post(`/api/v1/findings/${encodeURIComponent(id)}/${kind}`, body);
  if (!answer.ok) return failed(answer.error);
  process.stderr.write(`${plainText(id)} is ${DONE[kind]}${until === undefined ? "" : ` until ${until}`}.\n`);
  return EXIT.ok;
}

function failed({ says, exitCode }: ApiFault): number {
  process.stderr.write(`findings: ${plainText(says)}\n`);
  return exitCode;
}
