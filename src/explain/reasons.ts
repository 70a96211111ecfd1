import type { Window } from "./window.ts";

/** Refusals that a reason needs to be looked at apart. */
const MIN_REFUSED = 5;

/**
 * Refused rows told apart by what the log says of them, where it says different things: a write to a region that takes none
 * and a missing role both answer 403. A row that says nothing goes with what its unit's other rows say. Gives, for
 * each reason, the rows of all the others.
 */
export function reasonsApart(window: Window): readonly Set<number>[] {
  const byUnit = mostToldByUnit(window);
  const groups = new Map<string, number[]>();
  for (let row = 0; row < window.refused; row++) {
    const reason = toldOf(window, row) ?? byUnit.get(window.unit[row] ?? -1) ?? "";
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

function mostToldByUnit(window: Window): ReadonlyMap<number, string> {
  const counts = new Map<number, Map<string, number>>();
  for (let row = 0; row < window.refused; row++) {
    const told = toldOf(window, row);
    if (told === undefined) continue;
    const unit = counts.get(window.unit[row] ?? -1) ?? new Map<string, number>();
    unit.set(told, (unit.get(told) ?? 0) + 1);
    counts.set(window.unit[row] ?? -1, unit);
  }
  return new Map(
    [...counts].map(([unit, told]) => [unit, [...told].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? ""] as const),
  );
}
