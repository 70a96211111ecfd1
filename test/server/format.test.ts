import { expect, test } from "vitest";
import { count, percent, pValue, shortIds, span } from "../../src/server/format.ts";

const THIN = "\u202f";

test.each([
  [0, "0"],
  [999, "999"],
  [1_234_567, `1${THIN}234${THIN}567`],
])("count of %d is %s", (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [0, `0${THIN}%`],
  [0.00001, `<0.01${THIN}%`],
  [0.0012, `0.12${THIN}%`],
  [0.045, `4.5${THIN}%`],
  [0.999, `99.9${THIN}%`],
  [1, `100${THIN}%`],
])("share %d is %s", (share, text) => {
  expect(percent(share)).toBe(text);
});

test.each([
  [1, "= 1.000"],
  [0.0321, "= 0.032"],
  [0.000_04, "= 4·10⁻⁵"],
  [3e-12, "= 3·10⁻¹²"],
  [1e-40, "< 10⁻¹²"],
  [0, "< 10⁻¹²"],
])("p-value %d is %s", (p, text) => {
  expect(pValue(p)).toBe(text);
});

test.each([
  [-5, `0${THIN}s`],
  [59_000, `59${THIN}s`],
  [21 * 60_000, `21${THIN}min`],
  [185 * 60_000, `3${THIN}h 5${THIN}min`],
  [52 * 3_600_000, `2${THIN}d 4${THIN}h`],
])("a span of %d ms is %s", (ms, text) => {
  expect(span(ms)).toBe(text);
});

test.each([
  ["3f06647e-1111-4222-8333-530eb9f15261", "3f06647e…5261"],
  ["claims to be 3f06647e-1111-4222-8333-530eb9f15261", "claims to be 3f06647e…5261"],
  ["subscription mailer-9d35", "subscription mailer-9d35"],
  ["x".repeat(60), `${"x".repeat(39)}…`],
])("ids in %s are shortened to %s", (text, short) => {
  expect(shortIds(text)).toBe(short);
});
