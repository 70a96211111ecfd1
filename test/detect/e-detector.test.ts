import { expect, test } from "vitest";
import {
  addEDetector,
  baseline,
  beginEDetector,
  createEDetectors,
  type EDetectors,
  isRising,
  learnedBy,
  resetEDetector,
  stepEDetector,
} from "../../src/detect/e-detector.ts";

/** Deterministic numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function begun(trialsBefore: number): EDetectors {
  const detectors = createEDetectors();
  beginEDetector(detectors, addEDetector(detectors), trialsBefore, 0);
  return detectors;
}

function run(
  rate: (bin: number) => number,
  options: { bins: number; perBin: number; seed: number },
): { bin: number; start: number } | undefined {
  const next = random(options.seed);
  const detectors = begun(500);
  for (let bin = 0; bin < options.bins; bin++) {
    let refused = 0;
    for (let i = 0; i < options.perBin; i++) if (next() < rate(bin)) refused += 1;
    const start = stepEDetector(detectors, 0, { bin, f: refused, n: options.perBin });
    if (start !== undefined) return { bin, start };
  }
  return undefined;
}

test("a month of ordinary noise raises nothing", () => {
  for (let seed = 1; seed <= 3; seed++) expect(run(() => 0.002, { bins: 259_200, perBin: 5, seed })).toBeUndefined();
});

const rises = [
  { name: "all refused", rate: 1, perBin: 2, within: 6 },
  { name: "half refused", rate: 0.5, perBin: 2, within: 20 },
  { name: "one in ten refused", rate: 0.1, perBin: 5, within: 60 },
  { name: "one in twenty refused", rate: 0.05, perBin: 10, within: 120 },
];
test.each(rises)("$name is found soon, with its beginning", ({ rate, perBin, within }) => {
  const alarm = run((bin) => (bin < 400 ? 0.001 : rate), { bins: 4_000, perBin, seed: 5 });
  expect(alarm?.bin).toBeGreaterThanOrEqual(400);
  expect(alarm?.bin).toBeLessThan(400 + within);
  expect(Math.abs((alarm?.start ?? 0) - 400)).toBeLessThanOrEqual(within / 2);
});

test("one call of thirty-six is refused, one every two minutes: an alarm within sixty refusals", () => {
  const detectors = begun(500);
  let refusals = 0;
  for (let bin = 0; bin < 2_000; bin++) {
    const f = bin % 12 === 11 ? 1 : 0;
    refusals += f;
    if (stepEDetector(detectors, 0, { bin, f, n: 3 }) !== undefined) break;
  }
  expect(refusals).toBeLessThan(60);
});

test("one call of twenty-five begins to be refused after two hundred calls: an alarm within thirty refusals", () => {
  const detectors = begun(200);
  let refusals = 0;
  let isAlarm = false;
  for (let bin = 0; bin < 2_000 && !isAlarm; bin++) {
    const f = bin % 25 === 24 ? 1 : 0;
    refusals += f;
    isAlarm = stepEDetector(detectors, 0, { bin, f, n: 1 }) !== undefined;
  }
  expect(isAlarm).toBe(true);
  expect(refusals).toBeLessThan(30);
});

test("a rise that was no alarm is learned when it is over, an alarm is not", () => {
  const learnedFrom = (refusals: number): number => {
    const detectors = begun(5_000);
    for (let bin = 0; bin < 400; bin++) {
      const f = bin < refusals ? 1 : 0;
      if (stepEDetector(detectors, 0, { bin, f, n: 4 }) !== undefined) resetEDetector(detectors, 0);
    }
    return learnedBy(detectors, 0).f;
  };
  expect(learnedFrom(3)).toBeCloseTo(3, 0);
  expect(learnedFrom(40)).toBeLessThan(12);
});

test("what is usual for a cell is learned and does not alarm", () => {
  const detectors = begun(0);
  const next = random(9);
  let alarms = 0;
  for (let bin = 0; bin < 5_000; bin++) {
    const refused = next() < 0.04 ? 1 : 0;
    if (stepEDetector(detectors, 0, { bin, f: refused, n: 10 }) !== undefined) alarms += 1;
  }
  expect(alarms).toBe(0);
  expect(baseline(detectors, 0)).toBeLessThan(0.02);
});

test("detectors that rise and rest in turn give the places of their rises to each other, and none sees another's", () => {
  const next = random(11);
  const together = createEDetectors();
  const alone = Array.from({ length: 40 }, () => begun(300));
  for (const _ of alone) beginEDetector(together, addEDetector(together), 300, 0);
  let alarms = 0;
  let mostRising = 0;
  for (let bin = 0; bin < 1_500; bin++) {
    for (const [i, own] of alone.entries()) {
      const isFaulty = Math.floor(bin / 50) % 8 === i % 8;
      const binned = { bin, f: Number(next() < (isFaulty ? 0.4 : 0.02)), n: 1 + Math.floor(4 * next()) };
      const start = stepEDetector(together, i, binned);
      expect(stepEDetector(own, 0, binned)).toBe(start);
      if (start === undefined) continue;
      alarms += 1;
      resetEDetector(together, i);
      resetEDetector(own, 0);
    }
    mostRising = Math.max(mostRising, alone.filter((_, i) => isRising(together, i)).length);
  }
  for (const [i, own] of alone.entries()) {
    expect(learnedBy(together, i)).toEqual(learnedBy(own, 0));
    expect(isRising(together, i)).toBe(isRising(own, 0));
  }
  expect(alarms).toBeGreaterThan(10);
  expect(together.rises.used).toBe(1 + mostRising);
});
