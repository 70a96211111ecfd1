import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createByteQueue } from "../../src/sources/byte-queue.ts";

/** Puts each size in its own writer; `done` lists those that found a place. */
function fill(queue: ReturnType<typeof createByteQueue<number>>, sizes: readonly number[]): number[] {
  const done: number[] = [];
  for (const [i, size] of sizes.entries()) void queue.put(i, size).then(() => done.push(i));
  return done;
}

describe("a writer waits", () => {
  const cases: { name: string; sizes: number[]; let: number[] }[] = [
    { name: "not while there is room", sizes: [3, 3, 4], let: [0, 1, 2] },
    { name: "when the limit would be passed", sizes: [6, 5], let: [0] },
    { name: "not when it is the only one, however large", sizes: [50], let: [0] },
    { name: "behind one that is larger than the limit", sizes: [50, 1], let: [0] },
    { name: "never for what has no bytes, up to the limit", sizes: [10, 0, 0], let: [0, 1, 2] },
  ];
  test.each(cases)("$name", async ({ sizes, let: expected }) => {
    const queue = createByteQueue<number>(10);
    const done = fill(queue, sizes);
    await turn();
    expect(done).toEqual(expected);
    queue.end();
  });
});

test("what is being used counts as held until the next is asked for", async () => {
  const queue = createByteQueue<number>(10);
  const done = fill(queue, [6, 6, 6]);
  const values = queue.values();
  expect(await values.next()).toEqual({ done: false, value: 0 });
  await turn();
  expect(done).toEqual([0]);
  expect(await values.next()).toEqual({ done: false, value: 1 });
  expect(done).toEqual([0, 1]);
  expect(await values.next()).toEqual({ done: false, value: 2 });
});

test("a reader that came first gets what comes later", async () => {
  const queue = createByteQueue<string>(10);
  const next = queue.values().next();
  await queue.put("a", 1);
  expect(await next).toEqual({ done: false, value: "a" });
});

test("an end drops what is held, lets writers go and ends the reader", async () => {
  const queue = createByteQueue<number>(10);
  const done = fill(queue, [10, 10]);
  const values = queue.values();
  await values.next();
  const next = values.next();
  queue.end();
  await turn();
  expect(done).toEqual([0, 1]);
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await values.next()).toEqual({ done: true, value: undefined });
});

test("a failure reaches a reader that waits, and the first one counts", async () => {
  const queue = createByteQueue<number>(10);
  const next = queue.values().next();
  queue.fail(new Error("first"));
  queue.fail(new Error("second"));
  queue.end();
  await expect(next).rejects.toThrow("first");
  await expect(queue.put(1, 1)).resolves.toBeUndefined();
});
