import { COLUMNS, type Column, columnIndex } from "../detect/columns.ts";
import type { Context } from "./context.ts";
import { cover, type Covering } from "./cover.ts";
import { divide } from "./divide.ts";
import { rowsWithin, tallyRows } from "./observation.ts";
import { riseAmong } from "./rise.ts";
import type { Condition, Rule } from "./rule.ts";
import type { CoverOptions } from "./search.ts";
import { endsInCommon, isWithin, lastedMs, type Rise } from "./span.ts";
import { areOfOneLog } from "./logs-apart.ts";
import { matches } from "./splits.ts";
import type { Window } from "./window.ts";

/** `taken`: conditions that all compared rows have. */
export const coverOptions = (window: Window, taken: readonly Condition[] = []): CoverOptions => ({
  mayStand: (conditions) => !window.apart || areOfOneLog([...taken, ...conditions]),
  maxRules: 1,
  maxConditions: 3,
  minRefused: 4 * window.thinned,
  dispersion: window.thinned,
  within: WITHIN,
});

const WITHIN = new Map([[columnIndex("apiRevision"), columnIndex("api")]]);

/** What separates the rule's refusals within their own time: health before and after blurs it. */
export function sharpen({ window, claimed }: Context, span: Rise, covering: Covering): Covering {
  const rows = rowsWithin(window, span).filter((row) => !claimed.has(row));
  const again = cover(window, rows, { ...coverOptions(window), maxRules: 2 });
  const mine = new Set(covering.rows.filter((row) => row < window.refused));
  const best = again.find(({ rows: covered }) => {
    const refused = covered.filter((row) => row < window.refused);
    return refused.filter((row) => mine.has(row)).length >= 0.5 * refused.length;
  });
  return best ?? covering;
}

/** From this refused share on a rule says all there is to say. */
const DETERMINISTIC = 0.9;

/**
 * What a rule that mixes refused with succeeded calls hides: several values of one attribute that share the fault, or a
 * narrower fault inside. Values that were refused at different times are different faults: then only the first is given.
 * A rule that holds an attribute which names its cause, by `names` in their order, stays: what is narrower only says whom it
 * hits.
 */
export function narrowDown(
  context: Context,
  covering: Covering,
  by: { readonly candidates: readonly number[]; readonly names: readonly Column[] },
): Covering {
  const { window } = context;
  const span = riseAmong(context, by.candidates);
  if (span === undefined) return covering;
  const taken = covering.rule.conditions;
  const rows = by.candidates.filter((row) => isWithin(span, window.time[row] ?? 0) && matches(window, taken, row));
  const { refused, trials } = tallyRows(window, rows, []);
  if (refused >= DETERMINISTIC * trials) return covering;
  const around = rowsWithin(window, span);
  const named = rankOf(by.names, covering);
  const ofCalls = rows.filter((row) => (window.calls[row] ?? 0) > 0);
  const { mayStand } = coverOptions(window, taken);
  const parts = divide(window, ofCalls, { taken, dispersion: window.thinned, mayStand });
  const [first] = parts;
  if (first === undefined) return named < by.names.length ? covering : within(context, covering, { rows, around });
  const loose = parts.map((part) => loosen(window, around, { rule: part, taken }));
  const times = timesOf(context, parts, rows);
  const isBetter = named >= by.names.length || rankOf(by.names, { rule: first, aliases: [] }) < named;
  if (times === "together") return isBetter ? { ...covering, parts: loose } : covering;
  return times === "apart" && named >= by.names.length ? alone(context, loose[0] ?? first, rows) : covering;
}

/** Place of the first attribute that names the cause among those that separate; the number of names when there is none. */
function rankOf(names: readonly Column[], { rule, aliases }: Pick<Covering, "rule" | "aliases">): number {
  const single = aliases.filter(({ conditions }) => conditions.length === 1);
  const columns = new Set(
    [rule, ...single].flatMap(({ conditions }) => conditions.map(({ column }) => COLUMNS[column])),
  );
  const rank = names.findIndex((name) => columns.has(name));
  return rank < 0 ? names.length : rank;
}

/** One value of those that divide a rule, as a fault of its own. */
function alone(context: Context, rule: Rule, candidates: readonly number[]): Covering {
  const rows = candidates.filter((row) => matches(context.window, rule.conditions, row));
  const covering = { rule, aliases: [], parts: [], rows };
  const span = riseAmong(context, rows);
  return span === undefined ? covering : sharpen(context, span, covering);
}

/** The rule that separates best among the rows of another one, where nearly all that it covers is refused. */
function within(
  { window }: Context,
  covering: Covering,
  { rows, around }: { rows: readonly number[]; around: readonly number[] },
): Covering {
  const taken = covering.rule.conditions;
  const [inner] = cover(window, rows, { ...coverOptions(window, taken), maxConditions: 2 });
  if (inner === undefined || inner.rule.inside < DETERMINISTIC) return covering;
  const both = (rule: Rule): Rule =>
    loosen(window, around, { rule: { ...rule, conditions: [...taken, ...rule.conditions] }, taken });
  return { ...inner, rule: both(inner.rule), aliases: inner.aliases.map(both) };
}

/**
 * Whether the values of the attribute that divides best were refused at the same time. `apart` when some began and ended at
 * other times: one fault can reach them one after the other, and be mended for all at once.
 */
function timesOf(context: Context, parts: readonly Rule[], rows: readonly number[]): "together" | "apart" | "unsure" {
  const { window } = context;
  const column = parts[0]?.conditions.at(-1)?.column;
  const rises = parts
    .filter(({ conditions }) => conditions.at(-1)?.column === column)
    .map(({ conditions, refused }) => {
      const own = rows.filter((row) => matches(window, conditions, row));
      const rise = riseAmong(context, own);
      return rise === undefined
        ? undefined
        : { span: rise, gapMs: lastedMs(rise) / Math.max(1, refused - 1), lullMs: 0 };
    });
  const [first] = rises;
  if (first === undefined) return "unsure";
  const ends = rises.map((other) => (other === undefined ? 0 : endsInCommon(first, other)));
  if (ends.every((count) => count === 2)) return "together";
  return ends.includes(0) ? "apart" : "unsure";
}

const IMPLIED = 0.95;

/** The conditions of a rule without those that were taken before, where they imply them. */
function loosen(
  window: Window,
  around: readonly number[],
  { rule, taken }: { rule: Rule; taken: readonly Condition[] },
): Rule {
  const own = rule.conditions.slice(taken.length);
  const implied = around.filter((row) => matches(window, own, row));
  const both = implied.filter((row) => matches(window, rule.conditions, row));
  return tallyRows(window, both, []).trials >= IMPLIED * tallyRows(window, implied, []).trials
    ? { ...rule, conditions: own }
    : rule;
}
