import { setImmediate } from "node:timers/promises";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run, type Shell } from "../../src/live-run.ts";
import { Trail } from "../../src/sources/event-hubs-trail.ts";
import type { Source } from "../../src/sources/source.ts";
import type { SourceError } from "../../src/sources/source-error.ts";
import { createMemoryCallLog } from "../../src/store/call-log.ts";
import { stateCodec } from "../../src/store/codec.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import type { Store } from "../../src/store/store.ts";
import { type BlobEmulator, startBlobs } from "../emulators/blobs.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { event, failureOf, idsIn, useHub } from "./event-hubs-harness.ts";

const hubOf = useHub();
let folder: TemporaryFolder;
let blobs: BlobEmulator;
beforeAll(async () => {
  folder = await temporaryFolder();
  blobs = await startBlobs(folder.path);
});
afterAll(async () => {
  await blobs.stop();
  await folder[Symbol.asyncDispose]();
});

let containers = 0;
/** A new container, and trails that write to it. */
async function trailing() {
  const container = await blobs.container(`checkpoints-${(containers += 1)}`);
  const troubles: SourceError[] = [];
  const trailTo = (to: ContainerClient): Trail =>
    new Trail({
      settings: {
        source: "hub",
        connection: { kind: "connection-string", connectionString: hubOf().emulator.connectionString("logs") },
        consumerGroup: "$Default",
      },
      container: () => Promise.resolve(to),
      retryMs: 0,
      onTrouble: (error) => troubles.push(error),
    });
  return { container, troubles, trailTo };
}

/** Sequence numbers in the blobs, by their names. */
async function inBlobs(container: ContainerClient): Promise<ReadonlyMap<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for await (const { name, metadata } of container.listBlobsFlat({ includeMetadata: true }))
    found.set(name, metadata?.["sequencenumber"]);
  return found;
}

/** Reads a source until it is aborted; gives how to stop it. */
function reading(source: Source, store: Store) {
  const abort = new AbortController();
  let tick: () => void = () => {};
  const committed = Promise.withResolvers<void>();
  const shell: Shell = {
    sources: [source],
    store,
    calls: createMemoryCallLog(),
    options: { lateness: 0, seed: 1 },
    codec: stateCodec,
    alerts: () => [],
    every(_ms, task) {
      tick = task;
      return () => {};
    },
    breathe: () => setImmediate(),
    onCommit: (analysis) => {
      if (analysis.input.records >= 3) committed.resolve();
    },
    onCommitFailure: () => {},
    elapsed: () => 0,
    isTakenOver: () => false,
  };
  const ended = run(shell, abort.signal);
  return {
    committed: committed.promise,
    /** As each second. */
    tick: () => tick(),
    async stop() {
      abort.abort();
      await ended;
    },
  };
}

/** Commits fail until they are let through. */
function heldStore(): { readonly store: Store; readonly release: () => void } {
  const store = createMemoryStore();
  let isHeld = true;
  return {
    store: {
      ...store,
      commit(commit) {
        if (isHeld) throw new Error("the disk is full");
        store.commit(commit);
      },
    },
    release() {
      isHeld = false;
    },
  };
}

const BLOB = /^127\.0\.0\.1:?\d*\/logs\/\$default\/checkpoint\/\d$/;

test("blobs follow what was committed, in the layout of Azure's own clients, and never lead it", async () => {
  const { container, trailTo } = await trailing();
  hubOf().hub.partition("0").add(event("a"), event("b"));
  hubOf().hub.partition("1").add(event("c"));
  const trail = trailTo(container);
  const delivered = Promise.withResolvers<void>();
  const source = hubOf().sourceOf({ trail });
  let count = 0;
  const watched: Source = {
    ...source,
    async *read(...args) {
      for await (const batch of source.read(...args)) {
        yield batch;
        count += batch.records.length;
        if (count >= 3) delivered.resolve();
      }
    },
  };
  const { store, release } = heldStore();
  const live = reading(watched, store);
  await delivered.promise;
  live.tick();
  await trail.quiet();
  expect(await inBlobs(container)).toEqual(new Map());
  release();
  live.tick();
  await live.committed;
  await live.stop();
  const found = await inBlobs(container);
  expect([...found.keys()].map((name) => BLOB.test(name))).toEqual([true, true]);
  expect([...found.values()]).toEqual(["1", "0"]);
  expect(
    [...(store.positions().get("hub") ?? new Map<string, string>()).values()].map((text) => text.split("/")[0]),
  ).toEqual(["1", "0"]);
  expect(trail.health()).toMatchObject({ failed: 0, behind: 0 });
});

describe("a state that knows nothing of the hub", () => {
  test("begins where blobs say with startAt checkpoint, and only then", async () => {
    const { container, trailTo } = await trailing();
    hubOf().hub.partition("0").add(event("a"), event("b"));
    hubOf().hub.partition("1").add(event("c"));
    const before = trailTo(container);
    before.follow(new Map([["0", "0/5/opaque"]]));
    await before.quiet();
    const trail = trailTo(container);
    expect(idsIn(await hubOf().read(2, { trail, start: "checkpoint" })).toSorted()).toEqual(["b", "c"]);
    expect(idsIn(await hubOf().read(3, { trail, start: "earliest" })).toSorted()).toEqual(["a", "b", "c"]);
  });

  test("goes on from its own positions whatever blobs say", async () => {
    const { container, trailTo } = await trailing();
    hubOf().hub.partition("0").add(event("a"), event("b"), event("c"));
    const first = await hubOf().read(3);
    const created = first[0]?.checkpoint.split("/")[1] ?? "";
    const trail = trailTo(container);
    trail.follow(new Map([["0", `2/${created}/x`]]));
    await trail.quiet();
    const own = new Map([["0", `0/${created}/x`]]);
    expect(idsIn(await hubOf().read(2, { trail, start: "checkpoint" }, own))).toEqual(["b", "c"]);
  });

  test("is refused where there is no checkpoint at all, and where they are of a hub that is gone", async () => {
    const { container, trailTo } = await trailing();
    const trail = trailTo(container);
    const none = await failureOf(hubOf().read(1, { trail, start: "checkpoint" }));
    expect(none).toMatchObject({
      kind: "config",
      message: expect.stringContaining("in the state or in blobs") as string,
    });
    trail.follow(new Map([["0", "0/5/opaque"]]));
    await trail.quiet();
    hubOf().emulator.addHub("logs", { partitions: 2, created: new Date(Date.now() + 60_000) });
    const gone = await failureOf(hubOf().read(1, { trail, start: "checkpoint" }));
    expect(gone).toMatchObject({
      kind: "config",
      message: expect.stringContaining("deleted and created again") as string,
    });
  });

  test("is refused where blobs are ahead of the hub", async () => {
    const { container, trailTo } = await trailing();
    const trail = trailTo(container);
    trail.follow(new Map([["0", "99/5/opaque"]]));
    await trail.quiet();
    const ahead = await failureOf(hubOf().read(1, { trail, start: "checkpoint" }));
    expect(ahead).toMatchObject({ kind: "config", message: expect.stringContaining("its newest is") as string });
  });
});

test("blobs that cannot be written stop nothing: it is told once, counted, and made up for", async () => {
  const { troubles, trailTo } = await trailing();
  const missing = new ContainerClient(blobs.connectionString, `missing-${containers}`);
  const trail = trailTo(missing);
  trail.follow(
    new Map([
      ["0", "1/5/opaque"],
      ["1", "-1/5/"],
    ]),
  );
  await trail.quiet();
  trail.follow(new Map([["0", "2/5/opaque"]]));
  await trail.quiet();
  expect(trail.health()).toMatchObject({ written: 0, behind: 1 });
  expect(trail.health().failed).toBeGreaterThan(1);
  expect(troubles).toMatchObject([
    { kind: "refused", message: expect.stringContaining("ContainerNotFound") as string },
  ]);
  await missing.create();
  await trail.quiet();
  expect([...(await inBlobs(missing)).values()]).toEqual(["2"]);
  expect(trail.health()).toMatchObject({ written: 1, behind: 0 });
});
