import type { Encoded } from "./encode.ts";

export interface Condition {
  readonly column: number;
  readonly value: number;
}

/** A conjunction that separates refused from succeeded. */
export interface Rule {
  readonly conditions: readonly Condition[];
  /** Log-likelihood gained over one rate for all. */
  readonly gain: number;
  /** `gain` less the cost of naming the conditions. */
  readonly score: number;
  readonly refused: number;
  readonly trials: number;
  readonly inside: number;
  readonly outside: number;
}

/** Holds for every row. */
export const NO_RULE: Rule = { conditions: [], gain: 0, score: 0, refused: 0, trials: 0, inside: 0, outside: 0 };

/** Rows of the encoding that the rule holds for, in order. */
export function matching({ conditions }: Rule, { columns, n }: Encoded): readonly number[] {
  const rows: number[] = [];
  const wanted = conditions.map(({ column, value }) => ({ ids: columns[column], value }));
  for (let row = 0; row < n.length; row++) {
    let holds = true;
    for (let i = 0; holds && i < wanted.length; i++) holds = wanted[i]?.ids?.[row] === wanted[i]?.value;
    if (holds) rows.push(row);
  }
  return rows;
}

/** Below this a rule may only be what two faults have in common; from `PARTLY` on, only two of different kinds. */
export const BLURRED = 0.75;
export const PARTLY = 0.5;
/** Clearly more than another. */
export const MUCH = 1.25;
