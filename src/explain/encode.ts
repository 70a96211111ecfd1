import type { Table } from "./cover.ts";

/** A part of a table, refused rows first, with values renumbered to those that occur among refused rows. */
export interface Encoded {
  /** Local value a row; -1 when absent or never refused: such a value cannot stand in a rule. */
  readonly columns: readonly Int32Array[];
  /** Ids of the table a row, for siblings that were never refused. */
  readonly raw: readonly Int32Array[];
  /** Local value → id of the table, a column. */
  readonly values: readonly (readonly number[])[];
  readonly f: Float64Array;
  readonly n: Float64Array;
  /** Rows of the table. */
  readonly origin: readonly number[];
  /** The first rows, those with refusals. */
  readonly failing: number;
  readonly refused: number;
  readonly trials: number;
}

export function encode(table: Table, rows: readonly number[]): Encoded {
  const refusedRows = rows.filter((row) => (table.f[row] ?? 0) > 0);
  const origin = [...refusedRows, ...rows.filter((row) => (table.f[row] ?? 0) <= 0)];
  const raw = table.columns.map((column) => Int32Array.from(origin, (row) => column[row] ?? -1));
  const values = raw.map((column) => [...new Set(column.subarray(0, refusedRows.length))].filter((id) => id >= 0));
  const columns = raw.map((column, i) => {
    const local = new Map(values[i]?.map((id, at) => [id, at]));
    return column.map((id) => local.get(id) ?? -1);
  });
  const f = Float64Array.from(origin, (row) => table.f[row] ?? 0);
  const n = Float64Array.from(origin, (row) => table.n[row] ?? 0);
  return {
    columns,
    raw,
    values,
    f,
    n,
    origin,
    failing: refusedRows.length,
    refused: f.reduce((a, b) => a + b, 0),
    trials: n.reduce((a, b) => a + b, 0),
  };
}
