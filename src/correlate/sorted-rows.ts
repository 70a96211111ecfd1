import { type EventTable, timeOf } from "../model/event-table.ts";

type Tie = (a: EventTable, rowA: number, b: EventTable, rowB: number) => number;

/** Bits of a place, and the ticks that are left beside it in 64 bits: 81 days. */
const PLACE_BITS = 18;
const TICKS = 2 ** (64 - PLACE_BITS);
const HIGH = 2 ** 32;

/** Places of the rows in the order of event time; `tie` orders those of one instant. */
export function sortedRows(table: EventTable, tie: Tie): Uint32Array {
  const { count } = table;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    const time = timeOf(table, row);
    if (time < first) first = time;
    if (time > last) last = time;
  }
  if (count <= 2 ** PLACE_BITS && last - first < TICKS) return byPackedTime(table, first, tie);
  const order = byComparison(table);
  orderTies(table, order, tie, (i) => timeOf(table, order[i - 1] ?? 0) === timeOf(table, order[i] ?? 0));
  return order;
}

/** Time and place in one number of 64 bits: a typed array sorts those without calling back. */
function byPackedTime(table: EventTable, first: number, tie: Tie): Uint32Array {
  const { count } = table;
  const packed = new BigUint64Array(count);
  const halves = new Uint32Array(packed.buffer);
  for (let row = 0; row < count; row++) {
    const ticks = timeOf(table, row) - first;
    // Little-endian, as every platform that Node runs on: the low half first.
    const high = Math.floor(ticks / (HIGH / 2 ** PLACE_BITS));
    halves[2 * row + 1] = high;
    halves[2 * row] = (ticks - high * (HIGH / 2 ** PLACE_BITS)) * 2 ** PLACE_BITS + row;
  }
  packed.sort();
  const order = new Uint32Array(count);
  const mask = 2 ** PLACE_BITS - 1;
  for (let i = 0; i < count; i++) order[i] = (halves[2 * i] ?? 0) & mask;
  // Of what lies in order, not of the rows, which are anywhere.
  orderTies(table, order, tie, (i) => {
    const low = halves[2 * i] ?? 0;
    const lowBefore = halves[2 * i - 2] ?? 0;
    return halves[2 * i + 1] === halves[2 * i - 1] && low >>> PLACE_BITS === lowBefore >>> PLACE_BITS;
  });
  return order;
}

function byComparison(table: EventTable): Uint32Array {
  const order = Uint32Array.from({ length: table.count }, (_, row) => row);
  return order.toSorted((a, b) => timeOf(table, a) - timeOf(table, b));
}

/** `isTie`: whether the row at a place of the order is of the same instant as the one before. */
function orderTies(table: EventTable, order: Uint32Array, tie: Tie, isTie: (i: number) => boolean): void {
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && isTie(to)) to += 1;
    if (to - from > 1)
      order.set(
        order.slice(from, to).toSorted((a, b) => tie(table, a, table, b)),
        from,
      );
    from = to;
  }
}
