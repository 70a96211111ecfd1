import { isSwitchedOff } from "../correlate/changes.ts";
import { type Column, columnIndex } from "../detect/columns.ts";
import type { Detection } from "../detect/detection.ts";
import { valueAt } from "../detect/rows.ts";
import type { Change } from "../model/event.ts";
import { type DurationMs, plusMs } from "../model/time.ts";
import { KNOWN_MS } from "./causes/gateway.ts";
import type { Context } from "./context.ts";
import { idIn } from "./window.ts";

/** Gateways come to know of it maybe sooner than its log says. */
const SLACK_MS: DurationMs = 120_000;
const LIKE: readonly Column[] = ["callerNetwork", "userAgentFamily"];
/** Where no reason is logged, a key that is refused looks like any other credential. */
const SYMPTOMS: ReadonlySet<string> = new Set(["gateway:SubscriptionKey", "gateway:401"]);

/**
 * Refused rows of keys that somebody switched off, which is no fault: the subscription's calls end with that, and whoever is
 * refused from then on is like whoever made them.
 */
export function refusedOfSwitchedOff({
  window,
  changes,
  detection,
}: Pick<Context, "window" | "changes" | "detection">): ReadonlySet<number> {
  const rows = new Set<number>();
  if (!SYMPTOMS.has(window.symptom.name)) return rows;
  for (const change of changes.filter(isSwitchedOff)) {
    const theirs = callersOf(detection, change);
    if (theirs === undefined) continue;
    const from = plusMs(change.time, -SLACK_MS);
    for (let row = 0; row < window.refused; row++) {
      const id = idIn(window, theirs.column, row);
      if ((window.time[row] ?? 0) >= from && theirs.values.has(id)) rows.add(row);
    }
  }
  return rows;
}

interface Callers {
  readonly column: Column;
  readonly values: ReadonlySet<number>;
}

/** Where the subscription was called from, or else by what; undefined where nothing tells, or where its calls go on. */
function callersOf(detection: Detection, { resource, time }: Change): Callers | undefined {
  const id = subscriptionNamed(detection, resource.slice(resource.lastIndexOf("/") + 1));
  if (id < 0) return undefined;
  const columns = LIKE.map((column) => ({ column, values: new Set<number>() }));
  const until = plusMs(time, KNOWN_MS);
  const all = [detection.succeeded, ...[...detection.symptoms.values()].map(({ rows }) => rows)];
  for (const rows of all) {
    for (let at = 0; at < rows.count; at++) {
      if (valueAt(rows, at, columnIndex("subscription")) !== id) continue;
      if ((rows.time[at] ?? 0) > until) return undefined;
      for (const { column, values } of columns) values.add(valueAt(rows, at, columnIndex(column)));
    }
  }
  for (const { values } of columns) values.delete(-1);
  return columns.find(({ values }) => values.size > 0);
}

/** Resource names differ in case between logs. */
function subscriptionNamed({ dictionaries }: Detection, name: string): number {
  const values = dictionaries[columnIndex("subscription")]?.values ?? [];
  return values.findIndex((value) => value.toLowerCase() === name.toLowerCase());
}
