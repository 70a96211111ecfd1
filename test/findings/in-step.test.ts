import { describe, expect, test } from "vitest";
import { inStep, type Told } from "../../src/findings/in-step.ts";
import { random } from "../traffic.ts";

const SEED = 5;

/** Times of `count` calls at random, `perSecond` of them on average. */
function times(count: number, perSecond: number, next: () => number): Float64Array {
  let time = 0;
  return Float64Array.from({ length: count }, () => (time += (-1_000 / perSecond) * Math.log(1 - next())));
}

const later = (list: Float64Array, delay: () => number): Float64Array => list.map((time) => time + delay()).toSorted();
const some = (list: Float64Array, share: number, next: () => number): Float64Array => list.filter(() => next() < share);

/** All of so many refusals are at hand unless it is told otherwise. */
const told = (list: Float64Array, refused = list.length): Told => ({ times: list, refused });

describe.each([0.01, 1, 20])(`refusals at %d a second (seed ${SEED})`, (perSecond) => {
  const next = random(SEED);
  const calls = times(800, perSecond, next);
  test.each([
    { name: "a few milliseconds apart", other: later(calls, () => 20 + 60 * next()) },
    { name: "at a delay of two seconds", other: later(calls, () => 2_000 + 60 * next()) },
    { name: "of which the other log has a third", other: later(some(calls, 0.35, next), () => 100 * next()) },
  ])("of the same calls, $name, are in step", ({ other }) => {
    expect(inStep(told(calls), told(other))).toBeGreaterThan(0.8);
    expect(inStep(told(other), told(calls))).toBeGreaterThan(0.8);
  });
  test("of other calls are not, at the same rate and at a tenth of it", () => {
    expect(inStep(told(calls), told(times(800, perSecond, next)))).toBeLessThan(0.3);
    expect(inStep(told(calls), told(times(80, perSecond / 10, next)))).toBeLessThan(0.3);
  });
});

test("bursts at the same times of different calls are not in step", () => {
  const next = random(SEED);
  const starts = [...times(20, 1 / 60, next)];
  const burst = (): Float64Array =>
    Float64Array.from(starts.flatMap((start) => Array.from(times(30, 5, next), (time) => start + time))).toSorted();
  expect(inStep(told(burst()), told(burst()))).toBeLessThan(0.5);
});

test.each([
  { name: "all of the other log's", of: 1 },
  { name: "six of ten of the other log's", of: 0.6 },
])("refusals of which some are at hand, $name, are in step", ({ of }) => {
  const next = random(SEED);
  const calls = times(6_000, 2, next);
  const theirs = later(some(calls, of, next), () => 40 * next());
  const [kept, theirsKept] = [some(calls, 0.25, next), some(theirs, 0.5, next)];
  expect(inStep(told(kept, calls.length), told(theirsKept, theirs.length))).toBeGreaterThan(0.8);
  const others = times(theirsKept.length, 1, next);
  expect(inStep(told(kept, calls.length), told(others, 2 * others.length))).toBeLessThan(0.3);
});

test("a handful tell nothing", () => {
  const next = random(SEED);
  const few = times(9, 1, next);
  expect(inStep(told(few), told(few))).toBe(0);
  expect(inStep(told(new Float64Array()), told(few))).toBe(0);
});
