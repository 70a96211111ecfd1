import { type Column, EVIDENCE_SCHEMA, EVIDENCE_TABLES } from "../model/evidence.ts";
import { csvText } from "../lib/csv-text.ts";

const tables = Object.entries(EVIDENCE_TABLES);

const typeText = ({ type }: Column): string =>
  ({
    text: "text",
    integer: "integer",
    decimal: "decimal",
    instant: "UTC timestamp, microseconds",
    boolean: "boolean",
  })[type];

/** The data dictionary for a bundle: a line a column. */
export const dictionaryCsv = (): string =>
  ["table,column,type,nullable,meaning"]
    .concat(
      tables.flatMap(([table, columns]) =>
        columns.map((column) =>
          [table, column.name, column.type, column.required === true ? "no" : "yes", csvText(column.says)].join(","),
        ),
      ),
    )
    .map((line) => `${line}\r\n`)
    .join("");

/** The data dictionary for the manual, as Markdown. */
export function dictionaryMarkdown(): string {
  const parts = tables.flatMap(([table, columns]) =>
    [`## ${table}`, "", "| column | type | null | meaning |", "| --- | --- | --- | --- |"].concat(
      columns.map(
        (column) =>
          `| \`${column.name}\` | ${typeText(column)} | ${column.required === true ? "never" : "not told"} | ${column.says} |`,
      ),
      "",
    ),
  );
  return [
    "# What an exported call is",
    "",
    `Schema \`${EVIDENCE_SCHEMA}\`: two tables, the same in every format. Secrets are redacted before anything is stored.`,
    "",
    ...parts,
  ].join("\n");
}
