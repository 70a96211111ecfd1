import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { spoolBeside } from "../../src/store/spool.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("what was spooled comes back piece by piece, and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const pieces = Array.from({ length: 90 }, (_, i) => ({
    bytes: new Uint8Array((i * 7_919) % 100_003).fill(i),
    isPlain: i % 3 === 0,
  }));
  const spooled = spoolBeside(join(folder.path, "state.db"), pieces);
  for (const { bytes, isPlain } of pieces) {
    const piece = spooled.next();
    expect(piece?.isPlain).toBe(isPlain);
    expect(Buffer.from(piece?.bytes ?? []).equals(bytes)).toBe(true);
  }
  expect(spooled.next()).toBeUndefined();
  expect(spooled.next()).toBeUndefined();
  expect(await readdir(folder.path)).toEqual([]);
});

test("a place that cannot be written to is told as such", () => {
  expect(() => spoolBeside("/nowhere/state.db", [])).toThrow(/cannot be kept here meanwhile \(ENOENT\)/);
});
