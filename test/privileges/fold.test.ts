import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atOnce } from "../../src/lib/in-turns.ts";
import { type Instant, plusMs } from "../../src/model/time.ts";
import { ALL_ACTIONS } from "../../src/privileges/actions.ts";
import { packedBytes, rowCount } from "../../src/privileges/day-rows.ts";
import {
  countUse,
  createLedger,
  dayOf,
  type Ledger,
  observe,
  placeId,
  sealLedger,
  textId,
  useId,
} from "../../src/privileges/ledger.ts";
import { replay } from "../../src/privileges/replay.ts";
import { daysOf, readUsageInTurns } from "../../src/privileges/usage.ts";
import { stateCodec } from "../../src/store/codec.ts";
import { at } from "../builders.ts";

const DAY_MS = 86_400_000;
const dayAt = (day: number): Instant => plusMs(at(0), day * DAY_MS);
const OUTCOMES = ["succeeded", "denied401", "denied403", "other"] as const;

interface Op {
  readonly day: number;
  readonly action: number;
  readonly grain: number;
  readonly outcome: (typeof OUTCOMES)[number];
  readonly calls: number;
}

function fill(ledger: Ledger, ops: readonly Op[]): Ledger {
  const signer = textId(ledger, "p1");
  const place = placeId(ledger, "shop", "d", "c");
  let sealed = -1;
  for (const { day, action, grain, outcome, calls } of ops) {
    if (day > sealed) sealLedger(ledger);
    sealed = Math.max(sealed, day);
    countUse(ledger, useId(ledger, { signer, place, action, grain }), { time: dayAt(day), outcome, calls });
    observe(ledger, textId(ledger, "shop"), dayOf(dayAt(day)));
  }
  return ledger;
}

/** By action: the sums and the days. */
function told(ledger: Ledger): unknown {
  const usage = atOnce(readUsageInTurns(ledger));
  return [...usage.succeeded.keys()]
    .filter((use) => ledger.uses.grain[use] === 0)
    .map((use) => [
      ledger.uses.action[use],
      usage.succeeded[use],
      usage.denied[use],
      usage.denied401[use],
      usage.other[use],
      [...daysOf(usage, use)].join(),
    ]);
}

function denied(ledger: Ledger, without: number) {
  const account = textId(ledger, "shop");
  const signers = new Set([textId(ledger, "p1")]);
  const held = [{ actions: ALL_ACTIONS, scope: { database: "", container: "" } }];
  const proposed = [{ actions: ALL_ACTIONS & ~(1 << without), scope: { database: "", container: "" } }];
  const { byDay, examples, ...rest } = replay(ledger, { signers, account }, { held, proposed });
  return { ...rest, examples, byDay: byDay.reduce((sum, { calls }) => sum + calls, 0) };
}

/** Mostly daily uses in the order of days, some of them late, told by one log or several. */
const ops = fc
  .array(
    fc.record({
      day: fc.nat(300),
      late: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(10)),
      action: fc.nat(5),
      grain: fc.oneof(fc.constant(0), fc.nat(2)),
      outcome: fc.constantFrom(...OUTCOMES),
      calls: fc.integer({ min: 1, max: 1_000 }),
    }),
    { minLength: 800, maxLength: 1_500 },
  )
  .map((list) =>
    list
      .toSorted((a, b) => a.day - b.day)
      .map(({ day, late, action, grain, outcome, calls }): Op => {
        return { day: Math.max(0, day - late), action, grain, outcome, calls };
      })
      // What is folded in the end is the whole of a use.
      .filter(({ action, day }) => action < 5 || day < 150),
  );

describe("days that are folded", () => {
  test("are told with the same sums, days and denials as if they were not", () => {
    let folds = 0;
    fc.assert(
      fc.property(ops, (list) => {
        const whole = fill(createLedger(), list);
        const folded = fill(createLedger(2_000), list);
        folds += folded.rows.folded.length;
        expect(folded.oldestDay).toBe(whole.oldestDay);
        expect(told(folded)).toEqual(told(whole));
        for (let action = 0; action <= 5; action++) expect(denied(folded, action)).toEqual(denied(whole, action));
        const again = stateCodec.decode(stateCodec.encode(folded)) as Ledger;
        expect(told(again)).toEqual(told(whole));
      }),
      { numRuns: 40, endOnFailure: true },
    );
    expect(folds).toBeGreaterThan(40);
  });

  test("take up to a fortieth of the room, and the newest two weeks stay as they are", () => {
    const daily = Array.from(
      { length: 300 * 40 },
      (_, i): Op => ({ day: Math.floor(i / 40), action: i % 11, grain: 0, outcome: "succeeded", calls: 1 + (i % 7) }),
    );
    const ledger = fill(createLedger(700), daily);
    sealLedger(ledger);
    expect(ledger.rows.folded.length).toBeGreaterThan(8);
    expect(packedBytes(ledger.rows)).toBeLessThan(1_100);
    expect(rowCount(ledger.rows)).toBe(300 * 11);
    expect(Math.min(...ledger.rows.blocks.map(({ firstDay }) => firstDay))).toBeLessThanOrEqual(ledger.newestDay - 13);
  });

  test("are kept for at least 400 days, by whole periods", () => {
    const daily = Array.from(
      { length: 900 },
      (_, day): Op => ({ day, action: 2, grain: 0, outcome: "succeeded", calls: 1 }),
    );
    const ledger = fill(createLedger(120), daily);
    const usage = atOnce(readUsageInTurns(ledger));
    const kept = [...usage.succeeded.keys()].map((use) => usage.succeeded[use] ?? 0)[0] ?? 0;
    expect(kept).toBeGreaterThanOrEqual(400);
    expect(kept).toBeLessThan(400 + 32);
    expect(ledger.observed.get(textId(ledger, "shop"))?.size).toBe(kept);
    expect(denied(ledger, 2)).toMatchObject({ calls: kept, wouldBeDenied: kept, byDay: kept });
  });

  test("go, the oldest first, where even folded they are too many", () => {
    const daily = Array.from(
      { length: 300 * 11 },
      (_, i): Op => ({ day: Math.floor(i / 11), action: i % 11, grain: 0, outcome: "succeeded", calls: 1_000_000 }),
    );
    const ledger = fill(createLedger(900), daily);
    expect(packedBytes(ledger.rows)).toBeLessThan(1_100);
    expect(ledger.oldestDay).toBeGreaterThan(dayOf(dayAt(0)));
    expect(ledger.observed.get(textId(ledger, "shop"))?.has(ledger.oldestDay - 1)).toBe(false);
    expect(ledger.forgotten).toBeGreaterThan(0);
  });
});

describe("one use that several logs tell", () => {
  const op = (day: number, grain: number, calls: number): Op => ({
    day,
    action: 2,
    grain,
    outcome: "succeeded",
    calls,
  });
  const cases: { name: string; list: readonly Op[]; calls: number }[] = [
    { name: "rows of five and of fifteen minutes of one day are one use", list: [op(1, 1, 7), op(1, 2, 8)], calls: 7 },
    {
      name: "single operations are before both, in any order",
      list: [op(1, 2, 8), op(1, 0, 3), op(1, 1, 7)],
      calls: 3,
    },
    { name: "each day has its own finest log", list: [op(1, 2, 8), op(2, 1, 7), op(2, 2, 9), op(3, 0, 3)], calls: 18 },
    { name: "days a year apart", list: [op(0, 1, 1), op(0, 2, 5), op(390, 1, 2), op(390, 2, 5)], calls: 3 },
  ];
  test.each(cases)("$name", ({ list, calls }) => {
    const ledger = fill(createLedger(), list);
    const use = useId(ledger, { signer: textId(ledger, "p1"), place: placeId(ledger, "shop", "d", "c"), action: 2 });
    expect(atOnce(readUsageInTurns(ledger)).succeeded[use]).toBe(calls);
  });
});
