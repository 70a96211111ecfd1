import { entry } from "../lib/entry.ts";
import { type DurationMs, TICKS_PER_MS } from "../model/time.ts";
import type { Window } from "./window.ts";

/** Refusals that a reason needs to be looked at apart. */
const MIN_REFUSED = 5;

/** A row that says nothing is of its unit's reason no longer than this before and after the rows that say it. */
const AROUND_MS: DurationMs = 600_000;

/**
 * Refused rows told apart by what the log says of them, where it says different things: a write to a region that takes none
 * and a missing role both answer 403. A row that says nothing goes with what its unit's other rows say about then. Gives,
 * for each reason, the rows of all the others.
 */
export function reasonsApart(window: Window): readonly Set<number>[] {
  const byUnit = mostToldByUnit(window);
  const groups = new Map<string, number[]>();
  for (let row = 0; row < window.refused; row++) {
    const reason = toldOf(window, row) ?? reasonAbout(byUnit.get(window.unit[row] ?? -1), window.time[row] ?? 0);
    const rows = groups.get(reason) ?? [];
    rows.push(row);
    groups.set(reason, rows);
  }
  const large = [...groups]
    .filter(([, rows]) => rows.length >= MIN_REFUSED)
    .toSorted((a, b) => b[1].length - a[1].length);
  if (large.length < 2) return [new Set()];
  return large.map(([reason]) => new Set([...groups].flatMap(([other, rows]) => (other === reason ? [] : rows))));
}

const toldOf = ({ symptom, place }: Window, row: number): string | undefined =>
  symptom.rows.facts[place[row] ?? 0]?.told;

/** A reason with how often and between which times it was told. */
interface Told {
  readonly reason: string;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

function reasonAbout(told: Told | undefined, time: number): string {
  if (told === undefined) return "";
  const around = AROUND_MS * TICKS_PER_MS;
  return time >= told.from - around && time <= told.to + around ? told.reason : "";
}

function mostToldByUnit(window: Window): ReadonlyMap<number, Told> {
  const units = new Map<number, Map<string, Told>>();
  for (let row = 0; row < window.refused; row++) {
    const reason = toldOf(window, row);
    if (reason === undefined) continue;
    const time = window.time[row] ?? 0;
    const unit = entry(units, window.unit[row] ?? -1, () => new Map<string, Told>());
    const told = unit.get(reason) ?? { reason, count: 0, from: time, to: time };
    unit.set(reason, { reason, count: told.count + 1, from: Math.min(told.from, time), to: Math.max(told.to, time) });
  }
  const mostOf = (unit: ReadonlyMap<string, Told>): readonly Told[] =>
    [...unit.values()].toSorted((a, b) => b.count - a.count).slice(0, 1);
  return new Map([...units].flatMap(([unit, told]) => mostOf(told).map((most) => [unit, most] as const)));
}
