import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createKeyIndex,
  deleteKey,
  type KeyIndex,
  NEW_KEY,
  numberAt,
  reserveKeys,
  setNumber,
  slotOfKey,
} from "../../src/correlate/key-index.ts";

function setKey(index: KeyIndex, words: Int32Array, at: number, value: number): void {
  reserveKeys(index, 1);
  setNumber(index, slotOfKey(index, words, at), value);
}

/** Looks a key up; it is not there afterwards where it was not before. */
function findKey(index: KeyIndex, words: Int32Array, at: number): number {
  reserveKeys(index, 1);
  const found = numberAt(index, slotOfKey(index, words, at));
  if (found !== NEW_KEY) return found;
  deleteKey(index, words, at, NEW_KEY);
  return -1;
}

/** Few keys, so that they meet often; some differ in one word only. */
const key = fc.integer({ min: 0, max: 40 }).map((n) => Int32Array.of(n % 3, ((n / 3) % 2) | 0, n % 5, n));
const act = fc.tuple(fc.constantFrom("set", "delete", "find"), key, fc.nat(3));

test("an index answers as a map does, whatever was set and deleted", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 400 }), fc.integer(), (acts, seed) => {
      const index = createKeyIndex(seed);
      const map = new Map<string, number>();
      for (const [what, words, value] of acts) {
        const text = words.join();
        if (what === "set") {
          setKey(index, words, 0, value);
          map.set(text, value);
        } else if (what === "delete") {
          deleteKey(index, words, 0, value);
          if (map.get(text) === value) map.delete(text);
        }
        expect(findKey(index, words, 0)).toBe(map.get(text) ?? -1);
        expect(index.count).toBe(map.size);
      }
    }),
  );
});

test("a crowded index finds all that is left after every other key went", () => {
  const index = createKeyIndex(1);
  const words = new Int32Array(4);
  const keyOf = (n: number): Int32Array => {
    words.set([n % 7, Math.imul(n, 77), n % 13, n]);
    return words;
  };
  for (let n = 0; n < 20_000; n++) setKey(index, keyOf(n), 0, n);
  for (let n = 0; n < 20_000; n += 2) deleteKey(index, keyOf(n), 0, n);
  let wrong = 0;
  for (let n = 0; n < 20_000; n++) if (findKey(index, keyOf(n), 0) !== (n % 2 === 0 ? -1 : n)) wrong += 1;
  expect(wrong).toBe(0);
});
