import { type Column, columnIndex } from "../detect/columns.ts";
import { isSwitchedOff } from "../correlate/changes.ts";
import { type DurationMs, type Instant, msBetween, plusMs } from "../model/time.ts";
import { KNOWN_MS } from "./causes/gateway.ts";
import type { Context } from "./context.ts";
import type { Refusals } from "./strangers.ts";
import { idIn, type Window } from "./window.ts";

/** Gateways come to know of it maybe sooner than its log says. */
const SLACK_MS: DurationMs = 120_000;
const NEARLY_ALL = 0.8;
const LIKE: readonly Column[] = ["callerNetwork", "userAgentFamily"];

/**
 * Refusals of a key that somebody switched off: the subscription's calls end with that, and whoever is refused is like whoever
 * made them.
 */
export function areOfSwitchedOff(
  { window, changes, detection }: Context,
  { refused, span: { from } }: Refusals,
): boolean {
  if (window.symptom.name !== "gateway:SubscriptionKey") return false;
  const ids = detection.dictionaries[columnIndex("subscription")]?.ids;
  return changes.filter(isSwitchedOff).some((change) => {
    const lag = msBetween(from, change.time);
    const id = ids?.get(change.resource.slice(change.resource.lastIndexOf("/") + 1));
    if (lag < -SLACK_MS || lag > KNOWN_MS || id === undefined) return false;
    return areOfOne(window, refused, { id, until: plusMs(from, SLACK_MS) });
  });
}

function areOfOne(
  window: Window,
  refused: readonly number[],
  { id, until }: { readonly id: number; readonly until: Instant },
): boolean {
  const own: number[] = [];
  for (let row = window.refused; row < window.time.length; row++)
    if (idIn(window, "subscription", row) === id) own.push(row);
  if (own.length === 0 || own.some((row) => (window.time[row] ?? 0) > until)) return false;
  return LIKE.some((column) => {
    const theirs = new Set(own.map((row) => idIn(window, column, row)));
    theirs.delete(-1);
    return refused.filter((row) => theirs.has(idIn(window, column, row))).length >= NEARLY_ALL * refused.length;
  });
}
