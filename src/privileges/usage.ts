import { type Ledger, visitUses } from "./ledger.ts";

/** What the ledger's rows add up to, by use. */
export interface Usage {
  readonly succeeded: Float64Array;
  readonly denied: Float64Array;
  /** Of the denied, those with 401. */
  readonly denied401: Float64Array;
  readonly other: Float64Array;
  /** Days with a success or another failure than a refusal, oldest first and each once: those of use `u` lie from `firstDay[u]` to `firstDay[u + 1]`. */
  readonly days: Int32Array;
  readonly firstDay: Int32Array;
}

export function readUsage(ledger: Ledger): Usage {
  const { used } = ledger.uses.table;
  const succeeded = new Float64Array(used);
  const denied = new Float64Array(used);
  const denied401 = new Float64Array(used);
  const other = new Float64Array(used);
  const rows = new Int32Array(used + 1);
  visitUses(ledger, (_, use, counts) => {
    succeeded[use] = (succeeded[use] ?? 0) + counts.succeeded;
    denied[use] = (denied[use] ?? 0) + counts.denied;
    denied401[use] = (denied401[use] ?? 0) + counts.denied401;
    other[use] = (other[use] ?? 0) + counts.other;
    if (counts.succeeded + counts.other > 0) rows[use] = (rows[use] ?? 0) + 1;
  });
  const starts = new Int32Array(used + 1);
  for (let use = 0; use < used; use++) starts[use + 1] = (starts[use] ?? 0) + (rows[use] ?? 0);
  const all = new Int32Array(starts[used] ?? 0);
  const next = starts.slice();
  visitUses(ledger, (day, use, counts) => {
    if (counts.succeeded + counts.other === 0) return;
    const at = next[use] ?? 0;
    all[at] = day;
    next[use] = at + 1;
  });
  return { succeeded, denied, denied401, other, ...distinct(all, starts, used) };
}

/** Each day once, in order. */
function distinct(all: Int32Array, starts: Int32Array, used: number): Pick<Usage, "days" | "firstDay"> {
  const firstDay = new Int32Array(used + 1);
  let count = 0;
  for (let use = 0; use < used; use++) {
    firstDay[use] = count;
    let before = -1;
    for (const day of all.subarray(starts[use], starts[use + 1]).toSorted()) {
      if (day !== before) all[count++] = day;
      before = day;
    }
  }
  firstDay[used] = count;
  return { days: all.slice(0, count), firstDay };
}

export const daysOf = ({ days, firstDay }: Usage, use: number): Int32Array =>
  days.subarray(firstDay[use], firstDay[use + 1]);
