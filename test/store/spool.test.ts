import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { spoolBeside } from "../../src/store/spool.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("what was spooled comes back in parts, and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const pieces = Array.from({ length: 90 }, (_, i) => new Uint8Array(100_003).fill(i));
  const spooled = spoolBeside(join(folder.path, "state.db"), pieces);
  expect(spooled.bytes).toBe(90 * 100_003);
  const parts: Uint8Array[] = [];
  for (let part = spooled.next(); ; part = spooled.next()) {
    parts.push(part);
    if (parts.reduce((sum, { length }) => sum + length, 0) === spooled.bytes) break;
  }
  expect(parts.length).toBeGreaterThan(1);
  expect(Buffer.concat(parts).equals(Buffer.concat(pieces))).toBe(true);
  spooled.close();
  expect(await readdir(folder.path)).toEqual([]);
});

test("a place that cannot be written to is told as such", () => {
  expect(() => spoolBeside("/nowhere/state.db", [])).toThrow(/cannot be kept here meanwhile \(ENOENT\)/);
});
