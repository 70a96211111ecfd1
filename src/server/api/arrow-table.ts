import { cellOf, type FlatTable } from "./flat-table.ts";

/**
 * A table as an Arrow IPC stream: numbers as float64, true and false as booleans, all else, and what is mixed, as text. The
 * library is loaded when it is asked for first.
 */
export async function arrowOf({ columns, rows }: FlatTable): Promise<Uint8Array<ArrayBuffer>> {
  const { Bool, Float64, Table, tableToIPC, Utf8, vectorFromArray } = await import("apache-arrow");
  const vectors = columns.map((column) => {
    const cells = rows.map((row) => cellOf(row.get(column)));
    const kinds = new Set(cells.filter((cell) => cell !== null).map((cell) => typeof cell));
    const [kind] = kinds;
    if (kinds.size === 1 && kind === "number") return [column, vectorFromArray(cells, new Float64())] as const;
    if (kinds.size === 1 && kind === "boolean") return [column, vectorFromArray(cells, new Bool())] as const;
    const texts = cells.map((cell) => (cell === null ? null : String(cell)));
    return [column, vectorFromArray(texts, new Utf8())] as const;
  });
  return new Uint8Array(tableToIPC(new Table(Object.fromEntries(vectors)), "stream"));
}
