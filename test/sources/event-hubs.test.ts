import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { epochMs, instantFromMs } from "../../src/model/time.ts";
import { keep, readRecords, sourceContract } from "../contract/source.contract.ts";
import { dataSection } from "../emulators/amqp-bytes.ts";
import { checkpoints, event, failureOf, idOf, idsIn, useHub } from "./event-hubs-harness.ts";

const hubOf = useHub();

describe("as a source", () => {
  sourceContract(async () => {
    const expected = new Map<string, string[]>();
    for (const { id } of hubOf().hub.partitions) {
      const ids = Array.from({ length: 300 }, (_, i) => `${id}-${i}`);
      for (let i = 0; i < ids.length; i += 3)
        hubOf()
          .hub.partition(id)
          .add(event(...ids.slice(i, i + 3)));
      expected.set(id, ids);
    }
    return { source: hubOf().sourceOf(), expected, endless: true, idOf, close: async () => {} };
  });
});

describe("where reading begins", () => {
  const at = (ms: number): void => {
    for (const log of hubOf().hub.partitions)
      log.append(dataSection(Buffer.from(event(`${log.id}@${ms}`))), undefined, ms);
  };

  test("without a checkpoint at the earliest event that is left", async () => {
    hubOf().hub.partition("0").add(event("a"), event("b"), event("c"));
    hubOf().hub.partition("0").trimTo(1);
    const batches = await hubOf().read(2);
    expect(idsIn(batches)).toEqual(["b", "c"]);
    expect(batches.filter((batch) => batch.gap)).toEqual([]);
  });

  test("at the end, and that end is kept before the first event comes", async () => {
    hubOf().hub.partition("0").add(event("old"));
    const first = await hubOf().readUntil((batches) => new Set(batches.map((batch) => batch.partition)).size === 2, {
      start: "latest",
    });
    expect(idsIn(first)).toEqual([]);
    expect(first.every((batch) => batch.caughtUp)).toBe(true);
    hubOf().hub.partition("0").add(event("new"));
    expect(idsIn(await hubOf().read(1, { start: "latest" }, checkpoints(first)))).toEqual(["new"]);
  });

  test("at a time", async () => {
    for (const ms of [1_000, 2_000, 3_000]) at(ms);
    const batches = await hubOf().read(4, { start: { since: epochMs(instantFromMs(2_000)) } });
    expect(idsIn(batches).toSorted()).toEqual(["0@2000", "0@3000", "1@2000", "1@3000"]);
  });

  test("at a time after the newest event: caught up at once", async () => {
    at(1_000);
    const batches = await hubOf().readUntil((all) => all.length >= 2, {
      start: { since: epochMs(instantFromMs(5_000)) },
    });
    expect(batches.map((batch) => [batch.caughtUp, batch.records.length])).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });

  test("in a consumer group of one's own", async () => {
    hubOf().hub.partition("0").add(event("a"));
    expect(idsIn(await hubOf().read(1, { consumerGroup: "audit" }))).toEqual(["a"]);
  });

  test("a partition that is empty and was read to its end says so", async () => {
    hubOf().hub.partition("0").add(event("a"), event("b"));
    const from = checkpoints(
      await hubOf().readUntil(
        (all) => new Set(all.map((batch) => batch.partition)).size === 2 && idsIn(all).length === 2,
      ),
    );
    const again = await hubOf().readUntil((all) => all.length >= 2, {}, from);
    expect(again.map((batch) => batch.caughtUp)).toEqual([true, true]);
    expect(checkpoints(again)).toEqual(from);
  });
});

describe("what a hub has lost", () => {
  test("retention passed the checkpoint: the gap is told, and reading goes on after it", async () => {
    hubOf().hub.partition("0").add(event("a"), event("b"), event("c"), event("d"));
    const first = (await hubOf().read(4)).find((batch) => batch.partition === "0");
    const from = new Map([["0", first?.checkpoint.replace(/^3/, "0") ?? ""]]);
    hubOf().hub.partition("0").trimTo(3);
    const batches = (await hubOf().read(1, {}, from)).filter((batch) => batch.partition === "0");
    expect(batches[0]).toMatchObject({ gap: { from: 1, to: 2 }, records: [] });
    expect(idsIn(batches)).toEqual(["d"]);
  });

  test("retention took everything: the gap goes to the newest", async () => {
    hubOf().hub.partition("0").add(event("a"), event("b"));
    const from = checkpoints((await hubOf().read(2)).filter((batch) => batch.partition === "0"));
    hubOf().hub.partition("0").add(event("c"), event("d"));
    hubOf().hub.partition("0").trimTo(99);
    const [batch] = await hubOf().readUntil((all) => all.some(({ gap }) => gap !== undefined), {}, from);
    expect(batch).toMatchObject({ gap: { from: 2, to: 3 }, caughtUp: true });
  });

  test("retention took events while they were waited for", async () => {
    let isTrimmed = false;
    hubOf().hub.partition("0").add(event("a"));
    const batches = await hubOf().readUntil((all) => {
      if (idsIn(all).includes("a") && !isTrimmed) {
        isTrimmed = true;
        const log = hubOf().hub.partition("0");
        for (const id of ["b", "c", "d"]) log.append(dataSection(Buffer.from(event(id))));
        log.trimTo(3);
        log.wake();
      }
      return idsIn(all).includes("d");
    });
    expect(idsIn(batches)).toEqual(["a", "d"]);
    expect(batches.find((batch) => batch.gap)).toMatchObject({
      gap: { from: 1, to: 2 },
      records: [{ value: { id: "d" } }],
    });
  });

  test("a hub that was deleted and created again is refused, with the way out", async () => {
    hubOf().hub.partition("0").add(event("a"));
    const from = checkpoints(await hubOf().read(1));
    await sleep(2);
    hubOf().emulator.addHub("logs", { partitions: 2 }).partition("0").add(event("x"), event("y"));
    const failure = await failureOf(hubOf().read(1, {}, from));
    expect(failure.kind).toBe("config");
    expect(failure.message).toMatch(/deleted and created again.*give the source another name/);
  });

  test("a hub of another name or namespace is refused, even where its numbers seem to fit", async () => {
    hubOf().hub.partition("0").add(event("a"));
    const first = await hubOf().read(1);
    const kept = new Map<string, Uint8Array>();
    for (const batch of first) keep(kept, batch);
    const from = checkpoints(first);
    hubOf().hub.partition("0").add(event("b"));
    const again = await readRecords(hubOf().sourceOf(), { from, kept, count: 1, toTheEnd: false });
    expect(idsIn(again)).toEqual(["b"]);
    const other = hubOf().emulator.addHub("other", { partitions: 2 });
    other.partition("0").add(event("x"), event("y"));
    const connection = {
      kind: "connection-string",
      connectionString: hubOf().emulator.connectionString("other"),
    } as const;
    const failure = await failureOf(
      readRecords(hubOf().sourceOf({ connection }), { from, kept, count: 1, toTheEnd: false }),
    );
    expect(failure.kind).toBe("config");
    expect(failure.message).toMatch(/was read from hub logs at .*names hub other at .*give the source another name/);
  });

  test("startAt checkpoint refuses a state without any, and goes on from one", async () => {
    hubOf().hub.partition("0").add(event("a"));
    const failure = await failureOf(hubOf().read(1, { start: "checkpoint" }));
    expect(failure).toMatchObject({ kind: "config", message: expect.stringContaining("there is no checkpoint") });
    const from = checkpoints(await hubOf().read(1));
    hubOf().hub.partition("0").add(event("b"));
    expect(idsIn(await hubOf().read(1, { start: "checkpoint" }, from))).toEqual(["b"]);
  });

  test("says where each partition begins", async () => {
    const said: string[] = [];
    const onStart = (says: string): void => void said.push(says);
    hubOf().hub.partition("0").add(event("a"), event("b"));
    const from = new Map(checkpoints(await hubOf().read(2, { onStart })));
    hubOf().hub.partition("0").add(event("c"), event("d"));
    hubOf().hub.partition("0").trimTo(3);
    await hubOf().read(1, { onStart }, from);
    const since = epochMs(instantFromMs(Date.now() - 60_000));
    await hubOf().read(1, { onStart, start: { since } });
    expect(said).toEqual([
      "0 at its first event · 1 at its first event",
      "0 after event 2, 1 events before it are lost · 1 at its first event",
      expect.stringMatching(/^0 at \d{4}-\d\d-\d\dT.*Z · 1 at its first event$/),
    ]);
  });

  test("a checkpoint ahead of the newest event is refused, with the way out", async () => {
    hubOf().hub.partition("0").add(event("a"));
    const from = new Map([["0", `7/${hubOf().hub.created.getTime()}/700`]]);
    const failure = await failureOf(hubOf().read(1, {}, from));
    expect(failure.kind).toBe("config");
    expect(failure.message).toMatch(/read up to event 7, but its newest is 0.*give the source another name/);
  });

  test.each([
    { name: "of a partition that the hub does not have", from: { "9": "0/1/0" } },
    { name: "that is not one of ours", from: { "0": "12 apples" } },
  ])("a checkpoint $name is refused", async ({ from }) => {
    expect((await failureOf(hubOf().read(1, {}, new Map(Object.entries(from))))).kind).toBe("config");
  });
});

describe("bodies", () => {
  test("gzip and zstd are told by their first bytes", async () => {
    hubOf()
      .hub.partition("0")
      .add(gzipSync(event("g1", "g2")), zstdCompressSync(event("z")), event("p"));
    const batches = await hubOf().read(4);
    expect(idsIn(batches)).toEqual(["g1", "g2", "z", "p"]);
    expect(
      batches.flatMap((batch) => batch.records.map((record) => [record.position.sequence, record.position.index])),
    ).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [2, 0],
    ]);
  });

  test.each([
    { name: "cut gzip", body: gzipSync(event("x")).subarray(0, -3), reason: "truncated-gzip" },
    {
      name: "broken zstd",
      body: Buffer.concat([zstdCompressSync(event("x")).subarray(0, 6), Buffer.alloc(9, 0xff)]),
      reason: "corrupt-zstd",
    },
    { name: "a bomb", body: gzipSync(Buffer.alloc(65 << 20)), reason: "decompression-bomb" },
  ])("$name costs that message only", async ({ body, reason }) => {
    hubOf().hub.partition("0").add(event("a"), body, event("b"));
    const batches = await hubOf().read(2);
    expect(idsIn(batches)).toEqual(["a", "b"]);
    const rejects = batches.flatMap((batch) => batch.rejects);
    expect(rejects.map((reject) => [reject.reason, reject.position])).toEqual([
      [reason, { source: "hub", partition: "0", sequence: 1, index: 0 }],
    ]);
  });

  test("a body that is an AMQP value and not bytes is a reject", async () => {
    hubOf()
      .hub.partition("0")
      .append(Buffer.from([0x00, 0x53, 0x77, 0x54, 0x2a])); // amqp-value: smallint 42
    hubOf().hub.partition("0").add(event("a"));
    const batches = await hubOf().read(1);
    expect(batches.flatMap((batch) => batch.rejects.map((reject) => reject.reason))).toEqual(["not-bytes"]);
  });

  test("bytes are counted as delivered, and the time is the newest of the broker's", async () => {
    const body = gzipSync(event("a"));
    hubOf().hub.partition("0").append(dataSection(body), undefined, 5_000);
    hubOf().hub.partition("0").append(dataSection(body), undefined, 4_000);
    const batches = (await hubOf().read(2)).filter((batch) => batch.records.length > 0);
    expect(batches.reduce((sum, batch) => sum + batch.bytes, 0)).toBe(2 * body.length);
    expect(batches.map((batch) => batch.enqueued)).toContain(5_000);
  });
});

test("a partition that is added while reading is read from its start", async () => {
  hubOf().hub.partition("0").add(event("a"));
  let isAdded = false;
  const batches = await hubOf().readUntil(
    (all) => {
      if (!isAdded) hubOf().hub.addPartition().add(event("b"));
      isAdded = true;
      return idsIn(all).includes("b");
    },
    { partitionCheckMs: 50, start: "latest" },
  );
  expect(batches.findLast((batch) => idsIn([batch]).includes("b"))?.partition).toBe("2");
});

test("no connection is left when reading has ended", async () => {
  hubOf().hub.partition("0").add(event("a"));
  await hubOf().read(1);
  await hubOf().sourceOf().partitions(AbortSignal.timeout(5_000));
  while (hubOf().emulator.connections() > 0) await sleep(5);
  expect(hubOf().emulator.connections()).toBe(0);
});
