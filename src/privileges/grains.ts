import type { InTurns } from "../lib/in-turns.ts";
import { COLUMNS, type DayRows, PERIOD, visitRowsInTurns } from "./day-rows.ts";
import { periodOf, visitFoldedInTurns } from "./folded-rows.ts";
import type { Ledger } from "./ledger.ts";

/** Whether a row that a table added up is of a use and day that no finer log has. */
export type IsFinest = (use: number, day: number) => boolean;

/**
 * Of the uses that tables tell, too, the days on which single operations tell them and those on which rows of five minutes
 * do: a bit each. Folded days are told by single operations, as nothing finer comes after them.
 */
export function* finestOf({ single, grain, table }: Ledger["uses"], rows: DayRows): InTurns<IsFinest> {
  const places = new Int32Array(table.used).fill(-1);
  let told = 0;
  for (let use = 0; use < table.used; use++) {
    const of = single[use] ?? -1;
    if ((grain[use] ?? 0) > 0 && of >= 0 && places[of] === -1) places[of] = told++;
  }
  const { from, words } = spanOf(rows);
  const [singly, five] = [new Int32Array(told * words), new Int32Array(told * words)];
  const mark = (bits: Int32Array, place: number, { day, days }: { day: number; days: number }): void => {
    const at = place * words + ((day - from) >> 5);
    bits[at] = (bits[at] ?? 0) | days;
  };
  yield* visitRowsInTurns(rows, (day, use) => {
    const own = grain[use] ?? 0;
    const place = places[own === 0 ? use : (single[use] ?? -1)] ?? -1;
    if (place >= 0 && own < 2) mark(own === 0 ? singly : five, place, { day, days: 1 << ((day - from) & 31) });
  });
  yield* visitFoldedInTurns(rows, (day, use, _, bits) => {
    const place = places[use] ?? -1;
    if (place >= 0) mark(singly, place, { day, days: bits });
  });
  return (use, day) => {
    const place = places[single[use] ?? -1] ?? -1;
    if (place < 0) return false;
    const at = place * words + ((day - from) >> 5);
    const finer = (singly[at] ?? 0) | ((grain[use] ?? 0) === 1 ? 0 : (five[at] ?? 0));
    return (finer & (1 << ((day - from) & 31))) === 0;
  };
}

/** The first day of the first period of all rows, and how many periods they span. */
function spanOf({ blocks, folded, tail, tailRows }: DayRows): { readonly from: number; readonly words: number } {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const add = (from: number, to: number): void => {
    first = Math.min(first, from);
    last = Math.max(last, to);
  };
  for (const { firstDay, lastDay } of blocks) add(firstDay, lastDay);
  for (const { firstDay } of folded) add(firstDay, firstDay + PERIOD - 1);
  for (let row = 0; row < tailRows; row++) add(tail[COLUMNS * row] ?? 0, tail[COLUMNS * row] ?? 0);
  if (first > last) return { from: 0, words: 0 };
  const from = periodOf(first);
  return { from, words: Math.floor((last - from) / PERIOD) + 1 };
}
