import { DIMENSIONS, type Dimension, type DimensionValues } from "../model/call.ts";

/** What rows are compared by: the dimensions, and the single addresses inside the two network dimensions. */
export const COLUMNS = [...DIMENSIONS, "callerAddress", "clientAddress"] as const;
export type Column = (typeof COLUMNS)[number];
export const WIDTH = COLUMNS.length;

/**
 * Columns that are a consequence of the refusal, not a circumstance of the call: they name the symptom, and comparing by
 * them would always "explain" it.
 */
const CONSEQUENCES: ReadonlySet<Column> = new Set<Column>(["subStatus", "tokenAge", "roleAssignment", "authMethod"]);

/** Whether refused and succeeded calls may be compared by the column. */
export const COMPARED: readonly boolean[] = COLUMNS.map((column) => !CONSEQUENCES.has(column));

const INDEX = new Map<Column, number>(COLUMNS.map((column, i) => [column, i]));

export function columnIndex(column: Column): number {
  const index = INDEX.get(column);
  if (index === undefined) throw new Error(`no such column: ${column}`);
  return index;
}

/** The dimension under which a column's value is shown. */
export function dimensionOf(column: Column): Dimension {
  if (column === "callerAddress") return "callerNetwork";
  return column === "clientAddress" ? "clientNetwork" : column;
}

/** Values of one column by id; ids are dense from 0. */
export interface Dictionary {
  readonly ids: Map<string, number>;
  readonly values: string[];
  /** Values met after the dictionary was full: they count as absent. */
  beyond: number;
}

/** A column with more values than this separates nothing that a person could use; further ones count as absent. */
const VALUES_PER_COLUMN = 50_000;

export const createDictionary = (): Dictionary => ({ ids: new Map(), values: [], beyond: 0 });

/** The value's id; -1 when absent or when the column is full. */
export function intern(dictionary: Dictionary, value: string | undefined): number {
  if (value === undefined) return -1;
  const known = dictionary.ids.get(value);
  if (known !== undefined) return known;
  if (dictionary.values.length >= VALUES_PER_COLUMN) {
    dictionary.beyond += 1;
    return -1;
  }
  const id = dictionary.values.length;
  dictionary.ids.set(value, id);
  dictionary.values.push(value);
  return id;
}

/** Writes the ids of one trial into `row`. */
export function encodeRow(
  dictionaries: readonly Dictionary[],
  values: DimensionValues,
  addresses: { readonly caller: string | undefined; readonly client: string | undefined },
  row: Int32Array,
): void {
  for (let i = 0; i < DIMENSIONS.length; i++) {
    const dictionary = dictionaries[i];
    const dimension = DIMENSIONS[i];
    if (dictionary !== undefined && dimension !== undefined) row[i] = intern(dictionary, values[dimension]);
  }
  const caller = columnIndex("callerAddress");
  const client = columnIndex("clientAddress");
  const callers = dictionaries[caller];
  const clients = dictionaries[client];
  if (callers !== undefined) row[caller] = intern(callers, addresses.caller);
  if (clients !== undefined) row[client] = intern(clients, addresses.client);
}
