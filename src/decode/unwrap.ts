import type { Position } from "../model/record.ts";
import { type Decoded, decodeReject } from "./decoded.ts";

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

interface Element {
  readonly value: unknown;
  readonly position: Position;
  readonly repairs: readonly string[];
}

/** How deep envelopes may lie in each other: a text in a `records` list in a text … */
const ENVELOPES = 4;

/**
 * Takes records out of their envelopes: `{"records":[…]}`, a list, a list of JSON texts, rows of a Log Analytics query
 * (`tables`, `columns`, `rows`). What is no record is a reject.
 */
export function unwrap(element: Element, into: Decoded, depth = 0): void {
  const { value, position, repairs } = element;
  if (depth > ENVELOPES)
    return reject(into, element, "envelopes-too-deep", "Envelopes lie in each other more than four deep.");
  if (Array.isArray(value)) return unwrapList(value, element, into, depth);
  if (typeof value === "string") return unwrapText(value, element, into, depth);
  if (!isBag(value)) return reject(into, element, "not-a-record", "A record is a JSON object; this is none.");
  const list = envelopeOf(value);
  if (list !== undefined) return unwrapList(list, element, into, depth);
  if (isTables(value)) return unwrapTables(value, element, into);
  into.records.push({ value, position, repairs });
}

function envelopeOf(value: Bag): readonly unknown[] | undefined {
  const direct = Object.hasOwn(value, "records") ? value["records"] : undefined;
  if (Array.isArray(direct)) return direct;
  const keys = Object.keys(value);
  if (keys.length > 3) return undefined;
  const key = keys.find((name) => name.toLowerCase() === "records" || name === "value");
  const list = key === undefined ? undefined : value[key];
  return Array.isArray(list) ? list : undefined;
}

function unwrapList(list: readonly unknown[], element: Element, into: Decoded, depth: number): void {
  list.forEach((value, i) => {
    const index = element.position.index + i;
    unwrap({ value, position: { ...element.position, index }, repairs: element.repairs }, into, depth + 1);
  });
}

function unwrapText(text: string, element: Element, into: Decoded, depth: number): void {
  try {
    unwrap({ ...element, value: JSON.parse(text) }, into, depth + 1);
  } catch {
    reject(into, { ...element, value: text }, "not-json", "The list holds a text that is not JSON.");
  }
}

const isTables = (value: Bag): boolean =>
  Array.isArray(value["tables"]) || (Array.isArray(value["columns"]) && Array.isArray(value["rows"]));

/** Rows of the Log Analytics query API become objects by column name. */
function unwrapTables(value: Bag, element: Element, into: Decoded): void {
  const tables = Array.isArray(value["tables"]) ? value["tables"] : [value];
  let index = element.position.index;
  for (const table of tables) {
    if (!isBag(table) || !Array.isArray(table["columns"]) || !Array.isArray(table["rows"])) {
      reject(into, element, "not-a-table", "A table of a query's answer has `columns` and `rows`; this has not.");
      continue;
    }
    const names = table["columns"].map((column: unknown) =>
      isBag(column) ? String(column["name"] ?? column["ColumnName"]) : String(column),
    );
    for (const row of table["rows"]) {
      const position = { ...element.position, index: index++ };
      if (!Array.isArray(row))
        reject(into, { ...element, position }, "not-a-row", "A row is a list of values; this is none.");
      else
        into.records.push({
          value: Object.fromEntries(names.map((name, i) => [name, row[i]])),
          position,
          repairs: element.repairs,
        });
    }
  }
}

function reject(into: Decoded, { value, position }: Element, reason: string, detail: string): void {
  const shown = typeof value === "string" ? value : typeof value;
  into.rejects.push(decodeReject(position, { reason, detail }, shown));
}
