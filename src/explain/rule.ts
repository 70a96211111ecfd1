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

function holds(rule: Rule, encoded: Encoded, row: number): boolean {
  return rule.conditions.every(({ column, value }) => encoded.columns[column]?.[row] === value);
}

/** Rows of the encoding that the rule holds for. */
export function matching(rule: Rule, encoded: Encoded): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < encoded.n.length; row++) if (holds(rule, encoded, row)) rows.push(row);
  return rows;
}
