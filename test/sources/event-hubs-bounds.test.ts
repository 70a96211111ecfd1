import { setTimeout as sleep } from "node:timers/promises";
import { CredentialUnavailableError } from "@azure/identity";
import { describe, expect, test } from "vitest";
import { event, failureOf, idsIn, useHub } from "./event-hubs-harness.ts";

const hubOf = useHub();

const sentTo = (hub: string): number =>
  hubOf()
    .emulator.readers()
    .reduce((sum, reader) => sum + (reader.hub === hub ? reader.sent : 0), 0);

describe("what is in flight is bounded", () => {
  test("while nobody asks, by bytes and messages, however much there is", async () => {
    const padding = "x".repeat(10_000);
    const log = hubOf().hub.partition("0");
    log.add(...Array.from({ length: 5_000 }, (_, i) => JSON.stringify({ records: [{ id: String(i), padding }] })));
    const abort = new AbortController();
    const ahead: number[] = [];
    let records = 0;
    for await (const batch of hubOf()
      .sourceOf({ queueBytes: 1 << 20 })
      .read(new Map(), abort.signal)) {
      records += batch.records.length;
      if (records > 0 && ahead.length < 3) {
        await sleep(300); // longer than several rounds of the client
        ahead.push(sentTo("logs") - records);
      }
      if (records === 5_000) abort.abort();
    }
    expect(records).toBe(5_000);
    // A hundred asked for ahead, and as many in the queue (1 MB of 10 KB); in the handler that waits and in use fifty each.
    expect(Math.max(...ahead)).toBeLessThanOrEqual(300);
  });

  test("of large events fewer are asked for ahead, of small ones more", async () => {
    const add = (bytes: number, count: number): void =>
      hubOf()
        .hub.partition("0")
        .add(
          ...Array.from({ length: count }, () =>
            JSON.stringify({ records: [{ id: "a", padding: "x".repeat(bytes) }] }),
          ),
        );
    add(800_000, 60);
    add(100, 1_000);
    const abort = new AbortController();
    const ahead: number[] = [];
    let mostCredit = 0;
    let records = 0;
    for await (const batch of hubOf()
      .sourceOf({ queueBytes: 1 << 20 })
      .read(new Map(), abort.signal)) {
      records += batch.records.length;
      mostCredit = Math.max(
        ...hubOf()
          .emulator.readers()
          .map((reader) => reader.mostCredit),
      );
      if (records > 16 && records < 60) {
        await sleep(100); // longer than several rounds of the client
        ahead.push(sentTo("logs") - records);
      }
      if (records === 1_060) abort.abort();
    }
    // 2 MB of what is asked for ahead and of what waits for its place, one in the queue; those that were asked for at first are read.
    expect(Math.max(...ahead)).toBeLessThanOrEqual(2 * 2 + 2);
    expect(mostCredit).toBeGreaterThan(50);
    expect(records).toBe(1_060);
  });

  test("while there is nothing to read: credit does not pile up from round to round", async () => {
    const reading = hubOf().readUntil((batches) => idsIn(batches).length > 0, { idleSeconds: 0.02 });
    await sleep(700);
    const credits = hubOf()
      .emulator.readers()
      .map((reader) => reader.mostCredit);
    hubOf().hub.partition("0").add(event("a"));
    await reading;
    // As many as 4 MB are, of 256 KB each, over both partitions.
    expect(credits).toEqual([8, 8]);
  });

  test("over all partitions: of many, each is asked for less", async () => {
    const { emulator } = hubOf();
    const wide = emulator.addHub("wide", { partitions: 25 });
    for (const log of wide.partitions) log.add(event(log.id));
    const abort = new AbortController();
    let credits: number[] = [];
    let records = 0;
    const connectionString = emulator.connectionString("wide");
    for await (const batch of hubOf()
      .sourceOf({ connection: { kind: "connection-string", connectionString } })
      .read(new Map(), abort.signal)) {
      records += batch.records.length;
      if (records < 25) continue;
      credits = emulator.readers().flatMap((reader) => (reader.hub === "wide" ? [reader.mostCredit] : []));
      abort.abort();
    }
    expect(Math.max(...credits)).toBeLessThanOrEqual(16);
    expect(credits).toHaveLength(25);
    expect(records).toBe(25);
  });

  test("one delivery of large events becomes several batches, each with its own checkpoint", async () => {
    const padding = "x".repeat(400_000);
    hubOf()
      .hub.partition("0")
      .add(...Array.from({ length: 12 }, (_, i) => JSON.stringify({ records: [{ id: String(i), padding }] })));
    const batches = (await hubOf().read(12)).filter((batch) => batch.records.length > 0);
    expect(Math.max(...batches.map((batch) => batch.bytes))).toBeLessThan(1_700_000);
    expect(new Set(batches.map((batch) => batch.checkpoint)).size).toBe(batches.length);
  });
});

describe("as an identity", () => {
  /** The client takes this namespace for the emulator's: plain TCP, and tokens all the same. */
  const namespace = (): string => `127.0.0.1:${hubOf().emulator.port}/;UseDevelopmentEmulator=true;X=/`;

  test("a token that the hub does not take is refused", async () => {
    const credential = { getToken: async () => ({ token: "TOPSECRET", expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const failure = await failureOf(
      hubOf().read(1, {
        connection: {
          kind: "identity",
          fullyQualifiedNamespace: namespace(),
          hub: "logs",
          credential: async () => credential,
        },
      }),
    );
    expect(failure).toMatchObject({
      kind: "refused",
      message: expect.stringMatching(/Azure Event Hubs Data Receiver/),
    });
    expect(failure.stack).not.toContain("TOPSECRET");
  });

  test("no credential at all says how to get one", async () => {
    const credential = { getToken: () => Promise.reject(new CredentialUnavailableError("none here")) };
    const failure = await failureOf(
      hubOf().read(1, {
        connection: {
          kind: "identity",
          fullyQualifiedNamespace: namespace(),
          hub: "logs",
          credential: async () => credential,
        },
      }),
    );
    expect(failure).toMatchObject({
      kind: "refused",
      message: expect.stringMatching(/no sign-in to Azure worked.*managed identity/),
    });
  });
});
