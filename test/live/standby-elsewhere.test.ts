import { expect, test } from "vitest";
import { accessFolder, readAccess } from "../../src/store/access-log.ts";
import { startBlobs } from "../emulators/blobs.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { holds, startMachines } from "./machines.ts";
import { readyServe, reportWhen, spawnServe, startServe } from "./serving.ts";

test("another machine takes over within 30 s of a kill, with the state, and comes to the same report", {
  timeout: 240_000,
}, async () => {
  await using folder = await temporaryFolder();
  await using blobs = await startBlobs(folder.path);
  const options = { blobs, folder: folder.path, name: "kill", partitions: 2 };
  const { emulator, feed, forget, machine, alone, records, stateOf } = await startMachines(options);
  feed(50);
  await using first = await startServe(machine("first"));
  await reportWhen(first.address, holds(records()));
  const asked = async (address: string, call: string): Promise<void> => {
    await fetch(new URL(`/api/v1/calls/${call}`, address));
  };
  await asked(first.address, "asked-of-first");
  await using second = await spawnServe(machine("second"));
  await second.hear(/standby: another machine has the lease/);
  const copy = (await blobs.container("kill")).getBlobClient("state");
  const written = async (): Promise<string> => (await copy.getProperties()).etag ?? "";
  // Of two copies that follow a commit, the later one was begun after it.
  for (let i = 0; i < 2; i++) {
    const before = await written();
    feed(1);
    await reportWhen(first.address, holds(records()));
    await expect.poll(written, { timeout: 10_000 }).not.toBe(before);
  }
  forget(50);
  feed(50);
  await first.stop("SIGKILL");
  const killed = performance.now();
  const { address } = await readyServe(second);
  const seconds = (performance.now() - killed) / 1_000;
  console.info(`another machine was ready after ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(30);
  feed(20);
  const taken = await reportWhen(address, holds(records()));
  await asked(address, "asked-of-second");
  // The first machine stands by with what is left of its state, which is older than the copy.
  await using back = await spawnServe(machine("first"));
  await back.hear(/standby: another machine has the lease/);
  expect(await second.stop()).toBe(0);
  const again = await readyServe(back);
  expect(again.said.join("\n")).toMatch(/state of another machine is gone on from/);
  expect(await reportWhen(again.address, holds(records()))).toEqual(taken);
  await asked(again.address, "asked-again");
  expect(await again.stop()).toBe(0);
  const noted = [...readAccess(accessFolder(stateOf("first")), {})].map(({ filter, sequence }) => [sequence, filter]);
  expect(noted).toEqual(["asked-of-first", "asked-of-second", "asked-again"].map((call, i) => [i + 1, call]));
  await using whole = await startServe(alone());
  expect(taken).toEqual(await reportWhen(whole.address, holds(records())));
  await whole.stop();
  await emulator.close();
});
