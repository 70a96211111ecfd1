import type { Position } from "../model/record.ts";
import { type Decoded, decodeReject, foundIn } from "./decoded.ts";
import { repairJson } from "./repair.ts";

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

interface Element {
  readonly value: unknown;
  readonly position: Position;
  readonly repairs: readonly string[];
}

/** How deep envelopes may lie in each other: a text in a `records` list in a text … */
const ENVELOPES = 6;

/**
 * Takes records out of their envelopes: `{"records":[…]}`, a list, a list of JSON texts, events of Event Hubs as tools save
 * them, rows of a Log Analytics query (`tables`, `columns`, `rows`). What is no record is a reject.
 */
export function unwrap(element: Element, into: Decoded, depth = 0): void {
  const { value, position, repairs } = element;
  if (depth > ENVELOPES)
    return reject(into, element, "envelopes-too-deep", "Envelopes lie in each other more than six deep.");
  if (Array.isArray(value)) return unwrapList(value, element, into, depth);
  if (typeof value === "string") return unwrapText(value, element, into, depth);
  if (!isBag(value)) return reject(into, element, "not-a-record", "A record is a JSON object; this is none.");
  const inner = envelopeOf(value) ?? eventOf(value);
  if (inner !== undefined) return unwrapEnvelope(inner.value, element, into, depth);
  const answer = tablesOf(value);
  if (answer !== undefined) return unwrapTables(answer, element, into);
  into.records.push({ value, position, repairs });
}

/** Few members stand beside an envelope's list; a record has more. */
const ENVELOPE_MEMBERS = 8;

/** What an envelope holds: `records` in any case, or the `value` of an answer of Azure's REST interfaces. */
function envelopeOf(value: Bag): { readonly value: unknown } | undefined {
  if (Object.hasOwn(value, "records")) return { value: value["records"] };
  const keys = Object.keys(value);
  if (keys.length > ENVELOPE_MEMBERS) return undefined;
  const key = keys.find((name) => name.toLowerCase() === "records");
  if (key !== undefined) return { value: value[key] };
  const answer = keys.length <= 3 && Object.hasOwn(value, "value") ? value["value"] : undefined;
  return Array.isArray(answer) ? { value: answer } : undefined;
}

/** Members of an event of Event Hubs beside its body, as tools save it: any of them says that it is one. */
const OF_EVENTS = /^(?:sequencenumber|enqueuedtimeutc|x-opt-(?:sequence-number|enqueued-time))$/i;
const EVENT_MEMBERS = 32;
/** What Event Hubs' body is where it is not text. */
const BASE64 = /^[A-Za-z0-9+/\s]{16,}={0,2}\s*$/;

/** The body of an event that was saved with what Event Hubs says of it: JSON, its text, or that text in Base64. */
function eventOf(value: Bag): { readonly value: unknown } | undefined {
  const keys = Object.keys(value);
  if (keys.length > EVENT_MEMBERS || !keys.some((name) => OF_EVENTS.test(name))) return undefined;
  const body = keys.find((name) => name.toLowerCase() === "body");
  if (body === undefined) return undefined;
  const inner = value[body];
  return { value: typeof inner === "string" && BASE64.test(inner) ? fromBase64(inner) : inner };
}

const utf8 = new TextDecoder();

function fromBase64(text: string): string {
  try {
    return utf8.decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return text;
  }
}

function unwrapEnvelope(inner: unknown, element: Element, into: Decoded, depth: number): void {
  if (Array.isArray(inner) || typeof inner === "string" || (isBag(inner) && Object.keys(inner).length > 0))
    return unwrap({ ...element, value: inner }, into, depth + 1);
  reject(into, element, "no-records", "`records`, or the event's body, holds neither a list nor a record.");
}

function unwrapList(list: readonly unknown[], element: Element, into: Decoded, depth: number): void {
  const before = foundIn(into);
  for (const value of list) {
    const index = element.position.index + foundIn(into) - before;
    unwrap({ value, position: { ...element.position, index }, repairs: element.repairs }, into, depth + 1);
  }
}

function unwrapText(text: string, element: Element, into: Decoded, depth: number): void {
  const read = repairJson(text);
  if (read === undefined) return reject(into, element, "not-json", "A text where a record should be is not JSON.");
  unwrap({ ...element, value: read.value, repairs: [...element.repairs, ...read.repairs] }, into, depth + 1);
}

interface Answer {
  readonly tables: readonly unknown[];
  /** Set when the answer itself says that it is not whole. */
  readonly error: unknown;
}

/** The answer of a Log Analytics or Kusto query, in the spelling of the REST interface, of the clients or of Kusto. */
function tablesOf(value: Bag): Answer | undefined {
  const tables = memberOf(value, "tables", "Tables") ?? (Array.isArray(rowsOf(value)) ? [value] : undefined);
  if (!Array.isArray(tables) || (tables[0] === value && columnsOf(value) === undefined)) return undefined;
  return { tables, error: memberOf(value, "error", "Error", "partialError") };
}

const rowsOf = (table: Bag): unknown => memberOf(table, "rows", "Rows");

const columnsOf = (table: Bag): readonly unknown[] | undefined => {
  const columns = memberOf(table, "columns", "Columns", "columnDescriptors");
  return Array.isArray(columns) ? columns : undefined;
};

/** The first member that is there. */
function memberOf(bag: Bag, ...names: readonly string[]): unknown {
  for (const name of names) if (Object.hasOwn(bag, name)) return bag[name];
  return undefined;
}

const nameOf = (column: unknown): string =>
  isBag(column) ? String(memberOf(column, "name", "Name", "ColumnName", "columnName")) : String(column);

/** Rows of the Log Analytics query API become objects by column name. */
function unwrapTables({ tables, error }: Answer, element: Element, into: Decoded): void {
  let { index } = element.position;
  for (const table of tables) {
    const columns = isBag(table) ? columnsOf(table) : undefined;
    const rows = isBag(table) ? rowsOf(table) : undefined;
    if (!isBag(table) || columns === undefined || !Array.isArray(rows)) {
      reject(into, element, "not-a-table", "A table of a query's answer has `columns` and `rows`; this has not.");
      continue;
    }
    const names = columns.map(nameOf);
    const type = memberOf(table, "name", "Name", "TableName", "tableName");
    for (const row of rows) {
      const at = { ...element, position: { ...element.position, index: index++ } };
      if (Array.isArray(row)) pushRow(names, row, { ...at, value: type }, into);
      else reject(into, at, "not-a-row", "A row is a list of values; this is none.");
    }
  }
  if (error === undefined || error === null) return;
  const detail = "The answer says that it is not whole (`error`): ask again for less time at once.";
  reject(into, { ...element, position: { ...element.position, index } }, "partial-answer", detail);
}

/** A table's name tells what its rows are, where no column does; it stands in the column that `az` puts it in. */
function pushRow(names: readonly string[], row: readonly unknown[], at: Element, into: Decoded): void {
  const cells = names.map((name, i): [string, unknown] => [name, row[i]]);
  const isNamed = typeof at.value !== "string" || at.value === "PrimaryResult" || names.includes("TableName");
  const named: [string, unknown][] = isNamed ? cells : [...cells, ["TableName", at.value]];
  into.records.push({ value: Object.fromEntries(named), position: at.position, repairs: at.repairs });
}

function reject(into: Decoded, { value, position }: Element, reason: string, detail: string): void {
  const shown = typeof value === "string" ? value : typeof value;
  into.rejects.push(decodeReject(position, { reason, detail }, shown));
}
