import { describe, expect, test } from "vitest";
import { epochMs, plusMs } from "../../src/model/time.ts";
import { iso } from "../../src/server/format.ts";
import { bucketsOf, fixedRange, movedRange, rangeOf, widerRange } from "../../src/server/range.ts";
import { at } from "../builders.ts";

const MINUTE = 60_000;
const newest = at(3_600);
const ask = (from?: string, to?: string) => rangeOf((name) => (name === "from" ? from : to), newest, "now-1h");
const ms = (from: string, to: string) => Date.parse(to) - Date.parse(from);

const readable = [
  { name: "nothing: the usual range", from: undefined, to: undefined, minutes: 60, moves: true },
  { name: "minutes back", from: "now-90m", to: "now", minutes: 90, moves: true },
  { name: "days back", from: "now-1d", to: undefined, minutes: 1_440, moves: true },
  { name: "a span in the past", from: "now-3h", to: "now-1h", minutes: 120, moves: true },
  { name: "times", from: "2026-11-25T12:00:00Z", to: "2026-11-25T12:30:00Z", minutes: 30, moves: false },
  { name: "times of a form", from: "2026-11-25T12:00", to: "2026-11-25T12:30", minutes: 30, moves: false },
];
test.each(readable)("$name", ({ from, to, minutes, moves }) => {
  const range = ask(from, to);
  expect(range.problem).toBeUndefined();
  expect(range.moves).toBe(moves);
  expect(epochMs(range.to) - epochMs(range.from)).toBe(minutes * MINUTE);
});

const unreadable = [
  { from: "yesterday", to: undefined, says: "cannot be read" },
  { from: "now-1w", to: undefined, says: "cannot be read" },
  { from: "2026-13-40T99:99:00Z", to: undefined, says: "cannot be read" },
  { from: "<script>", to: "now", says: "cannot be read" },
  { from: "now", to: "now-1h", says: "ends before it begins" },
  { from: "now-1h", to: "now-1h", says: "ends before it begins" },
];
test.each(unreadable)("$from to $to is told, and the usual range is shown", ({ from, to, says }) => {
  const range = ask(from, to);
  expect(range.problem).toContain(says);
  expect(epochMs(range.to) - epochMs(range.from)).toBe(60 * MINUTE);
});

test("more than what is kept is cut, and told", () => {
  const range = ask("now-90d");
  expect(range.problem).toContain("two days");
  expect(epochMs(range.to) - epochMs(range.from)).toBe(2_880 * MINUTE);
});

test("a link with times shows at least the same", () => {
  const range = { ...ask("now-1h"), from: plusMs(at(0), 30_000), to: plusMs(at(600), 30_000) };
  const fixed = fixedRange(range);
  expect(Date.parse(fixed.from)).toBeLessThanOrEqual(epochMs(range.from));
  expect(Date.parse(fixed.to)).toBeGreaterThanOrEqual(epochMs(range.to));
  const again = rangeOf((name) => (name === "from" ? fixed.from : fixed.to), newest, "now-1h");
  expect(fixedRange(again)).toEqual(fixed);
});

test("steps keep half in sight, wider doubles", () => {
  const range = ask("now-1h");
  const [earlier, wider] = [movedRange(range, -0.5), widerRange(range)];
  expect(ms(earlier.from, earlier.to)).toBe(60 * MINUTE);
  expect(Date.parse(earlier.to)).toBe(epochMs(range.to) - 30 * MINUTE);
  expect(ms(wider.from, wider.to)).toBe(120 * MINUTE);
});

describe("buckets", () => {
  const minutes = Array.from({ length: 2_880 }, (_, i) => ({
    time: plusMs(at(0), i * MINUTE),
    calls: 10,
    refused401: 1,
    refused403: i % 2,
  }));
  test.each([30, 299, 300, 301, 1_000, 2_880])("%i minutes are at most 300 bars, and nothing is lost", (length) => {
    const range = { from: at(0), to: plusMs(at(0), length * MINUTE) };
    const { rows, bucketMinutes } = bucketsOf(minutes, range);
    expect(rows.length).toBeLessThanOrEqual(300);
    expect(rows.reduce((sum, row) => sum + row.calls, 0)).toBe(length * 10);
    expect(rows.reduce((sum, row) => sum + row.refused401, 0)).toBe(length);
    for (const { time } of rows) expect((epochMs(time) / MINUTE) % bucketMinutes).toBe(0);
  });
  test("what is outside is not counted", () => {
    const range = { from: plusMs(at(0), 5 * MINUTE), to: plusMs(at(0), 8 * MINUTE) };
    expect(bucketsOf(minutes, range).rows.map(({ time }) => iso(time))).toEqual(
      [5, 6, 7].map((minute) => iso(plusMs(at(0), minute * MINUTE))),
    );
  });
});
