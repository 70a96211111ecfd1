import { csvText } from "../../lib/csv-text.ts";

/** Items as rows of one table: members of members have names with dots. */
export interface FlatTable {
  /** In the order of their first appearance. */
  readonly columns: readonly string[];
  readonly rows: readonly ReadonlyMap<string, unknown>[];
}

export function flatTable(items: readonly object[]): FlatTable {
  const rows = items.map((item) => new Map(flat(item, "")));
  return { columns: [...new Set(rows.flatMap((row) => [...row.keys()]))], rows };
}

function flat(value: object, prefix: string): readonly (readonly [string, unknown])[] {
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    isMembers(member) ? flat(member, `${prefix}${name}.`) : [[`${prefix}${name}`, member] as const],
  );
}

const isMembers = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a cell holds; lists are JSON. */
export function cellOf(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : JSON.stringify(value);
}

/** RFC 4180; nothing that a spreadsheet would run. */
export function csvOf({ columns, rows }: FlatTable): string {
  const lines = rows.map((row) => columns.map((column) => csvCell(cellOf(row.get(column)))).join(","));
  return `${[columns.map(csvText).join(","), ...lines].join("\r\n")}\r\n`;
}

function csvCell(cell: string | number | boolean | null): string {
  if (cell === null) return "";
  return typeof cell === "string" ? csvText(cell) : String(cell);
}
