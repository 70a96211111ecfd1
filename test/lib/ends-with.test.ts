import fc from "fast-check";
import { expect, test } from "vitest";
import { endsWithLower } from "../../src/lib/ends-with.ts";

test("says what lower-casing the text says, also of letters whose lower case is another's", () => {
  const text = fc.string({ unit: fc.constantFrom("k", "K", "\u212A", "e", "E", "y", "Y", "İ", "i", "1", "[") });
  const suffix = fc.constantFrom("key", "y", "", "ikey", "kkk");
  fc.assert(
    fc.property(text, suffix, (one, end) => {
      expect(endsWithLower(one, end)).toBe(one.toLowerCase().endsWith(end));
    }),
    { numRuns: 2_000 },
  );
});
