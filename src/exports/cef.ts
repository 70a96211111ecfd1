import { type Cell, type Column, columnPlace, type Row } from "../model/evidence.ts";
import { epochMs, instantFromTicks } from "../model/time.ts";
import type { ByteSink } from "./hashed-file.ts";

/** In a header, `|` and `\` are escaped; a line break would end the event. Source: ArcSight CEF implementation standard. */
export const cefHeader = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\\|]/g, String.raw`\$&`)
    .replaceAll(/\p{Cc}/gu, " ");

/** In a value, `=` and `\` are escaped, and a line break is written as `\n`. */
export const cefValue = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\\=]/g, String.raw`\$&`)
    .replaceAll(/\r\n|\r|\n/g, String.raw`\n`)
    .replaceAll(/\p{Cc}/gu, " ");

/** A key of the standard's dictionary, and the column that it holds. */
type Key = readonly [key: string, column: string];

const CALL_KEYS: readonly Key[] = [
  ["externalId", "id"],
  ["outcome", "outcome"],
  ["reason", "reason"],
  ["src", "caller_address"],
  ["suid", "caller_object"],
  ["suser", "caller_app"],
  ["requestMethod", "method"],
  ["request", "url"],
  ["requestClientApplication", "user_agent"],
  ["dhost", "gateway_host"],
  ["deviceExternalId", "gateway"],
];
/** Custom texts: their labels are the names of the columns. */
const CALL_TEXTS = ["identity", "api", "operation", "subscription", "account", "container"];

const OPERATION_KEYS: readonly Key[] = [
  ["externalId", "activity_id"],
  ["src", "client_address"],
  ["suid", "principal"],
  ["requestClientApplication", "user_agent"],
  ["deviceExternalId", "account"],
];
const OPERATION_TEXTS = ["call_id", "credential", "role_assignment", "database", "container", "resource_type"];

const SEVERITIES: ReadonlyMap<Cell, number> = new Map<Cell, number>([
  ["refused", 6],
  ["look-alike", 4],
  ["other", 3],
  ["succeeded", 1],
]);

/** One event a row, for systems that take CEF; the columns that the standard has no key for stay out. */
export function cefFormat(
  columns: readonly Column[],
  file: Pick<ByteSink, "writeText">,
  version: string,
): { write(rows: readonly Row[]): void; end(): void } {
  const isCall = columns.some(({ name }) => name === "outcome");
  const place = (name: string): number => columnPlace(columns, name);
  const keys = (isCall ? CALL_KEYS : OPERATION_KEYS).map(([key, name]) => ({ key, at: place(name) }));
  const texts = (isCall ? CALL_TEXTS : OPERATION_TEXTS).map((name) => ({ name, at: place(name) }));
  const [time, status, name] = [place("time"), place("status"), place(isCall ? "outcome" : "operation")];
  const lineOf = (row: Row): string => {
    const text = (at: number): string => String(row[at] ?? "");
    const code = Number(row[status] ?? 0);
    const severity = isCall ? (SEVERITIES.get(row[name] ?? null) ?? 3) : code === 401 || code === 403 ? 6 : 1;
    const kind = isCall ? `call-${text(name)}` : "cosmos-operation";
    const head = ["CEF:0", "Scopetrail", "Scopetrail", version, kind, isCall ? `API call ${text(name)}` : text(name)];
    const extension = [
      `rt=${epochMs(instantFromTicks(Number(row[time])))}`,
      `cn1Label=status cn1=${code}`,
      ...keys.flatMap(({ key, at }) => (row[at] === null ? [] : [`${key}=${cefValue(text(at))}`])),
      ...texts.flatMap(({ name: label, at }, i) =>
        row[at] === null ? [] : [`cs${i + 1}Label=${label} cs${i + 1}=${cefValue(text(at))}`],
      ),
    ];
    return `${head.map((part, i) => (i === 0 ? part : cefHeader(part))).join("|")}|${severity}|${extension.join(" ")}\n`;
  };
  return {
    write(rows) {
      for (const row of rows) file.writeText(lineOf(row));
    },
    end() {},
  };
}
