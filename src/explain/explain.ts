import type { Changes } from "../correlate/changes.ts";
import { type Column, COLUMNS } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import type { Due } from "../detect/detect.ts";
import { kolmogorovSmirnov } from "../lib/stats.ts";
import { msBetween, plusMs } from "../model/time.ts";
import type { Context } from "./context.ts";
import { cover, type Covering } from "./cover.ts";
import { culprit, regionAlone, shared } from "./culprit.ts";
import { BLURRED, type Condition, MUCH, NO_RULE, PARTLY, type Rule } from "./rule.ts";
import { mergeTogether } from "./merge.ts";
import { coverOptions, narrowDown, sharpen } from "./narrow.ts";
import { tallyRows } from "./observation.ts";
import { partedAt } from "./parted.ts";
import { reasonsApart } from "./reasons.ts";
import { type Explanation, explainRise, isNamedBy, riseAmong } from "./rise.ts";
import { isBetween, isWithin, lastedMs, type Rise, unite } from "./span.ts";
import { matches } from "./splits.ts";
import { refusedOfSwitchedOff } from "./switched-off.ts";
import { widenedAt } from "./widened.ts";
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
  const off = refusedOfSwitchedOff(context);
  const found = reasonsApart(window).flatMap((others) =>
    explainReason({ ...context, claimed: new Set([...others, ...off]) }, core),
  );
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
    const rising = risingOf(context, covering);
    const one = explainFirst(context, rising, left) ?? explainLast(context, rising, left);
    if (one !== undefined) {
      found.push(one);
      continue;
    }
    const explanation = explainRule(context, rising);
    if (explanation !== undefined) found.push(explanation);
    for (const row of left)
      if (row < window.refused && isLookedAt(window, row, { covering, explanation })) aside.add(row);
  }
  return found;
}

/** What was explained is what the explanation holds in its time: another fault may hit the same calls before or after it. */
const isLookedAt = (
  window: Window,
  row: number,
  { covering, explanation }: { readonly covering: Covering; readonly explanation: Explanation | undefined },
): boolean =>
  matches(window, covering.rule.conditions, row) ||
  (explanation !== undefined &&
    isBetween(explanation.span, window.time[row] ?? 0) &&
    matches(window, explanation.conditions, row));

const PURER = 2;
const PURER_PARTLY = 1.5;
const PURE = 0.9;
/** Of log-likelihood: chance alone makes some part of one fault look purer. */
const APART = 10;

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
  const restOf = (covering: Covering): Covering | undefined => {
    const covered = new Set(covering.rows);
    const rest = left.filter((row) => !covered.has(row));
    return cover(window, rest, options)[0];
  };
  const beside = restOf(pure);
  if (beside !== undefined && isPartOf(pure.rule, beside.rule, best.rule) && comeTogether(window, pure, beside))
    return best;
  const other = beside?.rule;
  // The members of one pool differ in how much they refuse: together they are one fault.
  if (isPartly && (other === undefined || sameColumns(pure.rule, other))) return best;
  const together = pure.rule.score + (other?.score ?? 0);
  const least = (best.rule.score + (restOf(best)?.rule.score ?? 0)) * (isPartly ? MUCH : 1);
  return together > least + APART ? pure : best;
}

/** What is asked: writes may be tried again more often than reads. Who answers is another matter. */
const ASKED: ReadonlySet<Column> = new Set<Column>(["operation", "cosmosOperation"]);

/** Some of what is asked of those that the whole is about, which is also what remains without it. */
const isPartOf = (part: Rule, rest: Rule, whole: Rule): boolean =>
  part.conditions.every(({ column }) => ASKED.has(COLUMNS[column] ?? "api")) &&
  rest.conditions.length === whole.conditions.length &&
  rest.conditions.every(({ column, value }) =>
    whole.conditions.some((one) => one.column === column && one.value === value),
  );

/** Of the Kolmogorov-Smirnov statistic: refusals come in bursts, so that one fault's differ more than by chance. */
const AT_THE_SAME_TIMES = 2;

/** The refusals of both come and go at the same times: one fault, which hits some calls more than others. */
function comeTogether({ time, refused }: Window, a: Covering, b: Covering): boolean {
  const timesOf = ({ rows }: Covering): readonly number[] =>
    rows.filter((row) => row < refused).map((row) => time[row] ?? 0);
  return kolmogorovSmirnov(timesOf(a), timesOf(b)) < AT_THE_SAME_TIMES;
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

/** A covering with the window's rows that its rule matches, and their rise, if they have one. */
interface Rising {
  readonly covering: Covering;
  readonly rows: readonly number[];
  readonly rise: Rise | undefined;
}

function risingOf(context: Context, covering: Covering): Rising {
  const rows = matchingRows(context.window, covering.rule.conditions, context.claimed);
  return { covering, rows, rise: riseAmong(context, rows) };
}

/** Where the rise of a rule is made of several faults, one after the other: the last one. */
function explainLast(context: Context, rising: Rising, left: readonly number[]): Explanation | undefined {
  const { window } = context;
  const { covering, rows, rise } = rising;
  const at = rise === undefined ? undefined : partedAt(window, { rows, all: left }, rise);
  if (at === undefined) return undefined;
  const earlier = left.filter((row) => row < window.refused && (window.time[row] ?? 0) < at);
  return explainWithout(context, covering, earlier);
}

/**
 * Where the rise of a rule is made of two faults, the second one wider: the first one. A reason that the gateway gives is
 * that of one fault, which may come to one place after the other.
 */
function explainFirst(context: Context, rising: Rising, left: readonly number[]): Explanation | undefined {
  const { window } = context;
  const { covering, rows, rise } = rising;
  if (window.symptom.layer === "gateway" || rise === undefined) return undefined;
  const taken = covering.rule.conditions;
  const widened = widenedAt(window, rows, { rise, taken });
  if (widened === undefined) return undefined;
  const conditions = [...taken, widened.first];
  const others = left.filter(
    (row) => row < window.refused && (window.time[row] ?? 0) >= widened.at && !matches(window, conditions, row),
  );
  const own = covering.rows.filter((row) => matches(window, conditions, row));
  return explainWithout(context, { rule: { ...covering.rule, conditions }, aliases: [], parts: [], rows: own }, others);
}

/** As if the refused rows of another fault were not there. */
function explainWithout(context: Context, covering: Covering, ofOther: readonly number[]): Explanation | undefined {
  const alone = { ...context, claimed: new Set([...context.claimed, ...ofOther]) };
  const explanation = explainRule(alone, risingOf(alone, covering));
  if (explanation !== undefined) claim(context, explanation);
  return explanation;
}

/** Looks again within the rise's own time when it is much shorter than the window: health before and after blurs what differs. */
function explainRule(context: Context, { covering, rows, rise: span }: Rising): Explanation | undefined {
  const { window, claimed } = context;
  if (span === undefined) return undefined;
  const short = lastedMs(span) < SHORT * msBetween(window.to, window.from);
  const sharp = short ? sharpen(context, span, covering) : covering;
  const candidates = sharp === covering ? rows : matchingRows(window, sharp.rule.conditions, claimed);
  const asFound = explainRise(context, sharp, candidates, sharp === covering ? span : undefined);
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

/** Refused rows that the explanation accounts for are not explained again. */
function claim({ window, claimed }: Context, { conditions, span }: Explanation): void {
  for (const row of matchingRows(window, conditions, claimed)) {
    if (row < window.refused && isWithin(span, window.time[row] ?? 0)) claimed.add(row);
  }
}
