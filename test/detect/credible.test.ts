import { expect, test } from "vitest";
import { createCredibility, judgeRefusal, noteRefusal, noteSuccess } from "../../src/detect/credible.ts";
import { createUnits } from "../../src/detect/units.ts";
import { type Instant, msBetween } from "../../src/model/time.ts";
import { at } from "../builders.ts";
import { random } from "../traffic.ts";

const units = createUnits();

/** Units by small numbers: the key of unit n is (n, n * 64), so that many of them meet in one place of the table. */
function unitsOf(...ns: readonly number[]): typeof units {
  units.count = ns.length;
  for (const [i, n] of ns.entries()) units.keys.set([n, n * 64], 2 * i);
  return units;
}

test.each([1, 2, 3])("units that succeeded longest ago are forgotten first, down to nine tenths (seed %i)", (seed) => {
  const next = random(seed);
  const state = createCredibility(100);
  const plain = new Map<number, Instant>();
  let evicted = 0;
  for (let i = 0, seconds = 0; i < 5_000; i++, seconds += next() * 3) {
    const [a, b] = [Math.floor(next() ** 2 * 180), Math.floor(next() * 180)];
    noteSuccess(state, unitsOf(a, b), at(seconds));
    for (const unit of [a, b]) {
      const last = plain.get(unit);
      if (last !== undefined && msBetween(at(seconds), last) < 60_000) continue;
      plain.delete(unit);
      plain.set(unit, at(seconds));
    }
    const oldest = plain.size > 100 ? [...plain.keys()].slice(0, plain.size - 90) : [];
    for (const unit of oldest) plain.delete(unit);
    evicted += oldest.length;
    const asked = Math.floor(next() * 180);
    expect(judgeRefusal(state, unitsOf(asked), at(seconds)).kind).toBe(plain.has(asked) ? "trial" : "never-succeeded");
  }
  expect(evicted).toBeGreaterThan(100);
  expect(state.evicted).toBe(evicted);
});

const refuse = (state: ReturnType<typeof createCredibility>, seconds: number) => {
  const verdict = judgeRefusal(state, unitsOf(7), at(seconds));
  if (verdict.kind === "trial") noteRefusal(state, verdict.unit, { at: at(seconds), row: seconds, symptom: "s" });
  return verdict.kind;
};

test("retries and long runs are collapsed until the unit succeeds; a success of yesterday is none", () => {
  const state = createCredibility(100);
  noteSuccess(state, unitsOf(7), at(0));
  const kinds = [1, 3, 7, 13, 19, 25, 30].map((seconds) => refuse(state, seconds));
  expect(kinds.join(" ")).toBe("trial collapsed trial trial trial collapsed trial");
  noteSuccess(state, unitsOf(7), at(31));
  expect(refuse(state, 32)).toBe("trial");
  expect(refuse(state, 86_400 + 1)).toBe("never-succeeded");
});

test("when too many units are being refused, all their runs are forgotten", () => {
  const state = createCredibility(3);
  for (const unit of [1, 2, 3, 4]) {
    noteRefusal(state, { high: unit, low: unit }, { at: at(0), row: unit, symptom: "s" });
    expect(state.refused.size).toBe(unit === 4 ? 1 : unit);
  }
});
