import fc from "fast-check";
import { expect, test } from "vitest";
import { clearPages, coverIds, createIntPages, intAt, setInt } from "../../src/lib/int-pages.ts";

const write = fc.record({ id: fc.nat(5_000), column: fc.nat(3), value: fc.integer({ min: -2, max: 1_000 }) });

test("every column gives what was written to it last, 0 elsewhere, and nothing once it is cleared", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 200, size: "max" }), (writes) => {
      const ints = createIntPages(4);
      const map = new Map<string, number>();
      for (const { id, column, value } of writes) {
        coverIds(ints, id + 1);
        setInt(ints, id, column, value);
        map.set(`${id}/${column}`, value);
      }
      coverIds(ints, 6_000);
      for (const { id } of writes)
        for (let column = 0; column < 4; column++)
          for (const near of [id, id + 1, id ^ 255])
            expect(intAt(ints, near, column)).toBe(map.get(`${near}/${column}`) ?? 0);
      clearPages(ints);
      coverIds(ints, 6_000);
      for (const { id, column } of writes) expect(intAt(ints, id, column)).toBe(0);
    }),
  );
});
