import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { CallEvidence } from "../../src/model/evidence.ts";
import { BLOCK_CALLS } from "../../src/store/segment-block.ts";
import { Shelf } from "../../src/store/shelf.ts";
import { WaitingCalls } from "../../src/store/waiting-calls.ts";
import { at, gatewayRequest } from "../builders.ts";
import { evidenceOf } from "../exports/evidence-rows.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const BLOCKS = 3;
const calls = Array.from({ length: BLOCKS * BLOCK_CALLS + 5 }, (_, i) =>
  evidenceOf(gatewayRequest({ time: at(i) }), []),
);

function filled(shelf?: Shelf): WaitingCalls {
  const waiting = new WaitingCalls(shelf);
  waiting.begin(7);
  for (const call of calls) waiting.add(call);
  return waiting;
}

const idOf = (call: CallEvidence | undefined): string => call?.ids[0] ?? expect.fail("no id");
const bytesOf = (waiting: WaitingCalls): readonly string[] =>
  waiting.blocks().map((block) => block.read().toString("latin1"));

test.skipIf(process.platform === "win32")(
  "calls that wait lie on the disk under no name, and are the same as in memory",
  { timeout: 30_000 },
  async () => {
    await using folder = await temporaryFolder();
    const shelf = new Shelf(join(folder.path, "waiting.part"));
    const put = vi.spyOn(shelf, "put");
    const onDisk = filled(shelf);
    expect(put.mock.results.map(({ value }) => value !== undefined)).toEqual(Array(BLOCKS).fill(true));
    expect(readdirSync(folder.path)).toEqual([]);
    const inMemory = filled();
    const copies = inMemory.copies();
    expect(onDisk.copies().map(String)).toEqual(copies.map(String));
    expect(bytesOf(onDisk)).toEqual(bytesOf(inMemory));
    for (const call of [calls[0], calls[2 * BLOCK_CALLS], calls.at(-1)])
      expect(onDisk.find(idOf(call))).toEqual(inMemory.find(idOf(call)));
    onDisk.drop(2);
    expect([onDisk.start, onDisk.count]).toEqual([7 + 2 * BLOCK_CALLS, BLOCK_CALLS + 5]);
    expect(onDisk.find(idOf(calls[0]))).toEqual([]);
    expect(onDisk.find(idOf(calls[2 * BLOCK_CALLS]))).toHaveLength(1);
  },
);

test("calls that the disk does not take wait in memory", { timeout: 30_000 }, async () => {
  await using folder = await temporaryFolder();
  const waiting = filled(new Shelf(join(folder.path, "no-folder", "waiting.part")));
  expect(bytesOf(waiting)).toEqual(bytesOf(filled()));
  expect(waiting.find(idOf(calls[BLOCK_CALLS]))).toHaveLength(1);
});
