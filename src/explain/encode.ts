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
  /** Where the rows are from: it has the values that were never refused, too. */
  readonly table: Table;
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
  const origin = new Int32Array(rows.length);
  let failing = 0;
  for (const row of rows) if ((table.f[row] ?? 0) > 0) origin[failing++] = row;
  let last = failing;
  for (const row of rows) if ((table.f[row] ?? 0) <= 0) origin[last++] = row;
  const f = new Float64Array(last);
  const n = new Float64Array(last);
  let refused = 0;
  let trials = 0;
  for (let i = 0; i < last; i++) {
    const row = origin[i] ?? 0;
    f[i] = table.f[row] ?? 0;
    n[i] = table.n[row] ?? 0;
    refused += f[i] ?? 0;
    trials += n[i] ?? 0;
  }
  const values = table.columns.map((column) => valuesIn(column, origin, failing));
  const columns = table.columns.map((column, i) => renumber(column, origin, values[i] ?? []));
  return { columns, table, values, f, n, origin, failing, refused, trials };
}

/** Values of the first rows, in the order in which they come. */
function valuesIn(column: Int32Array, rows: Int32Array, first: number): readonly number[] {
  const found = new Set<number>();
  for (let i = 0; i < first; i++) found.add(column[rows[i] ?? 0] ?? -1);
  found.delete(-1);
  return [...found];
}

function renumber(column: Int32Array, rows: Int32Array, values: readonly number[]): Int32Array {
  const renumbered = new Int32Array(rows.length).fill(-1);
  if (values.length === 0) return renumbered;
  const local = new Int32Array(values.reduce((most, id) => Math.max(most, id), -1) + 1).fill(-1);
  values.forEach((id, at) => {
    local[id] = at;
  });
  for (let i = 0; i < rows.length; i++) renumbered[i] = local[column[rows[i] ?? 0] ?? -1] ?? -1;
  return renumbered;
}
