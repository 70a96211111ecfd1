import type { Cell, Column, Row } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { formatMicros } from "./canonical.ts";
import type { HashedFile } from "./hashed-file.ts";

/**
 * What a spreadsheet may take for a formula: these signs, also full-width, behind spaces or quotes. A cell that begins with
 * an apostrophe gets another one, so that what is written can be told from what was there.
 * Source: OWASP, CSV injection (CWE-1236).
 */
const FORMULA = /^[\s"\u{feff}\0]*[=+\-@\t\r\n\0＝＋－＠']/u;
/** A text of no characters: a cell without quotes is null. */
const EMPTY = `""`;
const QUOTED = /[",;\t\r\n]|^\s|\s$/;

/** A text as a cell that no spreadsheet runs: RFC 4180 quotes, an apostrophe before what looks like a formula. */
export function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180 with a header line; null is an empty cell; texts that a spreadsheet would run have an apostrophe before them. */
export function csvFormat(
  columns: readonly Column[],
  file: Pick<HashedFile, "writeText">,
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
