import { expect, test } from "vitest";
import { createSeen, sawBefore as sawFingerprint, type Seen } from "../../src/correlate/seen.ts";
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
