import { columnIndex } from "../detect/columns.ts";
import { entry } from "../lib/entry.ts";
import { type DurationMs, TICKS_PER_MS } from "../model/time.ts";
import type { Observation } from "./observation.ts";
import type { Window } from "./window.ts";

/** A client that notices late that its token ran out uses it this much longer, each time that it runs out. */
const LATE_MS: DurationMs = 180_000;
/** Refusals further apart are of two tokens. */
const APART_MS: DurationMs = 300_000;
const NEARLY_ALL = 0.9;

/**
 * Expired tokens that are replaced soon after: by the claims, or where those are not logged, by one client whose refusals
 * never last. What is expired for long, or of many clients, is a fault.
 */
export function isLateRenewal(window: Window, rows: readonly number[], { facts }: Observation): boolean {
  const ages = facts.flatMap(({ expiredMs }) => (expiredMs === undefined ? [] : [expiredMs]));
  if (ages.length > 0) return ages.filter((age) => age > LATE_MS).length <= (1 - NEARLY_ALL) * ages.length;
  const addresses = window.raw[columnIndex("callerAddress")] ?? [];
  const refused = rows.filter((row) => row < window.refused);
  const byAddress = new Map<number, number>();
  for (const row of refused) {
    const address = addresses[row] ?? -1;
    byAddress.set(address, (byAddress.get(address) ?? 0) + 1);
  }
  byAddress.delete(-1);
  if (Math.max(0, ...byAddress.values()) < NEARLY_ALL * refused.length) return false;
  return burstsOf(refused.map((row) => window.time[row] ?? 0)).every((lasted) => lasted <= LATE_MS);
}

/** How long each run of refusals lasted. */
function burstsOf(times: readonly number[]): readonly DurationMs[] {
  const runs = new Map<number, { from: number; to: number }>();
  let run = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const time of times.toSorted((a, b) => a - b)) {
    if (time - last > APART_MS * TICKS_PER_MS) run += 1;
    last = time;
    entry(runs, run, () => ({ from: time, to: time })).to = time;
  }
  return [...runs.values()].map(({ from, to }) => (to - from) / TICKS_PER_MS);
}
