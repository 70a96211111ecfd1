import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Piece } from "../../src/store/store.ts";
import { spoolBeside } from "../../src/store/spool.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("what was spooled comes back piece by piece, and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const pieces = Array.from({ length: 90 }, (_, i) => ({
    bytes: new Uint8Array((i * 7_919) % 100_003).fill(i % 4),
    isPlain: i % 3 === 0,
  }));
  const spooled = await spoolBeside(join(folder.path, "state.db"), pieces, breathe);
  for (const { bytes, isPlain } of pieces) {
    const piece = spooled.next();
    expect(piece?.isPlain).toBe(isPlain);
    expect(Buffer.from(piece?.bytes ?? []).equals(bytes)).toBe(true);
  }
  expect(spooled.next()).toBeUndefined();
  expect(spooled.next()).toBeUndefined();
  expect(await readdir(folder.path)).toEqual([]);
});

test("others have their turn after each part", async () => {
  await using folder = await temporaryFolder();
  const part: readonly Piece[] = [
    { bytes: Uint8Array.of(1, 2), isPlain: true },
    { bytes: new Uint8Array(0), isPlain: true },
  ];
  let turns = 0;
  const taken: number[] = [];
  function* pieces(): Generator<Piece> {
    for (let i = 0; i < 3; i++) {
      taken.push(turns);
      yield* part;
    }
  }
  const spooled = await spoolBeside(join(folder.path, "state.db"), pieces(), async () => {
    await breathe();
    turns += 1;
  });
  spooled.close();
  expect(taken).toEqual([0, 1, 2]);
});

test("others have their turn while a large part is written", async () => {
  await using folder = await temporaryFolder();
  const MB = 1 << 20;
  const PARTS = 40;
  const piece: Piece = { bytes: new Uint8Array(MB).fill(1), isPlain: false };
  let turns = 0;
  const taken: number[] = [];
  function* pieces(): Generator<Piece> {
    for (let i = 0; i < PARTS; i++) {
      taken.push(turns);
      yield piece;
    }
  }
  const spooled = await spoolBeside(join(folder.path, "state.db"), pieces(), async () => {
    await breathe();
    turns += 1;
  });
  spooled.close();
  const inOneTurn = Math.max(...[...Map.groupBy(taken, (turn) => turn).values()].map(({ length }) => length));
  expect(inOneTurn).toBeLessThanOrEqual(8);
});

test("a place that cannot be written to is told as such", async () => {
  await expect(spoolBeside("/nowhere/state.db", [], breathe)).rejects.toThrow(
    /cannot be kept here meanwhile \(ENOENT\)/,
  );
});
