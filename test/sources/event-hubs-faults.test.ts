import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { EventHubsConfig } from "../../src/sources/event-hubs.ts";
import { idsByPartition } from "../contract/source.contract.ts";
import { event, failureOf, idOf, idsIn, useHub } from "./event-hubs-harness.ts";

const hubOf = useHub();

describe("when something goes wrong", () => {
  test.each<{ name: string; parts: () => Partial<EventHubsConfig>; kind: string; message: RegExp }>([
    {
      name: "a wrong key",
      parts: () => ({
        connection: {
          kind: "connection-string",
          connectionString: hubOf().emulator.connectionString("logs").replace("c2VjcmV0", "TOPSECRET"),
        },
      }),
      kind: "refused",
      message:
        /hub logs at 127\.0\.0\.1:\d+ refuses to be read\. Give the identity the role Azure Event Hubs Data Receiver/,
    },
    {
      name: "no such hub",
      parts: () => ({
        connection: { kind: "connection-string", connectionString: hubOf().emulator.connectionString(), hub: "nope" },
      }),
      kind: "refused",
      message: /hub nope .*does not exist/,
    },
    {
      name: "no such consumer group",
      parts: () => ({ consumerGroup: "nope" }),
      kind: "refused",
      message: /consumer group nope does not exist/,
    },
    {
      name: "nobody there",
      parts: () => ({
        connection: {
          kind: "connection-string",
          connectionString: hubOf().emulator.connectionString("logs").replace(/:\d+;/, ":1;"),
        },
      }),
      kind: "unreachable",
      message: /does not answer \(ECONNREFUSED\)/,
    },
    {
      name: "no such host",
      parts: () => ({
        connection: {
          kind: "connection-string",
          connectionString: hubOf().emulator.connectionString("logs").replace("127.0.0.1", "nohost.invalid"),
        },
      }),
      kind: "unreachable",
      message: /nohost\.invalid:\d+ is not a known host/,
    },
    {
      name: "no hub named",
      parts: () => ({
        connection: { kind: "connection-string", connectionString: hubOf().emulator.connectionString() },
      }),
      kind: "config",
      message: /no hub is named/,
    },
    {
      name: "two hubs named",
      parts: () => ({
        connection: {
          kind: "connection-string",
          connectionString: hubOf().emulator.connectionString("logs"),
          hub: "other",
        },
      }),
      kind: "config",
      message: /another hub \(EntityPath\)/,
    },
    {
      name: "no connection string at all",
      parts: () => ({ connection: { kind: "connection-string", connectionString: "TOPSECRET", hub: "logs" } }),
      kind: "config",
      message: /has no Endpoint/,
    },
    {
      name: "no key",
      parts: () => ({
        connection: {
          kind: "connection-string",
          connectionString: "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=TOPSECRET",
          hub: "logs",
        },
      }),
      kind: "config",
      message: /has no SharedAccessKeyName/,
    },
  ])("$name is told as $kind, with a way out and without the secret", async ({ parts, kind, message }) => {
    const reading = async (): Promise<unknown> => {
      await hubOf().sourceOf(parts()).partitions(AbortSignal.timeout(10_000));
      return hubOf().read(1, parts());
    };
    const failure = await failureOf(reading());
    expect(failure).toMatchObject({ kind, source: "hub", message: expect.stringMatching(message) });
    expect(`${failure.stack} ${JSON.stringify(failure.cause)} ${String(failure.cause)}`).not.toMatch(
      /TOPSECRET|c2VjcmV0/,
    );
  });

  test("partitions() tells the same", async () => {
    const source = hubOf().sourceOf({
      connection: { kind: "connection-string", connectionString: hubOf().emulator.connectionString("nope") },
    });
    expect((await failureOf(source.partitions(AbortSignal.timeout(5_000)))).kind).toBe("refused");
  });

  test("a hub that goes away between the first look and the reading is waited for", async () => {
    hubOf().hub.partition("0").add(event("a"));
    await hubOf().emulator.close();
    const troubles: string[] = [];
    const back = Promise.withResolvers<void>();
    const onTrouble = ({ kind }: { readonly kind: string }): void => {
      troubles.push(kind);
      back.resolve();
    };
    const reading = hubOf().read(1, { onTrouble });
    await Promise.race([back.promise, reading]);
    await hubOf().emulator.listen();
    expect(idsIn(await reading)).toEqual(["a"]);
    expect(new Set(troubles)).toEqual(new Set(["unreachable"]));
  });

  test("a reader with a higher owner level ends this one with stolen", async () => {
    hubOf().hub.partition("0").add(event("a"));
    const first = failureOf(hubOf().readUntil(() => false, { ownerLevel: 1 }));
    while (hubOf().emulator.readers().length < 2) await sleep(5);
    const second = await hubOf().read(1, { ownerLevel: 2 });
    expect(idsIn(second)).toEqual(["a"]);
    expect(await first).toMatchObject({
      kind: "stolen",
      message: expect.stringMatching(/partition [01] of hub logs .* is read by another reader/),
    });
  });

  test("a key that is withdrawn while reading ends with refused", async () => {
    const reading = failureOf(hubOf().readUntil(() => false));
    while (hubOf().emulator.readers().length < 2) await sleep(5);
    hubOf().emulator.refuseTokens();
    hubOf().emulator.dropSockets();
    expect((await reading).kind).toBe("refused");
  });

  test("cut connections, detached links and an outage cost no event and repeat none", async () => {
    const troubles: string[] = [];
    let sent = 0;
    const send = (count: number): void => {
      for (let i = 0; i < count; i++)
        hubOf()
          .hub.route(undefined)
          .add(event(String(sent++).padStart(4, "0")));
    };
    const faults = [
      () => hubOf().emulator.dropSockets(),
      () => hubOf().emulator.detach("logs", "0", "com.microsoft:server-busy"),
      () => hubOf().emulator.detach("logs", "1", "amqp:connection:forced"),
      async () => {
        await hubOf().emulator.close();
        send(20);
        await sleep(700); // longer than all attempts of the client: it closes the partition and opens it again
        await hubOf().emulator.listen();
      },
    ];
    send(20);
    let reached = 20;
    const batches = await hubOf().readUntil(
      (all) => {
        if (idsIn(all).length < reached) return false;
        const fault = faults.shift();
        if (fault === undefined) return true;
        reached += faults.length === 0 ? 40 : 20;
        void Promise.resolve(fault()).then(() => send(20));
        return false;
      },
      { onTrouble: (error) => troubles.push(error.kind) },
    );
    const byPartition = idsByPartition(batches, { idOf });
    for (const ids of byPartition.values()) expect(ids).toEqual(ids.toSorted());
    expect(idsIn(batches).toSorted()).toEqual(Array.from({ length: 120 }, (_, i) => String(i).padStart(4, "0")));
    expect(batches.filter((batch) => batch.gap)).toEqual([]);
    expect(new Set(troubles)).toEqual(new Set(["unreachable"]));
  }, 30_000);

  test("a link that stands still while events wait is given up for another, and nothing is lost", async () => {
    const { hub, emulator } = hubOf();
    for (const id of ["a", "b"]) hub.partition("0").add(event(id));
    const troubles: string[] = [];
    let isStalled = false;
    const batches = await hubOf().readUntil(
      (all) => {
        if (!isStalled && idsIn(all).length === 2) {
          isStalled = true;
          expect(emulator.stall("logs", "0")).toBe(1);
          for (const id of ["c", "d"]) hub.partition("0").add(event(id));
        }
        return idsIn(all).length === 4;
      },
      { partitionCheckMs: 100, onTrouble: ({ message }) => troubles.push(message) },
    );
    expect(idsIn(batches)).toEqual(["a", "b", "c", "d"]);
    expect(troubles).toEqual([
      expect.stringMatching(/partition 0 .* its newest event is 3 and 1 came last\. It is asked/),
    ]);
  });

  test("a partition that no new link moves ends the reading, for the source to be opened anew", async () => {
    const { hub, emulator } = hubOf();
    hub.partition("0").add(event("a"));
    const failure = failureOf(
      hubOf().readUntil(
        (all) => {
          if (idsIn(all).length === 1) {
            emulator.stall("logs", "0", true);
            hub.partition("0").add(event("b"));
          }
          return false;
        },
        { partitionCheckMs: 50 },
      ),
    );
    expect(await failure).toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/3 new links did not help/),
    });
  });

  test("an abort during an outage ends the reading within two seconds", async () => {
    hubOf().hub.partition("0").add(event("a"));
    const abort = new AbortController();
    let abortedAt = 0;
    for await (const batch of hubOf().sourceOf().read(new Map(), abort.signal)) {
      if (batch.records.length === 0) continue;
      await hubOf().emulator.close();
      setTimeout(() => {
        abortedAt = performance.now();
        abort.abort();
      }, 300);
    }
    expect(performance.now() - abortedAt).toBeLessThan(2_000);
    await hubOf().emulator.listen();
  });
});
