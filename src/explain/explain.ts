import type { Changes } from "../correlate/changes.ts";
import { type Column, columnIndex, COLUMNS } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import type { Due } from "../detect/detect.ts";
import type { Dimension, DimensionValues } from "../model/call.ts";
import { msBetween, plusMs } from "../model/time.ts";
import type { Context } from "./context.ts";
import { cover, type Covering } from "./cover.ts";
import { type Condition, NO_RULE, type Rule } from "./rule.ts";
import { mergeTogether } from "./merge.ts";
import { coverOptions, narrowDown, sharpen } from "./narrow.ts";
import { rowsWithin, tallyRows } from "./observation.ts";
import { partedAt } from "./parted.ts";
import { reasonsApart } from "./reasons.ts";
import { type Explanation, explainRise, isNamedBy, isOfToken, riseAmong } from "./rise.ts";
import { isWithin, lastedMs, type Rise, unite } from "./span.ts";
import { matches } from "./splits.ts";
import { openWindow, type Window } from "./window.ts";

/** A rise this much shorter than its window is compared again within its own time. */
const SHORT = 0.7;

/** Faults looked for in one symptom, and the share of its refusals that each must account for. */
const MAX_ROUNDS = 8;
const MIN_COVERAGE = 0.02;

/** Explains the refusals of one symptom since its onset, with what was seen to change before it. */
export function explain(detection: Detection, due: Due, { recent, signs }: Changes): readonly Explanation[] {
  const window = openWindow(detection, due.symptom, due);
  const core = rowsFrom(window, plusMs(due.onset, -30_000));
  const context = { detection, window, changes: recent, signs, claimed: new Set<number>() };
  const found = reasonsApart(window).flatMap((others) => explainReason({ ...context, claimed: others }, core));
  return mergeTogether(context, found);
}

/** `context.claimed` holds the refusals of other reasons to begin with. */
function explainReason(context: Context, core: readonly number[]): readonly Explanation[] {
  const found = eachFault(context, core);
  if (found.length > 0) return found;
  const left = core.filter((row) => !context.claimed.has(row));
  const everything = { rule: NO_RULE, aliases: [], parts: [], rows: left };
  if (explainRise(context, everything, left) === undefined) return [];
  const whole = explainRise(context, narrowDown(context, everything, { candidates: left, names: [] }), left);
  return whole === undefined ? [] : [whole];
}

/** One fault after the other, the clearest first, each among the refusals that the earlier ones left. */
function eachFault(context: Context, core: readonly number[]): readonly Explanation[] {
  const { window, claimed } = context;
  const aside = new Set<number>();
  const least = MIN_COVERAGE * tallyRows(window, core, []).refused;
  const found: Explanation[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const left = core.filter((row) => !claimed.has(row) && !aside.has(row));
    const covering = clearest(window, left);
    if (covering === undefined || covering.rule.refused < least) break;
    const last = explainLast(context, covering, left);
    if (last !== undefined) {
      found.push(last);
      continue;
    }
    const explanation = explainRule(context, covering);
    if (explanation !== undefined) found.push(explanation);
    const done = explanation?.conditions ?? covering.rule.conditions;
    for (const row of left) if (row < window.refused && matches(window, done, row)) aside.add(row);
  }
  return found;
}

/** Below this a rule may only be what two faults have in common; from `PARTLY` on, only two of different kinds. */
const BLURRED = 0.75;
const PARTLY = 0.5;
const PURER = 2;
const PURER_PARTLY = 1.5;
const PURE = 0.9;
/** Of log-likelihood: chance alone makes some part of one fault look purer. */
const APART = 10;
const MUCH = 1.25;

/**
 * The rule that separates best; where it is refused in part only, the purer one of two that separate better together than
 * it does with what it leaves.
 */
function clearest(window: Window, left: readonly number[]): Covering | undefined {
  const options = coverOptions(window);
  const [best] = cover(window, left, options);
  if (best === undefined || best.rule.inside >= BLURRED) return best;
  const isPartly = best.rule.inside >= PARTLY;
  const minInside = Math.min(PURE, (isPartly ? PURER_PARTLY : PURER) * best.rule.inside);
  const [pure] = cover(window, left, { ...options, minInside });
  if (pure === undefined) return best;
  const restOf = (covering: Covering): Rule | undefined => {
    const covered = new Set(covering.rows);
    const rest = left.filter((row) => !covered.has(row));
    return cover(window, rest, options)[0]?.rule;
  };
  const other = restOf(pure);
  // The members of one pool differ in how much they refuse: together they are one fault.
  if (isPartly && (other === undefined || sameColumns(pure.rule, other))) return best;
  const together = pure.rule.score + (other?.score ?? 0);
  const least = (best.rule.score + (restOf(best)?.score ?? 0)) * (isPartly ? MUCH : 1);
  return together > least + APART ? pure : best;
}

const sameColumns = (a: Rule, b: Rule): boolean =>
  a.conditions.every(({ column }) => b.conditions.some((condition) => condition.column === column));

function rowsFrom(window: Window, from: number): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < window.time.length; row++) if ((window.time[row] ?? 0) >= from) rows.push(row);
  return rows;
}

function matchingRows(window: Window, rule: readonly Condition[], claimed: ReadonlySet<number>): readonly number[] {
  const rows: number[] = [];
  for (let row = 0; row < window.time.length; row++)
    if (!claimed.has(row) && matches(window, rule, row)) rows.push(row);
  return rows;
}

/** Where the rise of a rule is made of several faults, one after the other: the last one. */
function explainLast(context: Context, covering: Covering, left: readonly number[]): Explanation | undefined {
  const { window, claimed } = context;
  const rows = matchingRows(window, covering.rule.conditions, claimed);
  const rise = riseAmong(context, rows);
  const at = rise === undefined ? undefined : partedAt(window, { rows, all: left }, rise);
  if (at === undefined) return undefined;
  const earlier = left.filter((row) => row < window.refused && (window.time[row] ?? 0) < at);
  const explanation = explainRule({ ...context, claimed: new Set([...claimed, ...earlier]) }, covering);
  if (explanation !== undefined) claim(context, explanation);
  return explanation;
}

/** Looks again within the rise's own time when it is much shorter than the window: health before and after blurs what differs. */
function explainRule(context: Context, covering: Covering): Explanation | undefined {
  const { window, claimed } = context;
  const rows = matchingRows(window, covering.rule.conditions, claimed);
  const span = riseAmong(context, rows);
  if (span === undefined) return undefined;
  const short = lastedMs(span) < SHORT * msBetween(window.to, window.from);
  const sharp = short ? sharpen(context, span, covering) : covering;
  const candidates = sharp === covering ? rows : matchingRows(window, sharp.rule.conditions, claimed);
  const asFound = explainRise(context, sharp, candidates);
  const sharper =
    asFound === undefined ? sharp : narrowDown(context, sharp, { candidates, names: asFound.ranked.names });
  const regional = regionAlone(context, span, sharper);
  if (regional !== undefined) {
    const explanation = explainRise(context, regional, matchingRows(window, regional.rule.conditions, claimed));
    if (explanation?.ranked.names.includes("region") === true) {
      claim(context, explanation);
      return explanation;
    }
  }
  const narrowed =
    sharper === sharp ? asFound : explainRise(context, sharper, matchingRows(window, sharper.rule.conditions, claimed));
  const isDivided = sharper.parts.length > 0;
  const narrow = (isDivided ? undefined : dividedBetter(context, sharp, { candidates, than: narrowed })) ?? narrowed;
  const wider =
    narrow === undefined ? undefined : (culprit(context, sharper, narrow) ?? shared(context, sharper, narrow));
  const wide = wider === undefined || narrow === undefined ? undefined : explainWider(context, wider, narrow);
  const isSame = wide !== undefined && wide.ranked.cause.id === narrow?.ranked.cause.id;
  const explanation = isSame ? wide : narrow;
  if (explanation !== undefined) claim(context, explanation);
  return explanation;
}

/** The values that divide the refused from the others exactly, where they tell a cause that is likelier than what is in common. */
function dividedBetter(
  context: Context,
  sharp: Covering,
  { candidates, than }: { readonly candidates: readonly number[]; readonly than: Explanation | undefined },
): Explanation | undefined {
  if (than === undefined) return undefined;
  const divided = narrowDown(context, sharp, { candidates, names: [] });
  const apart = divided.parts[0]?.conditions.slice(-1);
  if (apart === undefined) return undefined;
  const explanation = explainRise(context, divided, candidates);
  if (explanation === undefined || explanation.ranked.cause.confidence <= than.ranked.cause.confidence)
    return undefined;
  return isNamedBy(explanation.ranked, apart) ? explanation : undefined;
}

/** The rise of a wider rule lasts at least as long as that of the narrower one, which more successes beside it may blur. */
function explainWider(context: Context, wider: Covering, { span }: Explanation): Explanation | undefined {
  const rows = matchingRows(context.window, wider.rule.conditions, context.claimed);
  const rise = riseAmong(context, rows);
  const whole = unite([...span.stretches, ...(rise?.stretches ?? [])]);
  return explainRise(context, wider, rows, whole);
}

const REGION_SHARE = 0.35;

/**
 * The region of a longer rule by itself, where it is refused nearly as much: what stands beside it may only mark the
 * calls that can fail at all, such as those with a token or a key.
 */
function regionAlone(
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

/** Refused rows that the explanation accounts for are not explained again. */
function claim({ window, claimed }: Context, { conditions, span }: Explanation): void {
  for (const row of matchingRows(window, conditions, claimed)) {
    if (row < window.refused && isWithin(span, window.time[row] ?? 0)) claimed.add(row);
  }
}

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
function culprit(
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
function shared(
  context: Context,
  { rule, aliases, parts, rows }: Covering,
  { ranked, span, common }: Explanation,
): Covering | undefined {
  const differ = parts[0]?.conditions.map(({ column }) => COLUMNS[column]);
  if (!ranked.alone || differ === undefined) return undefined;
  const { window, claimed } = context;
  const around = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const least = ALONE_SHARE * Math.max(...parts.map(({ inside }) => inside));
  const ofAll = (parts[0]?.conditions ?? []).find(
    (condition) => isNamedBy(ranked, [condition]) && parts.every((part) => includes(part, condition)),
  );
  if (ofAll !== undefined && shareOf(window, around, ofAll) >= BLURRED * Math.max(...parts.map(({ inside }) => inside)))
    return { rule: { ...rule, conditions: [ofAll] }, aliases: [...parts, ...aliases], parts: [], rows };
  const before = ranked.names.findIndex((name) => differ.includes(name));
  for (const name of before < 0 ? ranked.names : ranked.names.slice(0, before)) {
    const condition = commonIn(context, common, name);
    if (condition !== undefined && shareOf(window, around, condition) >= least)
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
