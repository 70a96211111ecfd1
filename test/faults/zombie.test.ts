import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type BlobEmulator, startBlobs } from "../emulators/blobs.ts";
import { committedIn, holds, startMachines } from "../live/machines.ts";
import { readyServe, reportWhen, spawnServe, startServe } from "../live/serving.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRuns } from "./runs.ts";

/** Longer than a lease lasts; `FAULT_FROZEN_SECONDS` for more. */
const FROZEN_MS = 1_000 * Number(process.env["FAULT_FROZEN_SECONDS"] ?? 20);
const AT_ONCE = 5;

interface Outcome {
  readonly zombie: { readonly code: number | null; readonly more: number };
  readonly owner: { readonly code: number | null; readonly missing: number };
}

/** One that stands still until another machine has taken over, and wakes up then: how each ended, and what it had committed. */
async function zombie(options: {
  readonly blobs: BlobEmulator;
  readonly folder: string;
  readonly name: string;
}): Promise<Outcome> {
  const { emulator, feed, machine, records, stateOf } = await startMachines({ ...options, partitions: 1 });
  feed(10);
  await using first = await startServe(machine("zombie"));
  await reportWhen(first.address, holds(records()));
  const before = records();
  await using owner = await spawnServe(machine("owner"));
  await owner.hear(/standby: another machine has the lease/);
  first.child.kill("SIGSTOP");
  const stopped = performance.now();
  // What is sent to it now waits in its socket, and is there before the word that it lost the partition.
  feed(100);
  const { address } = await readyServe(owner);
  await reportWhen(address, holds(records()));
  await sleep(Math.max(0, FROZEN_MS - (performance.now() - stopped)));
  first.child.kill("SIGCONT");
  await first.hear(/another machine has the lease and goes on|is read by another reader/);
  const code = await first.stop();
  feed(10);
  await reportWhen(address, holds(records()));
  const ownerCode = await owner.stop();
  await emulator.close();
  const outcome = {
    zombie: { code, more: committedIn(stateOf("zombie")) - before },
    owner: { code: ownerCode, missing: records() - committedIn(stateOf("owner")) },
  };
  for (const name of ["zombie", "owner"]) rmSync(dirname(stateOf(name)), { recursive: true });
  return outcome;
}

test("a machine that stood still while another one took over commits nothing more", {
  timeout: 60_000 + (60_000 + FROZEN_MS) * Math.ceil(faultRuns(1) / AT_ONCE),
}, async () => {
  await using folder = await temporaryFolder();
  await using blobs = await startBlobs(folder.path);
  for (let run = 0; run < faultRuns(1); run += AT_ONCE) {
    const names = Array.from({ length: Math.min(AT_ONCE, faultRuns(1) - run) }, (_, i) => `zombie-${run + i}`);
    const outcomes = await Promise.all(names.map((name) => zombie({ blobs, folder: folder.path, name })));
    for (const outcome of outcomes)
      expect(outcome).toEqual({ zombie: { code: 3, more: 0 }, owner: { code: 0, missing: 0 } });
  }
});
