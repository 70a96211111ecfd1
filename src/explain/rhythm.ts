import { type Column, columnIndex } from "../detect/columns.ts";
import { timeAt } from "../detect/rows.ts";
import type { Context } from "./context.ts";
import { type Period, periodOf } from "./period.ts";
import type { Condition } from "./rule.ts";
import { instantFromTicks } from "../model/time.ts";
import { isBetween, type Span } from "./span.ts";
import { matches } from "./splits.ts";
import { openWindow, type Window } from "./window.ts";

interface Rising {
  /** Rows of the rise, those of its pauses too. */
  readonly whole: readonly number[];
  readonly span: Span;
  /** What separates best. */
  readonly conditions: readonly Condition[];
}

/** The rhythm in which the refusals of a rise come and go, if they have one. */
export const rhythmOf = (context: Context, { whole, span, conditions }: Rising): Period | undefined =>
  periodOf(context.window, whole, span) ??
  periodAmong(context.window, whole, span) ??
  periodBefore(context, conditions, span);

/** What may have a rhythm of its own among others that have none. */
const PLACES: readonly Column[] = ["clientAddress", "clientNetwork", "backend"];
const PROPER_PART = 0.8;

/** The rhythm at those places that refuse at all, where they are a part of the calls only. */
function periodAmong(window: Window, rows: readonly number[], span: Span): Period | undefined {
  for (const column of PLACES) {
    const ids = window.raw[columnIndex(column)] ?? [];
    const refusing = new Set(rows.filter((row) => row < window.refused).map((row) => ids[row] ?? -1));
    if (refusing.has(-1)) continue;
    const part = rows.filter((row) => refusing.has(ids[row] ?? -1));
    if (part.length > PROPER_PART * rows.length) continue;
    const period = periodOf(window, part, span);
    if (period !== undefined) return period;
  }
  return undefined;
}

/**
 * The rhythm of earlier stretches that the window does not reach back to: of all calls still kept with the values that
 * separate this one. Undefined where none of them was refused before the window.
 */
function periodBefore(
  { detection, window }: Context,
  conditions: readonly Condition[],
  { to }: Span,
): Period | undefined {
  const { symptom } = window;
  if (conditions.length === 0 || symptom.rows.count === 0) return undefined;
  const oldest = timeAt(symptom.rows, 0);
  if (oldest >= window.from) return undefined;
  const all = openWindow(detection, symptom, { onset: oldest, at: window.to });
  const refused = Array.from({ length: all.refused }, (_, row) => row).filter((row) => matches(all, conditions, row));
  const from = instantFromTicks(refused.reduce<number>((first, row) => Math.min(first, all.time[row] ?? first), to));
  if (from >= window.from) return undefined;
  const span = { from, to };
  const rows = Array.from(all.time, (_, row) => row).filter(
    (row) => isBetween(span, all.time[row] ?? 0) && matches(all, conditions, row),
  );
  return periodOf(all, rows, span);
}
