import { columnIndex } from "../detect/columns.ts";
import type { RefusalFacts } from "../detect/detection.ts";
import type { Dimension } from "../model/call.ts";
import type { Change } from "../model/event.ts";
import type { Split } from "../model/finding.ts";
import { type Instant, msBetween } from "../model/time.ts";
import {
  alternationOf,
  conditionsOf,
  type Observation,
  type Tally,
  tallyRows,
  trendOf,
  valuesAmong,
  valueShares,
} from "./observation.ts";
import type { Context } from "./context.ts";
import type { Period } from "./period.ts";
import { rhythmOf } from "./rhythm.ts";
import type { Condition } from "./rule.ts";
import { signsNear } from "./signs.ts";
import type { Span } from "./span.ts";
import { factsOf } from "./window.ts";

const shareOf = ({ refused, trials }: Tally): number => (trials === 0 ? 0 : refused / trials);

/** Gathers what causes are judged by. */
export function observe(
  context: Context,
  rise: {
    span: Span;
    rows: readonly number[];
    /** Those of its pauses too. */
    whole: readonly number[];
    around: readonly number[];
    splits: readonly Split[];
    equal: number;
    /** What separates best. */
    conditions: readonly Condition[];
  },
): Observation {
  const { window, detection } = context;
  const { span, rows, whole, around, splits, equal, conditions } = rise;
  const { symptom } = window;
  const refusedRows = rows.filter((row) => row < window.refused);
  const dictionaryOf = (dimension: Dimension) => ({
    column: dimension,
    values: detection.dictionaries[columnIndex(dimension)]?.values ?? [],
  });
  const facts = refusedRows
    .map((row) => factsOf(window, row))
    .filter((fact): fact is RefusalFacts => fact !== undefined);
  const everything = Array.from(window.time, (_, row) => row);
  const earlier = (): readonly number[] => everything.filter((row) => (window.time[row] ?? 0) < span.from);
  let period: { readonly value: Period | undefined } | undefined;
  const first = around.filter((row) => (window.calls[row] ?? 0) > 0);
  const values: Observation["values"] = (dimension) => valueShares(window, refusedRows, dictionaryOf(dimension));
  const names = (dimension: Dimension) => values(dimension).map(({ value }) => value);
  return {
    symptom: symptom.name,
    layer: symptom.layer,
    reason: reasonOf(symptom.name, facts),
    span,
    refused: Math.round(refusedRows.reduce((sum, row) => sum + (window.calls[row] ?? 0), 0)),
    inside: splits[0]?.refusedInside ?? shareOf(tallyRows(window, rows, [])),
    splits,
    equal,
    facts,
    changes: changesNear(
      context.changes.filter((change) => concerns(change, { accounts: names("cosmosAccount") })),
      span.from,
    ),
    signs: signsNear(context.signs, span),
    isOver: msBetween(window.to, span.to) > Math.max(OVER_MS, OVER_GAPS * gapOf(span, refusedRows.length)),
    values,
    tally: (where) => tallyRows(window, around, conditionsOf(where, detection.dictionaries)),
    tallyFirst: (where) => tallyRows(window, first, conditionsOf(where, detection.dictionaries)),
    seen: (dimension, where) =>
      valuesAmong(window, around, conditionsOf(where, detection.dictionaries), dictionaryOf(dimension)),
    known: (dimension, where) =>
      valuesAmong(window, everything, conditionsOf(where, detection.dictionaries), dictionaryOf(dimension)),
    tallyBefore: (where) => tallyRows(window, earlier(), conditionsOf(where, detection.dictionaries)),
    alternation: alternationOf(window, rows),
    trend: trendOf(window, rows, span),
    period: () => (period ??= { value: rhythmOf(context, { whole, span, conditions }) }).value,
  };
}

const OVER_MS = 180_000;
const OVER_GAPS = 8;

const gapOf = ({ from, to }: Span, refused: number): number => msBetween(to, from) / Math.max(1, refused - 1);

const TOLD_SHARE = 0.1;
const TOLD_ALIKE = 0.6;

/** What most of those refusals that tell a reason tell; the symptom's own words where hardly any does. */
function reasonOf(symptom: string, facts: readonly RefusalFacts[]): string {
  const counts = new Map<string, number>();
  for (const { told } of facts) if (told !== undefined) counts.set(told, (counts.get(told) ?? 0) + 1);
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const [top] = [...counts].toSorted((a, b) => b[1] - a[1]);
  if (top !== undefined && all >= TOLD_SHARE * facts.length && top[1] >= TOLD_ALIKE * all) return top[0];
  return symptom.slice(symptom.indexOf(":") + 1);
}

const ACCOUNT = /\/databaseaccounts\/([^/]+)/;

/** The resource that an Azure role was given on, where it is not a whole group or subscription. */
const GIVEN_ON = /\/providers\/([^/]+)\/.+\/providers\/microsoft\.authorization\//;

/**
 * A change of a Cosmos DB account says nothing about refusals of other accounts, a role on a resource of another service
 * nothing about Cosmos DB.
 */
function concerns({ resource }: Change, { accounts }: { accounts: readonly string[] }): boolean {
  const service = GIVEN_ON.exec(resource)?.[1];
  if (accounts.length > 0 && service !== undefined && service !== "microsoft.documentdb") return false;
  const account = ACCOUNT.exec(resource)?.[1];
  return account === undefined || accounts.length === 0 || accounts.includes(account);
}

const CHANGES_KEPT = 20;
const CHANGE_REACH_MS = 86_400_000;

function changesNear(changes: readonly Change[], onset: Instant): Observation["changes"] {
  return changes
    .map((change) => ({ change, lagMs: msBetween(onset, change.time) }))
    .filter(({ lagMs, change }) => lagMs > -600_000 && lagMs < CHANGE_REACH_MS && change.result !== "failed")
    .toSorted((a, b) => Math.abs(a.lagMs) - Math.abs(b.lagMs))
    .slice(0, CHANGES_KEPT);
}
