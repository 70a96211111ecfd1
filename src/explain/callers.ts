import { type Column, columnIndex } from "../detect/columns.ts";
import { type Rows, valueAt } from "../detect/rows.ts";
import { idIn, type Window } from "./window.ts";

/** What names a caller. */
export const NAMES: readonly Column[] = ["subscription", "appId", "principal"];

export const namelessOf = (window: Window, rows: readonly number[]): readonly number[] =>
  rows.filter((row) => NAMES.every((name) => idIn(window, name, row) < 0));

export const namesNobody = (rows: Rows<unknown>, at: number): boolean =>
  NAMES.every((column) => valueAt(rows, at, columnIndex(column)) < 0);
