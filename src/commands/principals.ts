import { readFile } from "node:fs/promises";
import { styleText } from "node:util";
import { Command, InvalidArgumentError } from "commander";
import { loadExceptions } from "../config/exceptions.ts";
import { toFindingJson, toPrincipalRowJson } from "../findings/report-json.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Finding } from "../model/finding.ts";
import { parseScope, type Scope } from "../model/grant.ts";
import type { PrivilegeException } from "../privileges/exceptions.ts";
import { leftOut, privilegeFindings } from "../privileges/findings.ts";
import type { Holder } from "../privileges/holder.ts";
import { holdersOf } from "../privileges/principals.ts";
import { type Privileges, privilegeSpots } from "../privileges/privileges.ts";
import { type PrincipalRow, principalRows } from "../privileges/rows.ts";
import { managementGrants } from "../sources/management-grants.ts";
import { SourceError } from "../sources/source-error.ts";
import { EXIT } from "./exit-codes.ts";
import { PathError } from "./path-error.ts";
import { renderPrincipals } from "./principals-text.ts";
import { privilegeLines } from "./privilege-text.ts";
import { parseRole, replayRole, replayText } from "./replay-role.ts";
import { readPrivileges } from "./read-privileges.ts";
import type { Line } from "./report-line.ts";
import { type Look, renderLines } from "./report-text.ts";

interface Flags {
  readonly in?: readonly string[];
  readonly json?: boolean;
  readonly exceptions?: string;
  readonly account?: readonly string[];
  readonly endpoint?: string;
}

const HELP = `
Examples:
  az cosmosdb sql role assignment list -a ACCOUNT -g GROUP > roles/assignments.json
  az cosmosdb sql role definition list -a ACCOUNT -g GROUP > roles/definitions.json
  scopetrail principals --in insights-logs-dataplanerequests/ roles/
  scopetrail principals --in logs/ --account "$(az cosmosdb show -n ACCOUNT -g GROUP --query id -o tsv)"
  scopetrail principals show OBJECT-ID --in logs/ roles/
  scopetrail principals replay OBJECT-ID --role narrow.json --scope /dbs/shop --in logs/ roles/

Exit codes: 0 ok · 2 usage, or a path that gives nothing · 3 refused by Azure · 4 unreachable · 5 a file not read to its end · 70 a bug`;

/** `scopetrail principals`, `principals show ID`, `principals replay ID` */
export function principalsCommand(): Command {
  const command = withInput(new Command("principals"))
    .description("Who holds which rights on Cosmos DB, and what of them is used; most that is not needed first.")
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      process.exitCode = await read(flags, list);
    });
  const show = withInput(new Command("show"))
    .description("One principal: what it holds, uses and needs, the smallest role, and the way there and back.")
    .argument("<id>", "object id, or the name of a key")
    .action(async (id: string, _: unknown, self: Command) => {
      process.exitCode = await read(self.optsWithGlobals<Flags>(), (known) => showOne(id.toLowerCase(), known));
    });
  const replay = withInput(new Command("replay"))
    .description("What past calls of a principal another role would have denied: how many, which, when.")
    .argument("<id>", "object id")
    .requiredOption("--role <file>", "JSON of a role: as for az cosmosdb sql role definition create --body")
    .option("--scope <scope...>", "where it would be assigned: /, /dbs/D or /dbs/D/colls/C", scopes, [])
    .action(async (id: string, own: { role: string; scope: readonly Scope[] }, self: Command) => {
      process.exitCode = await read(self.optsWithGlobals<Flags>(), (known) => replayOne(id.toLowerCase(), own, known));
    });
  return command.addCommand(show.exitOverride()).addCommand(replay.exitOverride());
}

const withInput = (command: Command): Command =>
  command
    .option("--in <paths...>", "log files, role lists and folders of them; - for standard input")
    .option("--json", "print JSON on standard output")
    .option("--account <arm-ids...>", "also ask Azure for the roles of these accounts, as DefaultAzureCredential")
    .option("--endpoint <url>", "the management interface of another cloud")
    .option("--exceptions <file>", "YAML or JSON of grants that somebody answers for");

function scopes(text: string, before: readonly Scope[]): readonly Scope[] {
  const scope = parseScope(text);
  if (scope === undefined) throw new InvalidArgumentError("/, /dbs/D or /dbs/D/colls/C");
  return [...before, scope];
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
async function read(flags: Flags, then: (known: Known) => number | Promise<number>): Promise<number> {
  const { in: paths = [], exceptions: file, json = false, account = [], endpoint } = flags;
  if (endpoint !== undefined && !isManagement(endpoint)) return usage("--endpoint is no https address.");
  if (paths.length === 0) return usage("no path given. Name files or folders with --in.");
  const exceptions = file === undefined ? { ok: true as const, value: NO_EXCEPTIONS } : await loadExceptions(file);
  if (!exceptions.ok) return usage(exceptions.error.join("\n"));
  let losses = 0;
  try {
    const privileges = await readPrivileges(paths, {
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
      look: lookOf(),
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

const NO_EXCEPTIONS: readonly PrivilegeException[] = [];

function usage(says: string): number {
  process.stderr.write(`principals: ${plainText(says)}\n`);
  return EXIT.usage;
}

const lookOf = (): Look => ({
  colour: styleText("bold", "x", { stream: process.stdout }) !== "x",
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
});

const print = (value: unknown): void => {
  process.stdout.write(typeof value === "string" ? value : `${JSON.stringify(value, null, 2)}\n`);
};

function list({ rows, json, look }: Known): number {
  print(
    json
      ? { schema: "scopetrail.principals/1", items: rows.map(toPrincipalRowJson), next: null }
      : renderPrincipals(rows, look),
  );
  return EXIT.ok;
}

function showOne(id: string, { rows, findings, json, look }: Known): number {
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
async function replayOne(
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
