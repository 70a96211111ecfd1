import { readFile } from "node:fs/promises";
import { toFindingJson, toPrincipalRowJson } from "../findings/report-json.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding } from "../model/finding.ts";
import type { Scope } from "../model/grant.ts";
import { leftOut, privilegeFindings } from "../privileges/findings.ts";
import type { Holder } from "../privileges/holder.ts";
import { holdersOf } from "../privileges/principals.ts";
import { type Privileges, privilegeSpots } from "../privileges/privileges.ts";
import { type PrincipalRow, principalRows } from "../privileges/rows.ts";
import { managementGrants } from "../sources/management-grants.ts";
import { SourceError } from "../sources/source-error.ts";
import { exceptionsOf } from "./exceptions-of.ts";
import { EXIT } from "./exit-codes.ts";
import { lookOf } from "./look.ts";
import { PathError } from "./path-error.ts";
import { renderPrincipals } from "./principals-text.ts";
import { privilegeLines } from "./privilege-text.ts";
import { parseRole, replayRole, replayText } from "./replay-role.ts";
import { readPrivileges } from "./read-privileges.ts";
import type { Line } from "./report-line.ts";
import { type Look, renderLines } from "./report-text.ts";

export interface PrincipalsFlags {
  readonly in?: readonly string[];
  readonly json?: boolean;
  readonly exceptions?: string;
  readonly account?: readonly string[];
  readonly endpoint?: string;
}

interface Known {
  readonly privileges: Privileges;
  readonly holders: readonly Holder[];
  readonly findings: readonly Finding[];
  readonly rows: readonly PrincipalRow[];
  readonly json: boolean;
  readonly look: Look;
}

/** Reads, then lets `then` print; gives the exit code. */
export async function read(flags: PrincipalsFlags, then: (known: Known) => number | Promise<number>): Promise<number> {
  const { in: paths = [], exceptions: file, json = false, account = [], endpoint } = flags;
  if (endpoint !== undefined && !isManagement(endpoint)) return usage("--endpoint is no https address.");
  if (paths.length === 0) return usage("no path given. Name files or folders with --in.");
  const exceptions = await exceptionsOf(file);
  if (!exceptions.ok) return usage(exceptions.error.join("\n"));
  let losses = 0;
  try {
    const privileges = await readPrivileges(paths, {
      exceptions: exceptions.value,
      grants: account.map((id) => managementGrants({ account: id, ...(endpoint === undefined ? {} : { endpoint }) })),
      onLoss(says) {
        losses += 1;
        process.stderr.write(`principals: ${plainText(says)}\n`);
      },
    });
    const holders = holdersOf(privileges);
    const judging = { privileges, exceptions: exceptions.value, now: privileges.ledger.newest };
    const findings = privilegeFindings(holders, judging);
    for (const { says, fix } of privilegeSpots(privileges, leftOut(holders)))
      process.stderr.write(`principals: ${plainText(says)} ${fix}\n`);
    const code = await then({
      privileges,
      holders,
      findings,
      rows: principalRows(holders, findings),
      json,
      look: lookOf(process.stdout),
    });
    return code === EXIT.ok && losses > 0 ? EXIT.partial : code;
  } catch (error) {
    if (error instanceof SourceError) return sourceFault(error);
    if (!(error instanceof PathError)) throw error;
    return usage(error.message);
  }
}

/** A token is sent there: in the clear only to this machine. */
function isManagement(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && (hostname === "127.0.0.1" || hostname === "localhost"));
}

function sourceFault({ kind, message }: SourceError): number {
  process.stderr.write(`principals: ${plainText(message)}\n`);
  if (kind === "refused") return EXIT.refused;
  return kind === "config" ? EXIT.usage : EXIT.unreachable;
}

function usage(says: string): number {
  process.stderr.write(`principals: ${plainText(says)}\n`);
  return EXIT.usage;
}

const print = (value: unknown): void => {
  process.stdout.write(typeof value === "string" ? value : `${JSON.stringify(value, null, 2)}\n`);
};

/** Prints all principals. */
export function list({ rows, json, look }: Known): number {
  print(
    json
      ? { schema: "scopetrail.principals/1", items: rows.map(toPrincipalRowJson), next: null }
      : renderPrincipals(rows, look),
  );
  return EXIT.ok;
}

/** Prints one principal. */
export function showOne(id: string, { rows, findings, json, look }: Known): number {
  const mine = rows.filter(({ principal }) => principal.toLowerCase() === id);
  if (mine.length === 0) return usage(`${id} neither holds nor uses anything in these files.`);
  const ids = new Set(mine.flatMap(({ findings: own }) => own));
  const own = findings.filter(({ id: finding }) => ids.has(finding));
  if (json)
    print({
      schema: "scopetrail.principal/1",
      principal: id,
      accounts: mine.map(toPrincipalRowJson),
      findings: own.map(toFindingJson),
    });
  else {
    const lines = own.flatMap((finding) => linesOf(finding));
    print(`${renderPrincipals(mine, look)}\n${renderLines(lines, look)}`);
  }
  return EXIT.ok;
}

const BLANK: Line = { before: "", text: "" };
const linesOf = (finding: Finding): readonly Line[] =>
  finding.privilege === null ? [] : [...privilegeLines(finding, finding.privilege), BLANK];

/** Prints what a role would have denied. */
export async function replayOne(
  id: string,
  { role: file, scope }: { readonly role: string; readonly scope: readonly Scope[] },
  { privileges, holders, json }: Known,
): Promise<number> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    return usage(
      `${file}: cannot be read (${error instanceof Error && "code" in error ? String(error.code) : "unknown"}).`,
    );
  }
  const role = parseRole(text);
  if (!role.ok) return usage(`${file}: ${role.error}`);
  const mine = holders.filter(({ principal, grants }) => principal === id && grants.length > 0);
  if (mine.length === 0) return usage(`${id} holds no role in these files: there is nothing to compare with.`);
  const results = mine.map((holder) => replayRole(privileges.ledger, holder, { actions: role.value, scopes: scope }));
  print(
    json ? { schema: "scopetrail.replay/1", principal: id, accounts: results } : results.map(replayText).join("\n"),
  );
  return EXIT.ok;
}
