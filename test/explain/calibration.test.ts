import { expect, test } from "vitest";
import { asTheRulesSay } from "../../bench/score/as-the-rules-say.ts";
import { fitCalibration } from "../../bench/score/fit-calibration.ts";
import { calibrated } from "../../src/explain/calibration.ts";

const STEPS = Array.from({ length: 71 }, (_, i) => Number((0.3 + i / 100).toFixed(2)));

test("what the rules are surer of is no less sure afterwards, and always a share", () => {
  const made = STEPS.map(calibrated);
  expect(made).toEqual(made.toSorted((a, b) => a - b));
  expect(made.every((one) => one > 0 && one < 1)).toBe(true);
  expect([0.1, 2].map(calibrated)).toEqual([calibrated(0.3), calibrated(1)]);
});

test("what the rules said is found again, as closely as two digits tell", () => {
  for (const said of STEPS) expect(calibrated(asTheRulesSay(calibrated(said)))).toBeCloseTo(calibrated(said), 1);
});

const answers = (said: number, right: number, wrong: number) =>
  Array.from({ length: right + wrong }, (_, i) => ({ said, right: i < right }));

test("the fit is the share of right causes, and rises: groups that fall are one", () => {
  const fitted = fitCalibration([...answers(0.5, 300, 700), ...answers(0.7, 900, 100), ...answers(0.85, 700, 300)]);
  expect(fitted.map(({ count }) => count)).toEqual([1_000, 2_000]);
  expect(fitted[0]?.share).toBeCloseTo(0.3, 2);
  expect(fitted[1]?.share).toBeCloseTo(0.8, 2);
});
