import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addUnit,
  cellOfUnit,
  createRecentUnits,
  findUnit,
  forgetOldest,
  notedAt,
  noteUnit,
  otherOf,
  rememberCell,
} from "../../src/detect/recent-units.ts";

/** Keys that meet in few places of the table. */
const unit = fc.tuple(
  fc.integer({ min: -2, max: 2 }),
  fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(64, 128, 192)),
);
const step = fc.record({
  unit,
  other: unit,
  action: fc.constantFrom(...Array.from({ length: 20 }, () => "note"), "cell", "cell", "forget"),
});

interface Known {
  readonly at: number;
  readonly other: readonly number[];
  readonly cell: number;
}

test("units are known as a map that is kept in the order of notes knows them", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 900, size: "max" }), (steps) => {
      const units = createRecentUnits();
      const map = new Map<string, Known>();
      for (const [at, { unit: key, other, action }] of steps.entries()) {
        const name = key.join();
        const known = map.get(name);
        const slot = findUnit(units, ...key);
        expect(
          slot >= 0 && { at: notedAt(units, slot), other: otherOf(units, slot), cell: cellOfUnit(units, slot) },
        ).toEqual(known !== undefined && { ...known, other: { high: known.other[0], low: known.other[1] } });
        if (action === "note") {
          noteUnit(units, slot < 0 ? addUnit(units, ...key) : slot, at, Int32Array.from(other));
          map.delete(name);
          map.set(name, { at, other, cell: known?.cell ?? -1 });
        } else if (action === "cell" && known !== undefined) {
          rememberCell(units, slot, at);
          map.set(name, { ...known, cell: at });
        } else if (action === "forget") {
          forgetOldest(units);
          const [oldest] = map.keys();
          if (oldest !== undefined) map.delete(oldest);
        }
        expect(units.size).toBe(map.size);
      }
    }),
  );
});
