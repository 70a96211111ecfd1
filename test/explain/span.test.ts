import { expect, test } from "vitest";
import { riseSpan } from "../../src/explain/span.ts";

function series(times: number[], refused: (time: number) => boolean) {
  return {
    rows: times.map((_, i) => i),
    data: {
      time: Float64Array.from(times),
      f: Float64Array.from(times, (time) => Number(refused(time))),
      n: Float64Array.from(times, () => 1),
    },
  };
}
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

const cases = [
  { name: "a step that stays", refused: (t: number) => t >= 300, span: { from: 300, to: 999 } },
  { name: "a block in the middle", refused: (t: number) => t >= 300 && t < 500, span: { from: 300, to: 499 } },
  {
    name: "every second call refused",
    refused: (t: number) => t >= 300 && t < 500 && t % 2 === 0,
    span: { from: 300, to: 498 },
  },
  {
    name: "noise before and after is left out",
    refused: (t: number) => t === 20 || t === 900 || (t >= 300 && t < 500),
    span: { from: 300, to: 499 },
  },
];
test.each(cases)("$name", ({ refused, span }) => {
  const { rows, data } = series(range(1000), refused);
  expect(riseSpan(data, rows)).toEqual(span);
});

test("more refusals than edges still give the exact ends", () => {
  const { rows, data } = series(range(20_000), (t) => t >= 6_001 && t < 15_003);
  expect(riseSpan(data, rows)).toEqual({ from: 6_001, to: 15_002 });
});

test("nothing refused is no rise", () => {
  const { rows, data } = series(range(10), () => false);
  expect(riseSpan(data, rows)).toBeUndefined();
});
