import { COLUMNS } from "../detect/columns.ts";
import type { Detection, Due } from "../detect/detect.ts";
import type { Change } from "../model/event.ts";
import { msBetween, plusMs } from "../model/time.ts";
import type { Context } from "./context.ts";
import { cover, type Covering } from "./cover.ts";
import type { Condition } from "./rule.ts";
import type { CoverOptions } from "./search.ts";
import { mergeTogether } from "./merge.ts";
import { rowsWithin } from "./observation.ts";
import { type Explanation, explainRise, riseAmong } from "./rise.ts";
import { isWithin, lastedMs, type Rise } from "./span.ts";
import { matches } from "./splits.ts";
import { openWindow, type Window } from "./window.ts";

/** A rise this much shorter than its window is compared again within its own time. */
const SHORT = 0.7;

/** Explains the refusals of one symptom since its onset; changes are those of the last day, any order. */
export function explain(detection: Detection, due: Due, changes: readonly Change[]): readonly Explanation[] {
  const window = openWindow(detection, due.symptom, due);
  const since = plusMs(due.onset, -30_000);
  const core = rowsFrom(window, since);
  const coverings = cover(window, core, options(window));
  const found: Explanation[] = [];
  const claimed = new Set<number>();
  for (const covering of coverings) {
    const explanation = explainRule({ detection, window, changes, claimed }, covering);
    if (explanation !== undefined) found.push(explanation);
  }
  if (found.length > 0) return mergeTogether({ detection, window, changes, claimed: new Set() }, found);
  const whole = explainRise({ detection, window, changes, claimed }, undefined, core);
  return whole === undefined ? [] : [whole];
}

const options = (window: Window): CoverOptions => ({
  maxRules: 5,
  maxConditions: 3,
  minRefused: 4 * window.thinned,
  dispersion: window.thinned,
});

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

/** Looks again within the rise's own time when it is much shorter than the window: health before and after blurs what differs. */
function explainRule(context: Context, covering: Covering): Explanation | undefined {
  const { window, claimed } = context;
  const rows = matchingRows(window, covering.rule.conditions, claimed);
  const span = riseAmong(context, rows);
  if (span === undefined) return undefined;
  const short = lastedMs(span) < SHORT * msBetween(window.to, window.from);
  const sharper = short ? sharpen(context, span, covering) : covering;
  const regional = regionAlone(context, span, sharper);
  if (regional !== undefined) {
    const explanation = explainRise(context, regional, matchingRows(window, regional.rule.conditions, claimed));
    if (explanation?.ranked.cause.id === "gateway-region-differs") {
      claim(context, explanation);
      return explanation;
    }
  }
  const narrow = explainRise(context, sharper, matchingRows(window, sharper.rule.conditions, claimed));
  const wider = narrow === undefined ? undefined : culprit(context, sharper, narrow);
  const wide =
    wider === undefined ? undefined : explainRise(context, wider, matchingRows(window, wider.rule.conditions, claimed));
  const isSame = wide !== undefined && wide.ranked.cause.id === narrow?.ranked.cause.id;
  const explanation = isSame ? wide : narrow;
  if (explanation !== undefined) claim(context, explanation);
  return explanation;
}

const REGION_SHARE = 0.35;

/**
 * The region of a longer rule by itself, where it is refused nearly as much: what stands beside it may only mark the
 * calls that can fail at all, such as those with a token or a key.
 */
function regionAlone(
  { window, claimed }: Context,
  span: Rise,
  { rule, aliases, rows }: Covering,
): Covering | undefined {
  const region = rule.conditions.find(({ column }) => COLUMNS[column] === "region");
  if (region === undefined || rule.conditions.length < 2) return undefined;
  const around = rowsWithin(window, span).filter((row) => !claimed.has(row));
  if (shareOf(window, around, region) < REGION_SHARE * rule.inside) return undefined;
  return { rule: { ...rule, conditions: [region] }, aliases: [rule, ...aliases], rows };
}

/** Refused rows that the explanation accounts for are not explained again. */
function claim({ window, claimed }: Context, { conditions, span }: Explanation): void {
  for (const row of matchingRows(window, conditions, claimed)) {
    if (row < window.refused && isWithin(span, window.time[row] ?? 0)) claimed.add(row);
  }
}

/** Attributes that a wrong token shows by itself: beside another attribute they are the symptom, not the culprit. */
const OF_THE_TOKEN: ReadonlySet<string> = new Set(["issuer", "tokenVersion", "audience", "keyId", "roles", "scopes"]);
const ALONE_SHARE = 0.15;
const ALONE_SHARE_BESIDE_TOKEN = 0.03;

/**
 * The one condition of a longer rule that is the culprit by itself, where the cause is of that kind: the region, the
 * backend, the caller. It must raise the refused share well; the longer rule stays as its alias.
 */
function culprit(
  { window, claimed }: Context,
  { rule, aliases, rows }: Covering,
  { ranked, span }: Explanation,
): Covering | undefined {
  if (!ranked.alone || rule.conditions.length < 2) return undefined;
  const around = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const candidates = rule.conditions
    .filter(({ column }) => ranked.names.some((name) => name === COLUMNS[column]))
    .map((condition) => ({ condition, inside: shareOf(window, around, condition) }))
    .toSorted((a, b) => b.inside - a.inside);
  const best = candidates.find(({ condition }) => !OF_THE_TOKEN.has(COLUMNS[condition.column] ?? "")) ?? candidates[0];
  if (best === undefined) return undefined;
  const beside = rule.conditions.some(
    (condition) => condition !== best.condition && OF_THE_TOKEN.has(COLUMNS[condition.column] ?? ""),
  );
  if (best.inside < (beside ? ALONE_SHARE_BESIDE_TOKEN : ALONE_SHARE) * rule.inside) return undefined;
  return { rule: { ...rule, conditions: [best.condition] }, aliases: [rule, ...aliases], rows };
}

function shareOf(window: Window, rows: readonly number[], condition: Condition): number {
  let refused = 0;
  let trials = 0;
  for (const row of rows) {
    if (!matches(window, [condition], row)) continue;
    refused += window.f[row] ?? 0;
    trials += window.n[row] ?? 0;
  }
  return trials === 0 ? 0 : refused / trials;
}

function sharpen(context: Context, span: Rise, covering: Covering): Covering {
  const { window, claimed } = context;
  const rows = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const again = cover(window, rows, { ...options(window), maxRules: 2 });
  const mine = new Set(covering.rows.filter((row) => row < window.refused));
  const best = again.find(({ rows: covered }) => {
    const refused = covered.filter((row) => row < window.refused);
    return refused.filter((row) => mine.has(row)).length >= 0.5 * refused.length;
  });
  return best ?? covering;
}
