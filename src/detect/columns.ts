import { addHit, createHeavyHitters, type HeavyHitters } from "../lib/heavy-hitters.ts";
import { DIMENSIONS, type Dimension } from "../model/call.ts";
import { type Cells, newCell } from "./cells.ts";

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

/** The column that holds values which are shown under a dimension: networks are written with their length, addresses without. */
export function columnOf(dimension: string, values: readonly string[]): string {
  const areAddresses = values.length > 0 && values.every((value) => !value.includes("/"));
  if (areAddresses && dimension === "clientNetwork") return "clientAddress";
  return areAddresses && dimension === "callerNetwork" ? "callerAddress" : dimension;
}

/** Values of one column by id; ids are dense from 0. */
export interface Dictionary {
  readonly ids: Map<string, number>;
  readonly values: string[];
  /** The value's cell, by id. */
  readonly cells: number[];
  /** Trials with values met after the dictionary was full: they count as absent. */
  beyond: number;
  /** The most frequent of those values; there once there is one. */
  heavy: HeavyHitters | undefined;
}

/** A column with more values than this separates nothing that a person could use; further ones count as absent. */
export const VALUES_PER_COLUMN = 50_000;

export const createDictionary = (): Dictionary => ({
  ids: new Map(),
  values: [],
  cells: [],
  beyond: 0,
  heavy: undefined,
});

const HEAVY = 64;

/** Counts a trial with a value that there is no room for. */
export function countBeyond(dictionary: Dictionary, value: string): void {
  dictionary.beyond += 1;
  dictionary.heavy ??= createHeavyHitters(HEAVY);
  addHit(dictionary.heavy, value);
}

/** The cell of a value, a new one where it has none yet; -1 when the column is full. */
export function cellOf(dictionary: Dictionary, cells: Cells, value: string): number {
  const known = dictionary.ids.get(value);
  if (known !== undefined) return dictionary.cells[known] ?? -1;
  const id = dictionary.values.length;
  if (id >= VALUES_PER_COLUMN) return -1;
  const cell = newCell(cells, id);
  dictionary.ids.set(value, id);
  dictionary.values.push(value);
  dictionary.cells.push(cell);
  return cell;
}
