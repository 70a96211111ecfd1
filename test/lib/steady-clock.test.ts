import { expect, test } from "vitest";
import { clockWatch, steadyClock } from "../../src/lib/steady-clock.ts";

const DAY = 86_400_000;

/** Two clocks: one that is set, and one that nobody sets. */
function clocks() {
  let [wall, elapsed] = [1_000 * DAY, 5_000];
  return {
    wall: () => wall,
    elapsed: () => elapsed,
    pass: (ms: number): void => {
      wall += ms;
      elapsed += ms;
    },
    set: (by: number): void => {
      wall += by;
    },
  };
}

test("a steady clock goes on though the wall clock is put back, and follows where it is put forward", () => {
  const { wall, elapsed, pass, set } = clocks();
  const steady = steadyClock(wall, elapsed);
  const began = steady();
  pass(1_000);
  expect(steady() - began).toBe(1_000);
  set(-DAY);
  pass(1_000);
  expect(steady() - began).toBe(2_000);
  set(2 * DAY);
  expect(steady() - began).toBe(DAY + 2_000);
  set(-2 * DAY);
  pass(500);
  expect(steady() - began).toBe(DAY + 2_500);
});

test("a clock that was set is told once, and one that only differs a little is not", () => {
  const { wall, elapsed, pass, set } = clocks();
  const look = clockWatch(wall, elapsed);
  pass(10 * DAY);
  set(1_500);
  expect(look()).toBe(0);
  set(-DAY);
  expect(look()).toBe(1_500 - DAY);
  expect(look()).toBe(0);
  set(DAY);
  expect(look()).toBe(DAY);
});
