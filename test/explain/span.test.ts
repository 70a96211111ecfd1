import { expect, test } from "vitest";
import { endsInCommon, longestLullMs, riseOf, riseSpan, withBeginning } from "../../src/explain/span.ts";
import { at } from "../builders.ts";

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

const HOUR = 3_600_000;
const TICKS = 10_000;
const pauses = [
  {
    name: "a rise that pauses is one rise of two stretches",
    second: [700, 800],
    spans: [
      [200, 299],
      [700, 799],
    ],
  },
  { name: "what does not hold by itself is no stretch", second: [700, 704], spans: [[200, 299]] },
] as const;
test.each(pauses)("$name", ({ second, spans }) => {
  const { rows, data } = series(range(1000), (t) => (t >= 200 && t < 300) || (t >= second[0] && t < second[1]));
  const rise = riseOf(data, rows, (held) => held.length >= 10);
  expect(rise?.stretches).toEqual(spans.map(([from, to]) => ({ from, to })));
  expect(rise).toMatchObject({ from: spans[0][0], to: spans.at(-1)?.[1] });
});

test("stretches before the clearest one belong to the rise too", () => {
  const { rows, data } = series(range(1000), (t) => (t >= 100 && t < 150) || (t >= 500 && t < 900));
  expect(riseOf(data, rows, (held) => held.length >= 10)).toMatchObject({ from: 100, to: 899 });
});

test("after a pause of hours it is another rise", () => {
  const times = range(1000).map((i) => i * 60_000 * TICKS);
  const hours = (t: number) => t / (HOUR * TICKS);
  const { rows, data } = series(times, (t) => (hours(t) >= 1 && hours(t) < 2) || (hours(t) >= 6 && hours(t) < 7));
  const rise = riseOf(data, rows, (held) => held.length >= 10);
  expect([hours(rise?.from ?? 0), hours(rise?.to ?? 0)].map(Math.round)).toEqual([6, 7]);
});

test.each([
  { name: "one that begins slowly", early: [180, 240, 270], usual: 0.001, from: 180 },
  { name: "not a stray refusal, long before", early: [100], usual: 0.001, from: 300 },
  { name: "not what is usual", early: [180, 240, 270], usual: 0.03, from: 300 },
])("the beginning of a rise: $name", ({ early, usual, from }) => {
  const { rows, data } = series(range(1000), (t) => early.includes(t) || (t >= 300 && t < 500));
  const rise = { from: 300, to: 499, stretches: [{ from: 300, to: 499 }] } as never;
  expect(withBeginning(data, rows, rise, () => usual)).toMatchObject({ from, to: 499, stretches: [{ from, to: 499 }] });
});

test("ends are as near as refusals lie: the longest time between two of them may part the last ones", () => {
  const seconds = [0, 20, 40, 1_340, 1_360];
  expect(longestLullMs(seconds.map((time) => at(time)))).toBe(1_300_000);
  expect(longestLullMs([])).toBe(0);
  const until = (to: number, lullMs: number) => {
    const span = { from: at(0), to: at(to) };
    return { span: { ...span, stretches: [span] }, gapMs: 20_000, lullMs };
  };
  expect(endsInCommon(until(1_360, 1_300_000), until(2_600, 60_000))).toBe(2);
  expect(endsInCommon(until(1_360, 30_000), until(2_600, 60_000))).toBe(1);
});
