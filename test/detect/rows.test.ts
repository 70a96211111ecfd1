import { describe, expect, test } from "vitest";
import { WIDTH } from "../../src/detect/columns.ts";
import { addCall, createRows, placesSince, pushRow, type Rows } from "../../src/detect/rows.ts";
import { thinBusy } from "../../src/detect/thin.ts";
import { plusMs } from "../../src/model/time.ts";
import { at } from "../builders.ts";

const CAPACITY = 1_024;
const ids = (value: number): Int32Array => new Int32Array(WIDTH).fill(value);

function push(rows: Rows, row: { seconds: number; unit: number; value?: number; call?: string }): number {
  const { seconds, unit, value = 0, call = `call-${rows.written}` } = row;
  return pushRow(rows, {
    time: at(seconds),
    unit,
    weight: 1,
    trials: 1,
    status: 200,
    ids: ids(value),
    call,
    facts: undefined,
  });
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
    const small = placesSince(rows, at(0)).filter((place) => rows.unit[place] === 9);
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
  const kept = thinBusy(rows, placesSince(rows, at(0)), 100);
  expect(kept.length).toBeLessThanOrEqual(103);
  expect(kept.reduce((sum, { trials }) => sum + trials, 0)).toBe(1_000);
  expect(kept.map(({ place }) => place)).toEqual(kept.map(({ place }) => place).toSorted((a, b) => a - b));
});
