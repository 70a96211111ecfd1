import { type Column, columnIndex, COLUMNS } from "../detect/columns.ts";
import type { Dimension, DimensionValues } from "../model/call.ts";
import type { Context } from "./context.ts";
import type { Covering } from "./cover.ts";
import { rowsWithin, tallyRows } from "./observation.ts";
import { type Explanation, isNamedBy, isOfToken } from "./rise.ts";
import { BLURRED, type Condition, MUCH, PARTLY, type Rule } from "./rule.ts";
import type { Rise } from "./span.ts";
import { matches } from "./splits.ts";
import type { Window } from "./window.ts";

const REGION_SHARE = 0.35;

/**
 * The region of a longer rule by itself, where it is refused nearly as much: what stands beside it may only mark the
 * calls that can fail at all, such as those with a token or a key.
 */
export function regionAlone(
  { window, claimed }: Context,
  span: Rise,
  { rule, aliases, rows, parts }: Covering,
): Covering | undefined {
  const region = rule.conditions.find(({ column }) => COLUMNS[column] === "region");
  if (region === undefined || rule.conditions.length < 2 || parts.length > 0) return undefined;
  const around = rowsWithin(window, span).filter((row) => !claimed.has(row));
  if (shareOf(window, around, region) < REGION_SHARE * rule.inside) return undefined;
  if (letsInOthers(window, around, rule, region)) return undefined;
  return { rule: { ...rule, conditions: [region] }, aliases: [rule, ...aliases], parts, rows };
}

/** Calls with a region and another value of what stands beside it get through: that value matters. */
const letsInOthers = (window: Window, rows: readonly number[], rule: Rule, region: Condition): boolean =>
  rule.conditions.some(({ column, value }) => {
    if (column === region.column) return false;
    const others = rows.filter((row) => {
      const other = window.raw[column]?.[row] ?? -1;
      return other >= 0 && other !== value && matches(window, [region], row);
    });
    const { refused, trials } = tallyRows(window, others, []);
    return trials >= ELSEWHERE_TRIALS && refused / trials < ELSEWHERE_SHARE * rule.inside;
  });

interface Candidate {
  readonly condition: Condition;
  readonly inside: number;
}

/** The value of an attribute that nearly all refused calls have in common, as a condition. */
function commonIn({ detection }: Context, common: DimensionValues, name: Dimension): Condition | undefined {
  const column = columnIndex(name);
  const value = detection.dictionaries[column]?.ids.get(common[name] ?? "");
  return value === undefined ? undefined : { column, value };
}

const ALONE_SHARE = 0.15;
const ALONE_SHARE_BESIDE_TOKEN = 0.03;

/**
 * The one condition of a longer rule that is the culprit by itself, where the cause is of that kind: the region, the
 * backend, the caller. It must raise the refused share well; the longer rule stays as its alias.
 */
export function culprit(
  context: Context,
  { rule, aliases, parts, rows }: Covering,
  { ranked, span, common }: Explanation,
): Covering | undefined {
  if (!ranked.alone || parts.length > 0 || rule.conditions.length < 2) return undefined;
  const { window, claimed } = context;
  const around = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const clearestOf = (conditions: readonly Condition[]): Candidate | undefined => {
    const candidates = conditions
      .map((condition) => ({ condition, inside: shareOf(window, around, condition) }))
      .toSorted((a, b) => b.inside - a.inside);
    // A wrong token shows by itself: beside another attribute it is the symptom, not the culprit.
    return candidates.find(({ condition }) => !isOfToken(condition)) ?? candidates[0];
  };
  const ofRule = clearestOf(rule.conditions.filter((condition) => isNamedBy(ranked, [condition])));
  const inCommon = clearestOf(ranked.names.flatMap((name) => commonIn(context, common, name) ?? []));
  const least = ofRule === undefined ? PARTLY * rule.inside : MUCH * ofRule.inside;
  const isClearer = inCommon !== undefined && inCommon.inside >= least;
  const best = isClearer ? inCommon : ofRule;
  if (best === undefined || onlyThere(window, around, { rule, condition: best.condition })) return undefined;
  const isRegion = COLUMNS[best.condition.column] === "region";
  if (isRegion && letsInOthers(window, around, rule, best.condition)) return undefined;
  const beside = rule.conditions.some((condition) => condition !== best.condition && isOfToken(condition));
  if (best.inside < (beside ? ALONE_SHARE_BESIDE_TOKEN : ALONE_SHARE) * rule.inside) return undefined;
  if (
    !beside &&
    best.inside < BLURRED * rule.inside &&
    holdsNearlyAll(window, around, { rule, condition: best.condition })
  )
    return undefined;
  const conditions = [best.condition, ...enclosing(rule, best.condition)];
  return { rule: { ...rule, conditions }, aliases: [rule, ...aliases], parts, rows };
}

const NEARLY_ALL = 0.9;

/** Nearly all refused calls with the condition meet the whole rule: what stands beside it tells them from those that pass. */
function holdsNearlyAll(
  window: Window,
  rows: readonly number[],
  { rule, condition }: { rule: Rule; condition: Condition },
): boolean {
  const refused = rows.filter((row) => row < window.refused && matches(window, [condition], row));
  return refused.filter((row) => matches(window, rule.conditions, row)).length >= NEARLY_ALL * refused.length;
}

/** What a value belongs to, without which it says little: other accounts have containers of that name, other APIs such operations. */
const BELONGS_TO: Readonly<Partial<Record<Column, Column>>> = {
  container: "cosmosAccount",
  database: "cosmosAccount",
  operation: "api",
  apiRevision: "api",
};

const enclosing = (rule: Rule, { column }: Condition): readonly Condition[] => {
  const owner = BELONGS_TO[COLUMNS[column] ?? "api"];
  return owner === undefined ? [] : rule.conditions.filter((condition) => COLUMNS[condition.column] === owner);
};

/**
 * What names the cause and all parts have in common, where it comes before what the parts differ in: the read-only key of
 * writes of several kinds. It must raise the refused share well.
 */
export function shared(
  context: Context,
  { rule, aliases, parts, rows }: Covering,
  { ranked, span, common }: Explanation,
): Covering | undefined {
  const differ = parts[0]?.conditions.map(({ column }) => COLUMNS[column]);
  if (!ranked.alone || differ === undefined) return undefined;
  const { window, claimed } = context;
  const around = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const purest = Math.max(...parts.map(({ inside }) => inside));
  const ofAll = (parts[0]?.conditions ?? []).find(
    (condition) => isNamedBy(ranked, [condition]) && parts.every((part) => includes(part, condition)),
  );
  if (ofAll !== undefined && shareOf(window, around, ofAll) >= BLURRED * purest)
    return { rule: { ...rule, conditions: [ofAll] }, aliases: [...parts, ...aliases], parts: [], rows };
  const before = ranked.names.findIndex((name) => differ.includes(name));
  for (const name of before < 0 ? ranked.names : ranked.names.slice(0, before)) {
    const condition = commonIn(context, common, name);
    if (condition !== undefined && shareOf(window, around, condition) >= ALONE_SHARE * purest)
      return { rule: { ...rule, conditions: [condition] }, aliases: [...parts, ...aliases], parts: [], rows };
  }
  return undefined;
}

const includes = ({ conditions }: Rule, { column, value }: Condition): boolean =>
  conditions.some((one) => one.column === column && one.value === value);

/** Where a call goes: it can be part of the reason beside who calls. */
const WHERE: ReadonlySet<Column> = new Set<Column>(["region", "api", "container"]);

/** Through other regions, or to other APIs or containers, calls with the condition hardly fail: that is part of the reason. */
function onlyThere(
  window: Window,
  rows: readonly number[],
  { rule, condition }: { rule: Rule; condition: Condition },
): boolean {
  return rule.conditions.some((there) => {
    if (there === condition || !WHERE.has(COLUMNS[there.column] ?? "operation")) return false;
    const elsewhere = rows.filter((row) => matches(window, [condition], row) && !matches(window, [there], row));
    const { refused, trials } = tallyRows(window, elsewhere, []);
    return trials >= ELSEWHERE_TRIALS && refused / trials < ELSEWHERE_SHARE * rule.inside;
  });
}

const ELSEWHERE_TRIALS = 10;
const ELSEWHERE_SHARE = 0.1;

function shareOf(window: Window, rows: readonly number[], condition: Condition): number {
  const { column, value } = condition;
  const { refused, trials } = tallyRows(window, rows, [{ column, ids: new Set([value]) }]);
  return trials === 0 ? 0 : refused / trials;
}
