import { styleText } from "node:util";
import { plainText } from "../lib/plain-text.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { formatInstant } from "../model/time.ts";
import type { Look } from "./report-text.ts";

const HEAD = ["score", "principal", "account", "holds", "used", "last used", "verdict"] as const;
/** Columns under which rows are written one below the other. */
const NARROW = 110;

/** The table of principals for a person; one below the other on a narrow terminal. */
export function renderPrincipals(rows: readonly PrincipalRow[], { colour, columns }: Look): string {
  if (rows.length === 0)
    return "No principal, key or role assignment in these files. Add DataPlaneRequests logs and the outputs of `az cosmosdb sql role assignment list` and `az cosmosdb sql role definition list`.\n";
  const cells = rows.map(cellsOf);
  const bold = (text: string): string => (colour ? styleText("bold", text, { validateStream: false }) : text);
  if (columns !== undefined && columns < NARROW)
    return `${cells.map((row) => row.map((cell, i) => `${(HEAD[i] ?? "").padEnd(10)}${i === 1 ? bold(cell) : cell}`).join("\n")).join("\n\n")}\n`;
  const widths = HEAD.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padStart(widths[0] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return `${[bold(line(HEAD)), ...cells.map(line)].join("\n")}\n`;
}

const LONGEST = 60;

function cellsOf(row: PrincipalRow): readonly string[] {
  return [
    row.score.toFixed(1),
    `${row.principal}${row.kind === "principal" ? "" : ` (${row.kind})`}`,
    row.account,
    row.roles.length === 0 ? "-" : `${row.roles[0] ?? ""}${row.roles.length > 1 ? ` +${row.roles.length - 1}` : ""}`,
    `${row.actionsUsed} of ${row.actionsGranted}`,
    row.lastUsed === null ? "never" : formatInstant(row.lastUsed).slice(0, 10),
    row.verdict,
  ].map((cell) => plainText(cell).slice(0, LONGEST));
}
