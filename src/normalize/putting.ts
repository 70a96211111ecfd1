import type { Column } from "../decode/scan/columns.ts";
import type { GatewayError } from "../model/event.ts";
import type { EventTable } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import type { Lookups } from "./text-lookups.ts";

/** Errors by their texts: most come again. Bounded by who adds to it. */
export type ErrorMemo = Map<string, GatewayError | undefined>;

/** A row that is put, out of a raw one. */
export interface Putting {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly lookups: Lookups;
  readonly errors: ErrorMemo;
  readonly target: EventTable;
  readonly names: Names;
  /** Where the raw row begins among the words. */
  rawAt: number;
  place: number;
}

export const isSet = ({ words, rawAt }: Putting, { bit }: Column): boolean =>
  (((words[rawAt + (bit >>> 5)] ?? 0) >>> (bit & 31)) & 1) === 1;

/** The number of a column; NaN where the log does not tell. */
export const numberOf = (putting: Putting, column: Column): number =>
  putting.doubles[(putting.rawAt + column.word) >>> 1] ?? Number.NaN;

/** The raw id of a column's text; 0 for none. */
export const rawOf = ({ words, rawAt }: Putting, { word }: Column): number => words[rawAt + word] ?? 0;
