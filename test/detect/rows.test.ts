import { describe, expect, test } from "vitest";
import { VALUES_PER_COLUMN, WIDTH } from "../../src/detect/columns.ts";
import {
  addCall,
  addRow,
  callAt,
  createRows,
  placesSince,
  type Rows,
  thinSince,
  valueAt,
} from "../../src/detect/rows.ts";
import { lotOfText } from "../../src/detect/lots.ts";
import { thinBusy } from "../../src/detect/thin.ts";
import { unitHash } from "../../src/lib/hash.ts";
import { writeKey } from "../../src/model/key128.ts";
import { plusMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";
import { random } from "../traffic.ts";

const CAPACITY = 1_024;
/** Writes a row and gives its serial number; an id that is no GUID stands beside it. */
function push(rows: Rows, row: { seconds: number; unit: number; value?: number; call?: string }): number {
  const { seconds, unit, value = 0, call = `call-${rows.written}` } = row;
  const place = addRow(rows, at(seconds), unit, 1);
  rows.ids.fill(value, place * WIDTH, (place + 1) * WIDTH);
  const serial = rows.serial[place] ?? 0;
  if (!writeKey(rows.call, 4 * place, call, 5)) rows.odd.set(serial, call);
  return serial;
}

const total = (values: Float64Array, rows: Rows, unit?: number): number =>
  placesSince(rows, at(0)).reduce(
    (sum, place) => sum + (unit === undefined || rows.unit[place] === unit ? (values[place] ?? 0) : 0),
    0,
  );

describe("rows beyond the room", () => {
  test("stand for all that was counted, since the first", () => {
    const rows = createRows<undefined>(CAPACITY);
    for (let i = 0; i < 20_000; i++) push(rows, { seconds: i, unit: i % 7 });
    expect(rows.count).toBeLessThanOrEqual(CAPACITY);
    expect(total(rows.trials, rows)).toBe(20_000);
    expect(total(rows.weight, rows)).toBe(20_000);
    expect(rows.time[0]).toBeLessThan(at(500));
  });
  test("a small unit keeps every row", () => {
    const rows = createRows<undefined>(CAPACITY);
    for (let i = 0; i < 20_000; i++) push(rows, { seconds: i, unit: i % 1_000 === 0 ? 9 : 1 });
    const small = [...placesSince(rows, at(0))].filter((place) => rows.unit[place] === 9);
    expect(small.map((place) => rows.trials[place])).toEqual(Array.from({ length: 20 }, () => 1));
  });
  test("calls that alternate between two backends stay half and half", () => {
    const rows = createRows<undefined>(CAPACITY);
    for (let i = 0; i < 40_000; i++) push(rows, { seconds: i / 10, unit: 1, value: i % 2 });
    const odd = placesSince(rows, at(0)).reduce(
      (sum, place) => sum + (rows.ids[place * WIDTH] === 1 ? (rows.trials[place] ?? 0) : 0),
      0,
    );
    expect(odd / 40_000).toBeGreaterThan(0.4);
    expect(odd / 40_000).toBeLessThan(0.6);
  });
  test("what is older than twelve hours is forgotten", () => {
    const rows = createRows<undefined>(CAPACITY);
    for (let i = 0; i < 5_000; i++) push(rows, { seconds: i * 20, unit: 1 });
    expect(rows.time[0]).toBeGreaterThan(plusMs(at(5_000 * 20), -16 * 3_600_000));
  });
  test("too many units for the room: the newest rows stay", () => {
    const rows = createRows<undefined>(CAPACITY);
    for (let i = 0; i < 5_000; i++) push(rows, { seconds: i, unit: i });
    expect(rows.unit[rows.count - 1]).toBe(4_999);
    expect(rows.count).toBeLessThanOrEqual(CAPACITY);
  });
});

test("a retry is counted on the row of its own unit, also after that row was thinned away", () => {
  const rows = createRows<undefined>(CAPACITY);
  const serials = Array.from({ length: 5_000 }, (_, i) => push(rows, { seconds: i, unit: i % 2 }));
  addCall(rows, serials[2_000] ?? 0, 0);
  addCall(rows, serials[2_001] ?? 0, 1);
  addCall(rows, serials[2_003] ?? 0, 1);
  expect(total(rows.weight, rows, 0)).toBe(2_501);
  expect(total(rows.weight, rows, 1)).toBe(2_502);
});

test("thinning again changes no sum", () => {
  const rows = createRows<undefined>(CAPACITY);
  for (let i = 0; i < 1_000; i++) push(rows, { seconds: i, unit: i % 3 });
  const kept = thinSince(rows, at(0), 100);
  expect(kept.count).toBeLessThanOrEqual(103);
  expect(kept.trials.reduce((sum, trials) => sum + trials, 0)).toBe(1_000);
  expect([...kept.place]).toEqual([...kept.place].toSorted((a, b) => a - b));
});

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");
const guidAt = (i: number): string => `${hex(Math.imul(i, 0x9e3779b1) >>> 0, 8)}-0000-4000-8000-${hex(i, 12)}`;

test("a row keeps its call's id through growth and thinning, be it a GUID or not", () => {
  const rows = createRows<undefined>(CAPACITY);
  const idOf = (i: number): string => (i % 3 === 0 ? `trace-${i}` : guidAt(i));
  for (let i = 0; i < 10_000; i++) push(rows, { seconds: i, unit: i % 2, call: idOf(i) });
  thinSince(rows, at(0), 10);
  for (let place = 0; place < rows.count; place++) {
    expect(callAt(rows, place)).toBe(idOf(rows.serial[place] ?? -1));
    expect(rows.lot[place]).toBe(lotOfText(callAt(rows, place)));
  }
  expect(rows.odd.size).toBe([...rows.serial.subarray(0, rows.count)].filter((serial) => serial % 3 === 0).length);
});

interface Kept {
  place: number;
  weight: number;
  trials: number;
}

/** Thinning as it is described: groups of neighbours of one unit, each stood for by one of them, drawn by its call's id. */
function thinPlainly(rows: Rows, ids: readonly string[], most: number): readonly Kept[] {
  const places = ids.map((_, place) => place);
  const ofUnit = Map.groupBy(places, (place) => rows.unit[place] ?? -1);
  const fits = (limit: number): boolean =>
    [...ofUnit.values()].reduce((sum, { length }) => sum + Math.min(length, limit), 0) <= most;
  let cap = 4;
  while (cap < most && fits(cap + 1)) cap += 1;
  const kept: Kept[] = [];
  for (const own of ofUnit.values()) {
    const target = own.length <= cap ? 0 : own.reduce((sum, place) => sum + (rows.trials[place] ?? 0), 0) / cap;
    let group: Kept | undefined;
    for (const place of own) {
      const weight = rows.weight[place] ?? 0;
      const trials = rows.trials[place] ?? 0;
      const all: number = (group?.trials ?? 0) + trials;
      const isTaken = group === undefined || unitHash(ids[place] ?? "", 11) < trials / all;
      group = { place: isTaken ? place : (group?.place ?? place), weight: (group?.weight ?? 0) + weight, trials: all };
      if (all < target) continue;
      kept.push(group);
      group = undefined;
    }
    if (group !== undefined) kept.push(group);
  }
  return kept.toSorted((a, b) => a.place - b.place);
}

test.each([1, 2, 3])("rows are thinned as described (seed %i)", (seed) => {
  const next = random(seed);
  const rows = createRows<undefined>(CAPACITY);
  const ids = Array.from({ length: 900 }, (_, i) => (next() < 0.2 ? `odd-${i}` : guidAt(i)));
  for (const [i, call] of ids.entries()) {
    push(rows, { seconds: i, unit: Math.floor(next() ** 3 * 40) - 1, call });
    rows.trials[i] = 1 + Math.floor(next() * 3);
    rows.weight[i] = Math.floor(next() * 4);
  }
  for (const most of [50, 200, 450, 2_000]) {
    const { count, place, weight, trials } = thinSince(rows, at(0), most);
    const kept = Array.from({ length: count }, (_, i) => ({ place: place[i], weight: weight[i], trials: trials[i] }));
    expect(kept).toEqual(thinPlainly(rows, ids, most));
  }
});

test("nothing is thinned to nothing", () => {
  const rows = createRows<undefined>(CAPACITY);
  expect(thinBusy(rows, new Int32Array(), 10).count).toBe(0);
});

test("the last value that a column has room for is told from none", () => {
  const rows = createRows<undefined>(4);
  const place = addRow(rows, at(0), 0, 1);
  const row = place * WIDTH;
  rows.ids.fill(-1, row, row + WIDTH);
  rows.ids[row + 1] = VALUES_PER_COLUMN - 1;
  expect([0, 1].map((column) => valueAt(rows, place, column))).toEqual([-1, VALUES_PER_COLUMN - 1]);
});
