import fc from "fast-check";
import { expect, test } from "vitest";
import { InOrder } from "../../src/commands/in-order.ts";

test("however the parts are mixed, what is handed on is in their order", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), (counts, choices) => {
      const parts = counts.map((count, part) => Array.from({ length: count }, (_, i) => `${part}.${i}`));
      const rest = parts.map((values) => [...values]);
      const taken: string[] = [];
      const inOrder = new InOrder<string>(
        parts.map((_, part) => `p${part}`),
        (value) => taken.push(value),
      );
      for (let step = 0; rest.some((values) => values.length > 0); step++) {
        const open = rest.flatMap((values, part) => (values.length > 0 ? [part] : []));
        const part = open[(choices[step] ?? 0) % open.length] ?? 0;
        const value = rest[part]?.shift() ?? "";
        inOrder.add(`p${part}`, value, rest[part]?.length === 0);
      }
      expect(taken).toEqual(parts.flat());
    }),
  );
});

test("a part whose turn it is waits for nothing", () => {
  const taken: number[] = [];
  const inOrder = new InOrder<number>(["a", "b"], (value) => taken.push(value));
  inOrder.add("b", 2, false);
  inOrder.add("a", 1, false);
  expect(taken).toEqual([1]);
  inOrder.add("a", 1, true);
  expect(taken).toEqual([1, 1, 2]);
  inOrder.add("b", 3, true);
  expect(taken).toEqual([1, 1, 2, 3]);
});
