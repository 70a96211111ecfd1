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
  const tables = [
    seen.recent,
    ...[seen.current, seen.previous].flatMap(({ starts, lows, firsts }) => [starts, lows, firsts]),
  ];
  const bytes = tables.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThan(6 * 2 * full + 2 * (4 << 16) + 8 * (1 << 17));
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

test("what the version before kept is recognised: the newest in a table, two generations in order in more room than they need", () => {
  const inOrder = (name: string, count: number): Uint32Array => {
    const marks = Array.from({ length: count }, (_, i) => hash64(`${name}-${i}`, 3));
    return Uint32Array.from([...marks.toSorted((a, b) => a[1] - b[1] || a[0] - b[0]).flat(), 7, 7]);
  };
  const newest = createSeen(1 << 16);
  for (let i = 0; i < 100; i++) sawBefore(newest, `new-${i}`);
  const { slots, recent, used, forgotten } = newest;
  const generations = {
    current: inOrder("key", 5_000),
    count: 5_000,
    previous: inOrder("old", 300),
    previousCount: 300,
  };
  const seen = seenOf({ slots, recent, used, forgotten, ...generations });
  for (const [name, count] of [
    ["new", 100],
    ["key", 5_000],
    ["old", 300],
  ] as const)
    for (let i = 0; i < count; i++) expect(sawBefore(seen, `${name}-${i}`)).toBe(true);
  expect(sawFingerprint(seen, 7, 7)).toBe(false);
  expect(sawBefore(seen, "key-5000")).toBe(false);
});

test("fingerprints that differ in one word only are told apart, wherever they lie", () => {
  const seen = createSeen(1 << 17);
  const words = [0, 1, 2, 0xffff, 0x1_0000, 0x1_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xffff_fffe, 0xffff_ffff];
  const all = words.flatMap((first) => words.map((second) => [first, second] as const)).slice(1);
  for (const [first, second] of all.filter((_, i) => i % 2 === 0))
    expect(sawFingerprint(seen, first, second)).toBe(false);
  for (let i = 0; i < 50_000; i++) sawBefore(seen, `key-${i}`);
  expect(seen.current.count).toBeGreaterThan(all.length);
  for (const [i, [first, second]] of all.entries())
    expect([first, second, sawFingerprint(structuredClone(seen), first, second)]).toEqual([first, second, i % 2 === 0]);
});
