import fc from "fast-check";
import { expect, test } from "vitest";
import { drawLots, lotOfText } from "../../src/detect/lots.ts";
import { writeKey } from "../../src/model/key128.ts";

test("a GUID draws what its text draws, in any company and from any place", () => {
  fc.assert(
    fc.property(fc.array(fc.uuid(), { minLength: 1, maxLength: 9 }), fc.nat(3), (ids, from) => {
      const keys = new Int32Array(4 * ids.length);
      for (const [i, id] of ids.entries()) expect(writeKey(keys, 4 * i, id, 0)).toBe(true);
      const lots = new Uint32Array(ids.length);
      drawLots(keys, from, ids.length, lots);
      expect([...lots.subarray(from)]).toEqual(ids.slice(from).map(lotOfText));
      expect([...lots.subarray(0, from)].every((lot) => lot === 0)).toBe(true);
    }),
  );
});
