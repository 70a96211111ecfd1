import { expect, test } from "vitest";
import { createSeen, sawBefore as sawFingerprint, type Seen, seenOf } from "../../src/correlate/seen.ts";
import { hash64 } from "../../src/lib/hash.ts";

const sawBefore = (seen: Seen, key: string): boolean => sawFingerprint(seen, ...hash64(key, 3));

test("a key is new once", () => {
  const seen = createSeen(64);
  expect(["a", "b", "a", "b", "c"].map((key) => sawBefore(seen, key))).toEqual([false, false, true, true, false]);
});

test("half a table is remembered at least, and forgetting is counted", () => {
  const seen = createSeen(64);
  for (let i = 0; i < 32; i++) sawBefore(seen, `key-${i}`);
  for (let i = 0; i < 32; i++) expect(sawBefore(seen, `key-${i}`)).toBe(true);
  expect(seen.forgotten).toBe(0);
  for (let i = 32; i < 200; i++) sawBefore(seen, `key-${i}`);
  expect(seen.forgotten).toBeGreaterThan(0);
  expect(sawBefore(seen, "key-0")).toBe(false);
});

test("a clone remembers the same", () => {
  const seen = createSeen(64);
  sawBefore(seen, "a");
  expect(sawBefore(structuredClone(seen), "a")).toBe(true);
});

test("no two of a million keys are taken for one", () => {
  const seen = createSeen(1 << 22);
  let repeats = 0;
  for (let i = 0; i < 1_000_000; i++) if (sawBefore(seen, `gateway|apim|${i}`)) repeats += 1;
  expect(repeats).toBe(0);
});

test("all of a generation is recognised while another one fills, and nothing else is", () => {
  const seen = createSeen(1 << 16);
  const full = 1 << 15;
  for (let i = 0; i < 1.9 * full; i++) expect(sawBefore(seen, `key-${i}`)).toBe(false);
  for (let i = 0; i < 1.9 * full; i++) expect(sawBefore(seen, `key-${i}`)).toBe(true);
  expect(seen.forgotten).toBe(0);
});

test("over many generations the last two are recognised, in as much room as they need", () => {
  const seen = createSeen(1 << 18);
  const full = 1 << 17;
  for (let i = 0; i < 5.5 * full; i++) sawBefore(seen, `key-${i}`);
  expect(seen.forgotten).toBe(4);
  const bytes = [seen.recent, seen.current, seen.previous].reduce((sum, words) => sum + words.byteLength, 0);
  expect(bytes).toBeLessThan(8 * (2 * full + (1 << 17)));
  for (let i = 4 * full; i < 5.5 * full; i++)
    if (!sawBefore(seen, `key-${i}`)) throw new Error(`key-${i} is not known`);
});

test("what an earlier version saw is recognised: a table of the newest, those before in order", () => {
  const slots = 64;
  const current = new Uint32Array(2 * slots);
  const marks = Array.from({ length: 20 }, (_, i) => hash64(`key-${i}`, 3));
  for (const [i, [high, low]] of marks.entries()) current.set([high, low], 2 * (3 * i));
  const before = Array.from({ length: 32 }, (_, i) => hash64(`old-${i}`, 3)).toSorted(
    (a, b) => a[1] - b[1] || a[0] - b[0],
  );
  const old = { slots, current, used: marks.length, previous: Uint32Array.from(before.flat()), forgotten: 2 };
  const seen = seenOf(old);
  for (let i = 0; i < 20; i++) expect(sawBefore(seen, `key-${i}`)).toBe(true);
  for (let i = 0; i < 32; i++) expect(sawBefore(seen, `old-${i}`)).toBe(true);
  expect(sawBefore(seen, "key-20")).toBe(false);
  expect(seen.forgotten).toBe(2);
  expect(seenOf(seen)).toBe(seen);
});
