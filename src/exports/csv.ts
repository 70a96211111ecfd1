import type { Cell, Column, Row } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { csvText } from "../lib/csv-text.ts";
import { formatMicros } from "./canonical.ts";
import type { ByteSink } from "./hashed-file.ts";

/** A text of no characters: a cell without quotes is null. */
const EMPTY = `""`;

/** RFC 4180 with a header line; null is an empty cell; texts that a spreadsheet would run have an apostrophe before them. */
export function csvFormat(
  columns: readonly Column[],
  file: Pick<ByteSink, "writeText">,
): { write(rows: readonly Row[]): void; end(): void } {
  file.writeText(`${columns.map(({ name }) => csvText(name)).join(",")}\r\n`);
  const cellText = (cell: Cell, i: number): string => {
    if (cell === null) return "";
    if (typeof cell === "string") return cell === "" ? EMPTY : csvText(cell.toWellFormed());
    return columns[i]?.type === "instant" && typeof cell === "number"
      ? formatMicros(instantFromTicks(cell))
      : String(cell);
  };
  return {
    write(rows) {
      for (const row of rows) file.writeText(`${row.map(cellText).join(",")}\r\n`);
    },
    end() {},
  };
}
