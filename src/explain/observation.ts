import { COLUMNS, type Column, columnIndex, columnOf, type Dictionary, dimensionOf } from "../detect/columns.ts";
import type { RefusalFacts } from "../detect/detection.ts";
import type { Dimension, DimensionValues, Layer } from "../model/call.ts";
import type { Change } from "../model/event.ts";
import type { Period } from "./period.ts";
import type { SignSeen } from "./signs.ts";
import type { Split } from "../model/finding.ts";
import type { Instant } from "../model/time.ts";
import type { Condition, Rule } from "./rule.ts";
import { isBetween, isWithin, type Rise, type Span } from "./span.ts";
import type { Window } from "./window.ts";

/** Refused and all trials of a comparison. */
export interface Tally {
  readonly refused: number;
  readonly trials: number;
}

/** A change, and how long before the onset it came; below zero where it came after. */
export interface ChangeSeen {
  readonly change: Change;
  readonly lagMs: number;
}

/** What a cause is judged by: the refusals of one rise, what separates them, and what else was seen. */
export interface Observation {
  readonly symptom: string;
  readonly layer: Layer;
  /** The part of the symptom behind the layer: `TokenExpired`, `rbac`, `403` … */
  readonly reason: string;
  readonly span: Span;
  /** Calls refused, and their share among the trials that the best split covers; among all where nothing separates. */
  readonly refused: number;
  readonly inside: number;
  /** Best first; those that separate equally well stand next to each other. */
  readonly splits: readonly Split[];
  /** How many of `splits`, from the first, cannot be told apart. */
  readonly equal: number;
  readonly facts: readonly RefusalFacts[];
  /** Changes near the onset, nearest first. */
  readonly changes: readonly ChangeSeen[];
  /** Signs of sign-ins and Key Vaults from a day before the onset to the end, those that began nearest to it first. */
  readonly signs: readonly SignSeen[];
  /** Nothing was refused for so long after the rise that it is over. */
  readonly isOver: boolean;
  /** Values of a dimension among the refused, with their share; most frequent first. */
  values(dimension: Dimension): readonly { readonly value: string; readonly share: number }[];
  /** Refused and all trials during the rise with all of `where`; a list means any of its values. */
  tally(where: Where): Tally;
  /** The same without further operations of a call, which are tried only once the first ones succeeded. */
  tallyFirst(where: Where): Tally;
  /** Values of a dimension among all calls with `where` during the rise. */
  seen(dimension: Dimension, where: Where): readonly string[];
  /** The same with what was seen before the rise. */
  known(dimension: Dimension, where: Where): readonly string[];
  /** Refused and all trials before the rise with all of `where`. */
  tallyBefore(where: Where): Tally;
  /** Lag-1 correlation of outcomes per unit: negative alternates, positive comes in runs, 0 is random. */
  readonly alternation: number;
  /** The rhythm in which the refusals come and go, if they have one. */
  period(): Period | undefined;
  /** Refused share of the first and the last third of the rise; undefined where too few trials tell. */
  readonly trend: { readonly early: number; readonly late: number } | undefined;
}

/** Values of the refused calls in a dimension, most frequent first. */
export const valuesOf = (observation: Observation, dimension: Dimension): readonly string[] =>
  observation.values(dimension).map(({ value }) => value);

export type Where = { readonly [D in Dimension]?: string | readonly string[] };

/** The values of the refused calls in those of the dimensions that are logged. */
export const whereOf = (observation: Observation, dimensions: readonly Dimension[]): Where =>
  Object.fromEntries(
    dimensions
      .map((dimension) => [dimension, valuesOf(observation, dimension)] as const)
      .filter(([, values]) => values.length > 0),
  );

/** Refused and all trials during the rise with all of `where`, but for those with all of `own` as well. */
export function tallyBeside(observation: Observation, where: Where, own: Where): Tally {
  const all = observation.tally(where);
  const theirs = observation.tally({ ...where, ...own });
  return { refused: all.refused - theirs.refused, trials: all.trials - theirs.trials };
}

/** A column and those of its values that are meant. */
interface Among {
  readonly column: number;
  readonly ids: ReadonlySet<number>;
}

export const ruleValues = (rule: Rule, dictionaries: readonly Dictionary[]): DimensionValues => {
  const where: Partial<Record<Dimension, string>> = {};
  for (const { column, value } of rule.conditions) {
    const name = COLUMNS[column];
    const text = dictionaries[column]?.values[value];
    if (name !== undefined && text !== undefined) where[dimensionOf(name)] = text;
  }
  return where;
};

/** Rows of the window inside the rise, its pauses left out, by place in the window. */
export function rowsWithin(window: Window, rise: Rise): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < window.time.length; row++) if (isWithin(rise, window.time[row] ?? 0)) rows.push(row);
  return rows;
}

export function valueShares(
  window: Window,
  rows: readonly number[],
  dictionary: { readonly column: Column; readonly values: readonly string[] },
): readonly { readonly value: string; readonly share: number }[] {
  const counts = new Map<number, number>();
  let total = 0;
  const ids = window.raw[columnIndex(dictionary.column)];
  for (const row of rows) {
    if (row >= window.refused) continue;
    total += 1;
    const id = ids?.[row] ?? -1;
    if (id >= 0) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts]
    .map(([id, count]) => ({ value: dictionary.values[id] ?? "", share: count / Math.max(1, total) }))
    .toSorted((a, b) => b.share - a.share);
}

export function tallyRows(window: Window, rows: readonly number[], conditions: readonly Among[]): Tally {
  let refused = 0;
  let trials = 0;
  for (const row of rows) {
    if (!meets(window, conditions, row)) continue;
    refused += window.f[row] ?? 0;
    trials += window.n[row] ?? 0;
  }
  return { refused, trials };
}

/** Refused and all trials between two times. */
export const tallyBetween = (window: Window, rows: readonly number[], span: Span): Tally =>
  tallyRows(
    window,
    rows.filter((row) => isBetween(span, window.time[row] ?? 0)),
    [],
  );

/** Values of a column among the rows that meet the conditions. */
export function valuesAmong(
  window: Window,
  rows: readonly number[],
  conditions: readonly Among[],
  dictionary: { readonly column: Column; readonly values: readonly string[] },
): readonly string[] {
  const ids = window.raw[columnIndex(dictionary.column)];
  const found = new Set<number>();
  for (const row of rows) if (meets(window, conditions, row)) found.add(ids?.[row] ?? -1);
  found.delete(-1);
  return [...found].map((id) => dictionary.values[id] ?? "");
}

const meets = (window: Window, conditions: readonly Among[], row: number): boolean =>
  conditions.every(({ column, ids }) => ids.has(window.raw[column]?.[row] ?? -1));

export function conditionsOf(where: Where, dictionaries: readonly Dictionary[]): readonly Among[] {
  return Object.entries(where).map(([dimension, wanted]) => {
    const texts = typeof wanted === "string" ? [wanted] : wanted;
    const column = COLUMNS.findIndex((name) => name === columnOf(dimension, texts));
    const ids = texts.map((text) => dictionaries[column]?.ids.get(text) ?? -2);
    return { column, ids: new Set(ids) };
  });
}

/** Mean product of neighbouring outcomes of the same unit, centred: Pearson's lag-1 correlation, units of 8 trials or more. */
export function alternationOf(window: Window, rows: readonly number[]): number {
  const units = new Map<number, number[]>();
  for (const row of rows) {
    const list = units.get(window.unit[row] ?? -1) ?? [];
    list.push(row);
    units.set(window.unit[row] ?? -1, list);
  }
  let product = 0;
  let variance = 0;
  for (const list of units.values()) {
    if (list.length < 8) continue;
    const outcomes = list
      .toSorted((a, b) => (window.time[a] ?? 0) - (window.time[b] ?? 0))
      .map((row) => (row < window.refused ? 1 : 0));
    const mean = outcomes.reduce<number>((a, b) => a + b, 0) / outcomes.length;
    outcomes.forEach((outcome, i) => {
      variance += (outcome - mean) ** 2;
      if (i > 0) product += (outcome - mean) * ((outcomes[i - 1] ?? mean) - mean);
    });
  }
  return variance > 0 ? product / variance : 0;
}

export function trendOf(window: Window, rows: readonly number[], span: Span): Observation["trend"] {
  const third = (span.to - span.from) / 3;
  const share = (from: Instant | number, to: number): number | undefined => {
    let refused = 0;
    let trials = 0;
    for (const row of rows) {
      const time = window.time[row] ?? 0;
      if (time < from || time > to) continue;
      refused += window.f[row] ?? 0;
      trials += window.n[row] ?? 0;
    }
    return trials < 5 ? undefined : refused / trials;
  };
  const early = share(span.from, span.from + third);
  const late = share(span.to - third, span.to);
  return early === undefined || late === undefined ? undefined : { early, late };
}

/** Conditions as text, always in the same order: names what separates. */
export const conditionNames = (conditions: readonly Condition[], dictionaries: readonly Dictionary[]): string =>
  conditions
    .map(({ column, value }) => `${COLUMNS[column] ?? ""}=${dictionaries[column]?.values[value] ?? ""}`)
    .toSorted()
    .join("&");
