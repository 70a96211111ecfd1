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
const FEW_CLIENTS = 3;

/**
 * Expired tokens that are replaced soon after: by the claims, or where those are not logged, by a few clients whose
 * refusals never last. What is expired for long, or of many clients, is a fault.
 */
export function isLateRenewal(window: Window, rows: readonly number[], { facts }: Observation): boolean {
  const ages = facts.flatMap(({ expiredMs }) => (expiredMs === undefined ? [] : [expiredMs]));
  if (ages.length > 0) return ages.filter((age) => age > LATE_MS).length <= (1 - NEARLY_ALL) * ages.length;
  const addresses = window.raw[columnIndex("callerAddress")] ?? [];
  const refused = rows.filter((row) => row < window.refused);
  const byAddress = new Map<number, number[]>();
  for (const row of refused) entry(byAddress, addresses[row] ?? -1, () => [] as number[]).push(window.time[row] ?? 0);
  byAddress.delete(-1);
  const clients = [...byAddress.values()].toSorted((a, b) => b.length - a.length).slice(0, FEW_CLIENTS);
  const theirs = clients.reduce((sum, times) => sum + times.length, 0);
  if (theirs < NEARLY_ALL * refused.length) return false;
  return clients.every((times) => burstsOf(times).every((lasted) => lasted <= LATE_MS));
}

/** How long each run of refusals lasted. */
function burstsOf(times: readonly number[]): readonly DurationMs[] {
  const runs: { readonly from: number; to: number }[] = [];
  for (const time of times.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last === undefined || time - last.to > APART_MS * TICKS_PER_MS) runs.push({ from: time, to: time });
    else last.to = time;
  }
  return runs.map(({ from, to }) => (to - from) / TICKS_PER_MS);
}
