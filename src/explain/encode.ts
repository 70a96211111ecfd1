/** Compared trials: value ids a column (-1 absent), refused and all trials a row. */
export interface Table {
  readonly columns: readonly Int32Array[];
  readonly f: Float64Array;
  readonly n: Float64Array;
}

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
  readonly origin: Int32Array;
  /** The first rows, those with refusals. */
  readonly failing: number;
  readonly refused: number;
  readonly trials: number;
}

export function encode(table: Table, rows: readonly number[]): Encoded {
  const refusedRows = rows.filter((row) => (table.f[row] ?? 0) > 0);
  const origin = Int32Array.from([...refusedRows, ...rows.filter((row) => (table.f[row] ?? 0) <= 0)]);
  const raw = table.columns.map((column) => pick(column, origin));
  const values = raw.map((column) => [...new Set(column.subarray(0, refusedRows.length))].filter((id) => id >= 0));
  const f = new Float64Array(origin.length);
  const n = new Float64Array(origin.length);
  let refused = 0;
  let trials = 0;
  for (let i = 0; i < origin.length; i++) {
    const row = origin[i] ?? 0;
    f[i] = table.f[row] ?? 0;
    n[i] = table.n[row] ?? 0;
    refused += f[i] ?? 0;
    trials += n[i] ?? 0;
  }
  const columns = raw.map((column, i) => renumber(column, values[i] ?? []));
  return { columns, raw, values, f, n, origin, failing: refusedRows.length, refused, trials };
}

function pick(column: Int32Array, rows: Int32Array): Int32Array {
  const picked = new Int32Array(rows.length);
  for (let i = 0; i < rows.length; i++) picked[i] = column[rows[i] ?? 0] ?? -1;
  return picked;
}

function renumber(column: Int32Array, values: readonly number[]): Int32Array {
  const local = new Int32Array(values.reduce((most, id) => Math.max(most, id), -1) + 1).fill(-1);
  values.forEach((id, at) => {
    local[id] = at;
  });
  const renumbered = new Int32Array(column.length);
  for (let i = 0; i < column.length; i++) renumbered[i] = local[column[i] ?? -1] ?? -1;
  return renumbered;
}
