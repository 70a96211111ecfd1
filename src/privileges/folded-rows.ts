import { bitCount } from "../lib/bits.ts";
import { atOnce, type InTurns } from "../lib/in-turns.ts";
import { type DayRows, type FoldedBlock, PERIOD, type RowVisitor, Writer } from "./day-rows.ts";

const DENIED = 1;
const OTHER = 2;

/** What the rows of one period add up to, by use. */
export interface Folding {
  /** First day of the period. */
  readonly firstDay: number;
  /** Days with a success or another failure than a refusal. */
  readonly bits: Int32Array;
  /** Succeeded, denied, of those 401, other. */
  readonly counts: Float64Array;
}

const COUNTS = 4;

export const createFolding = (firstDay: number, uses: number): Folding => ({
  firstDay,
  bits: new Int32Array(uses),
  counts: new Float64Array(COUNTS * uses),
});

/** The first day of the period that has a day. */
export const periodOf = (day: number): number => day - (day % PERIOD);

/** Adds a row of the period: of one day, or of days that were folded before. */
export const foldInto =
  (folding: Folding): RowVisitor =>
  (day, use, { succeeded, denied, denied401, other }, bits) => {
    const isTried = succeeded + other > 0;
    const days = bits === 0 ? (isTried ? 1 << (day - folding.firstDay) : 0) : bits;
    folding.bits[use] = (folding.bits[use] ?? 0) | days;
    const { counts } = folding;
    const at = COUNTS * use;
    counts[at] = (counts[at] ?? 0) + succeeded;
    counts[at + 1] = (counts[at + 1] ?? 0) + denied;
    counts[at + 2] = (counts[at + 2] ?? 0) + denied401;
    counts[at + 3] = (counts[at + 3] ?? 0) + other;
  };

/** A use that was refused on all of its days has none: its first day stands for them. */
const REFUSED_ONLY = 1;

/**
 * By use, as differences; whether its days are those of the mask, else its days; and its counts. A use of each day takes some
 * four bytes a period.
 */
export function packFolding({ firstDay, bits, counts }: Folding): FoldedBlock {
  const mask = bits.reduce((sum, days) => sum | days, 0);
  const writer = new Writer(1 << 16);
  let [rows, days, before] = [0, 0, 0];
  for (let use = 0; use < bits.length; use++) {
    const at = COUNTS * use;
    const [succeeded = 0, denied = 0, denied401 = 0, other = 0] = counts.subarray(at, at + COUNTS);
    if (succeeded + denied + other === 0) continue;
    const own = bits[use] ?? 0;
    const isWhole = own === mask;
    writer.put(2 * (use - before) + (isWhole ? 1 : 0));
    if (!isWhole) writer.put(own >>> 0);
    writer.put(4 * succeeded + (denied > 0 ? DENIED : 0) + (other > 0 ? OTHER : 0));
    if (denied > 0) {
      writer.put(denied);
      writer.put(denied401);
    }
    if (other > 0) writer.put(other);
    before = use;
    rows += 1;
    days += Math.max(REFUSED_ONLY, bitCount(own));
  }
  return { bytes: writer.done(), rows, days, firstDay, mask };
}

/** Tells each use of the folded periods once, with its days. */
export const visitFolded = (rows: Pick<DayRows, "folded">, visit: RowVisitor): void =>
  atOnce(visitFoldedInTurns(rows, visit));

export function* visitFoldedInTurns({ folded }: Pick<DayRows, "folded">, visit: RowVisitor): InTurns<void> {
  for (const block of folded) yield* visitBlock(block, visit);
}

/** Uses that are read in one turn. */
const TURN_USES = 1 << 16;

/** Long for one loop, as the rows of days are. */
function* visitBlock({ bytes, firstDay, mask }: FoldedBlock, visit: RowVisitor): InTurns<void> {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const counts = { succeeded: 0, denied: 0, denied401: 0, other: 0 };
  let use = 0;
  let read = 0;
  while (at < bytes.length) {
    const step = next();
    use += Math.floor(step / 2);
    const own = step % 2 === 1 ? mask : next() | 0;
    const flagged = next();
    counts.succeeded = Math.floor(flagged / 4);
    counts.denied = (flagged & DENIED) === 0 ? 0 : next();
    counts.denied401 = (flagged & DENIED) === 0 ? 0 : next();
    counts.other = (flagged & OTHER) === 0 ? 0 : next();
    visit(firstDay, use, counts, own);
    if (++read % TURN_USES === 0) yield;
  }
}
