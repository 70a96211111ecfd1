import { bitCount, lowestBit } from "../lib/bits.ts";
import type { InTurns } from "../lib/in-turns.ts";
import { periodOf } from "./folded-rows.ts";
import { type Ledger, visitUsesInTurns } from "./ledger.ts";

/** What the ledger's rows add up to, by use. */
export interface Usage {
  readonly succeeded: Float64Array;
  readonly denied: Float64Array;
  /** Of the denied, those with 401. */
  readonly denied401: Float64Array;
  readonly other: Float64Array;
  /** Days with a success or another failure than a refusal, a bit each from `from` on; `words` numbers for each use. */
  readonly bits: Int32Array;
  readonly words: number;
  readonly from: number;
}

export function* readUsageInTurns(ledger: Ledger): InTurns<Usage> {
  const { used } = ledger.uses.table;
  const succeeded = new Float64Array(used);
  const denied = new Float64Array(used);
  const denied401 = new Float64Array(used);
  const other = new Float64Array(used);
  const from = periodOf(ledger.oldestDay);
  const words = ledger.newestDay < from ? 0 : ((ledger.newestDay - from) >> 5) + 1;
  const bits = new Int32Array(used * words);
  yield* visitUsesInTurns(ledger, (day, use, counts, days) => {
    succeeded[use] = (succeeded[use] ?? 0) + counts.succeeded;
    denied[use] = (denied[use] ?? 0) + counts.denied;
    denied401[use] = (denied401[use] ?? 0) + counts.denied401;
    other[use] = (other[use] ?? 0) + counts.other;
    if (counts.succeeded + counts.other === 0) return;
    const at = use * words + ((day - from) >> 5);
    bits[at] = (bits[at] ?? 0) | (days === 0 ? 1 << ((day - from) & 31) : days);
  });
  return { succeeded, denied, denied401, other, bits, words, from };
}

/** Each day once, oldest first. */
export function daysOf(usage: Usage, use: number): Int32Array {
  const days = new Int32Array(dayCount(usage, use));
  let count = 0;
  for (let word = 0; word < usage.words; word++)
    for (let left = usage.bits[use * usage.words + word] ?? 0; left !== 0; left &= left - 1)
      days[count++] = usage.from + 32 * word + lowestBit(left);
  return days;
}

/** How many days `daysOf` gives. */
export function dayCount({ bits, words }: Usage, use: number): number {
  let count = 0;
  for (let word = 0; word < words; word++) count += bitCount(bits[use * words + word] ?? 0);
  return count;
}
