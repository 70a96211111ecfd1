import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Tables whose rows Scopetrail reads: the only ones that a query is ever written for. */
export const TABLES = [
  "ApiManagementGatewayLogs",
  "CDBDataPlaneRequests",
  "CDBControlPlaneRequests",
  "AzureActivity",
  "AADManagedIdentitySignInLogs",
  "AADServicePrincipalSignInLogs",
  "AZKVAuditLogs",
  "AzureDiagnostics",
] as const;
export type TableName = (typeof TABLES)[number];

const FOLDER = join(import.meta.dirname, "../../queries");
const texts = new Map<string, string>();

function textOf(name: string): string {
  const known = texts.get(name) ?? readFileSync(join(FOLDER, `${name}.kql`), "utf8");
  texts.set(name, known);
  return known;
}

/** A span of time in ms since 1970: `from` belongs to it, `to` does not. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A part of a span: rows are told apart by time, and where that is not enough by a hash. */
export interface Slice extends Span {
  readonly shards: number;
  readonly shard: number;
}

/** The file `queries/NAME.kql` for one table, its `let` lines set; throws where the file has no such line. */
function queryFor(name: string, table: TableName, values: Readonly<Record<string, string>>): string {
  const lines = textOf(name)
    .split("\n")
    .filter((line) => !line.startsWith("//"));
  for (const [key, value] of Object.entries(values))
    replaceLine(lines, (line) => line.startsWith(`let ${key} = `), `let ${key} = ${value};`);
  replaceLine(lines, (line) => line === "ApiManagementGatewayLogs", table);
  return lines.join("\n").trim();
}

function replaceLine(lines: string[], isIt: (line: string) => boolean, by: string): void {
  const at = lines.findIndex(isIt);
  if (at < 0) throw new Error(`no line for ${by}`);
  lines[at] = by;
}

const literal = (ms: number): string => `datetime(${new Date(ms).toISOString()})`;
const spanValues = ({ from, to }: Span): Readonly<Record<string, string>> => ({
  since: literal(from),
  until: literal(to),
});
const sliceValues = (slice: Slice): Readonly<Record<string, string>> => ({
  ...spanValues(slice),
  pieces: String(slice.shards),
  piece: String(slice.shard),
});

export const rowsByIngestion = (table: TableName, slice: Slice): string =>
  queryFor("rows-by-ingestion", table, sliceValues(slice));
export const rowsPerMinute = (table: TableName, span: Span): string =>
  queryFor("rows-per-minute", table, spanValues(span));
export const rowsByTime = (table: TableName, slice: Slice): string =>
  queryFor("rows-by-time", table, sliceValues(slice));
export const rowsPerSpan = (table: TableName, span: Span, minutes: number): string =>
  queryFor("rows-per-span", table, { ...spanValues(span), span: `${minutes}m` });
