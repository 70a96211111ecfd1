import fc from "fast-check";
import { expect, test } from "vitest";
import { addKey, clearTable, createTable64, findKey, removeSlot, slotsOf } from "../../src/lib/table64.ts";

const key = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.oneof(fc.integer({ min: -9, max: 200 }), fc.integer()));
const step = fc.record({ key, action: fc.constantFrom("add", "add", "add", "remove", "find", "clear") });

test("a table says what a map says, whatever is added, removed and cleared", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
      const table = createTable64();
      const map = new Map<string, number>();
      for (const {
        key: [high, low],
        action,
      } of steps) {
        const name = `${high},${low}`;
        const slot = findKey(table, high, low);
        expect(slot).toBe(map.get(name) ?? -1);
        if (action === "add" && slot < 0) {
          const added = addKey(table, high, low);
          expect([...map.values()]).not.toContain(added);
          expect(added).toBeLessThan(slotsOf(table));
          map.set(name, added);
        } else if (action === "remove" && slot >= 0) {
          removeSlot(table, slot);
          map.delete(name);
        } else if (action === "clear" && map.size > 100) {
          clearTable(table);
          map.clear();
        }
        expect(table.size).toBe(map.size);
      }
      for (const [name, slot] of map) {
        const [high = 0, low = 0] = name.split(",").map(Number);
        expect(findKey(table, high, low)).toBe(slot);
      }
    }),
  );
});
