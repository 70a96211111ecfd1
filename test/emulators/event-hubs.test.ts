import { setImmediate as turn } from "node:timers/promises";
import {
  type EventHubProducerClient,
  type EventPosition,
  earliestEventPosition,
  latestEventPosition,
} from "@azure/event-hubs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestClients, type Received, type ReceiveOptions, type TestClients } from "./event-hubs-clients.ts";
import { type EventHubsEmulator, startEventHubsEmulator } from "./event-hubs.ts";
import type { Hub } from "./event-hubs-hub.ts";

let emulator: EventHubsEmulator;
let clients: TestClients;
let hub: Hub;

beforeEach(async () => {
  emulator = await startEventHubsEmulator();
  hub = emulator.addHub("logs", { partitions: 2, consumerGroups: ["Second"] });
  clients = createTestClients(emulator.connectionString("logs"));
});
afterEach(async () => {
  await clients.close();
  await emulator.close();
});

const producer = (): EventHubProducerClient => clients.producer();
const receive = (options: ReceiveOptions): Received => clients.receive(options);

const count =
  (n: number) =>
  ({ events }: Received): boolean =>
    events.length >= n;

describe("sending", () => {
  test("a batch goes whole, to one partition", async () => {
    const client = producer();
    const batch = await client.createBatch();
    for (let i = 0; i < 10; i++) expect(batch.tryAdd({ body: Buffer.from(`e${i}`), properties: { n: i } })).toBe(true);
    await client.sendBatch(batch);
    const received = receive({ startPosition: earliestEventPosition });
    await received.until(count(10));
    expect(received.events.map(({ body, sequence, event }) => [body, sequence, event.properties?.["n"]])).toEqual(
      Array.from({ length: 10 }, (_, i) => [`e${i}`, i, i]),
    );
    expect(new Set(received.events.map((event) => event.partition)).size).toBe(1);
  });

  test("the same key goes to the same partition, and comes back with the event", async () => {
    const client = producer();
    for (let i = 0; i < 6; i++)
      await client.sendBatch([{ body: Buffer.from(`k${i}`) }], { partitionKey: `key-${i % 2}` });
    const received = receive({ startPosition: earliestEventPosition });
    await received.until(count(6));
    const homes = received.events.map(({ event, partition }) => `${event.partitionKey} in ${partition}`);
    expect(new Set(homes).size).toBe(2);
  });

  test("a partition can be named", async () => {
    await producer().sendBatch([{ body: Buffer.from("x") }], { partitionId: "1" });
    expect(hub.partition("1").state().lastSequence).toBe(0);
    expect(hub.partition("0").state().isEmpty).toBe(true);
  });

  test("more than the limit is refused", async () => {
    const batch = await producer().createBatch();
    expect(batch.maxSizeInBytes).toBe(1 << 20);
    expect(batch.tryAdd({ body: Buffer.alloc(2 << 20) })).toBe(false);
  });

  test.each([
    { name: "a wrong key", change: (text: string) => text.replace("c2VjcmV0", "d3Jvbmc="), error: /InvalidSignature/ },
    {
      name: "no such hub",
      change: (text: string) => text.replace("EntityPath=logs", "EntityPath=other"),
      error: /could not be found/,
    },
  ])("$name is refused", async ({ change, error }) => {
    const client = clients.producer(change(emulator.connectionString("logs")), { maxRetries: 0 });
    await expect(client.sendBatch([{ body: "x" }])).rejects.toThrow(error);
  });
});

describe("what the hub says of itself", () => {
  test("partitions, and where they begin and end", async () => {
    hub.partition("1").add("a", "b", "c");
    hub.partition("1").trimTo(1);
    const client = producer();
    expect((await client.getEventHubProperties()).createdOn).toEqual(hub.created);
    expect(await client.getPartitionIds()).toEqual(["0", "1"]);
    expect(await client.getPartitionProperties("0")).toMatchObject({ isEmpty: true, lastEnqueuedSequenceNumber: -1 });
    expect(await client.getPartitionProperties("1")).toMatchObject({
      isEmpty: false,
      beginningSequenceNumber: 1,
      lastEnqueuedSequenceNumber: 2,
    });
    hub.partition("1").trimTo(99);
    expect(await client.getPartitionProperties("1")).toMatchObject({
      isEmpty: true,
      beginningSequenceNumber: 3,
      lastEnqueuedSequenceNumber: 2,
    });
  });
});

describe("receiving", () => {
  test.each<{ name: string; startPosition: EventPosition; expected: string[] }>([
    { name: "the start", startPosition: earliestEventPosition, expected: ["a", "b", "c", "d", "later"] },
    { name: "after a sequence number", startPosition: { sequenceNumber: 1 }, expected: ["c", "d", "later"] },
    {
      name: "a sequence number",
      startPosition: { sequenceNumber: 1, isInclusive: true },
      expected: ["b", "c", "d", "later"],
    },
    { name: "a time", startPosition: { enqueuedOn: 2_500 }, expected: ["c", "d", "later"] },
    { name: "the end", startPosition: latestEventPosition, expected: ["later"] },
  ])("from $name", async ({ startPosition, expected }) => {
    const log = hub.partition("0");
    for (const [i, body] of ["a", "b", "c", "d"].entries())
      log.append(Buffer.from([0, 0x53, 0x75, 0xa0, 1, body.charCodeAt(0)]), undefined, 1_000 * (i + 1));
    const received = receive({ startPosition });
    await received.until(() => emulator.readers().length === 2);
    log.add("later");
    await received.until(count(expected.length));
    expect(received.bodies()).toEqual(expected);
  });

  test("after an offset", async () => {
    hub.partition("0").add("a", "b", "c");
    const offset = String(hub.partition("0").at(1)?.offset);
    const received = receive({ startPosition: { offset } });
    await received.until(count(1));
    expect(received.bodies()).toEqual(["c"]);
  });

  test("what retention took is passed over", async () => {
    hub.partition("0").add("a", "b", "c");
    hub.partition("0").trimTo(2);
    const received = receive({ startPosition: { sequenceNumber: 0 } });
    await received.until(count(1));
    expect(received.bodies()).toEqual(["c"]);
  });

  test("two consumer groups each get everything", async () => {
    const one = receive({ startPosition: earliestEventPosition });
    const two = receive({ startPosition: earliestEventPosition, group: "second" });
    for (let i = 0; i < 50; i++) hub.route(undefined).add(`e${i}`);
    await one.until(count(50));
    await two.until(count(50));
    expect(one.bodies()).toEqual(two.bodies());
  });

  test("a consumer group that is not there is refused", async () => {
    const received = receive({ startPosition: earliestEventPosition, group: "third" });
    await received.until(({ errors }) => errors.length > 0);
    expect(received.errors[0]?.message).toMatch(/could not be found/);
  });

  test("the newest event of the partition is told with each", async () => {
    hub.partition("0").add("a", "b", "c");
    let newest: number | undefined;
    const client = clients.consumer();
    await new Promise<void>((resolve) => {
      client.subscribe(
        "0",
        {
          async processEvents(events, context) {
            newest = context.lastEnqueuedEventProperties?.sequenceNumber;
            if (events.length > 0) resolve();
          },
          async processError() {},
        },
        { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true },
      );
    });
    expect(newest).toBe(2);
  });
});

describe("owner levels", () => {
  test("a higher or equal one takes the partition over", async () => {
    const first = receive({ startPosition: earliestEventPosition, ownerLevel: 1 });
    await first.until(() => emulator.readers().length === 2);
    const second = receive({ startPosition: earliestEventPosition, ownerLevel: 2 });
    await first.until(({ errors }) => errors.some(({ code }) => code === "ReceiverDisconnectedError"));
    await first.subscription.close();
    hub.partition("0").add("a");
    await second.until(count(1));
    expect(emulator.readers().map((reader) => reader.epoch)).toEqual([2, 2]);
    expect(first.events).toEqual([]);
  });

  test("a lower one, or none, is refused", async () => {
    const first = receive({ startPosition: earliestEventPosition, ownerLevel: 5 });
    await first.until(() => emulator.readers().length === 2);
    for (const ownerLevel of [4, undefined]) {
      const late = receive({
        startPosition: earliestEventPosition,
        ...(ownerLevel === undefined ? {} : { ownerLevel }),
      });
      await late.until(({ errors }) => errors.length > 0);
      expect(late.errors[0]?.code).toBe("ReceiverDisconnectedError");
    }
    expect(first.errors).toEqual([]);
  });

  test("another consumer group is not touched", async () => {
    const first = receive({ startPosition: earliestEventPosition, ownerLevel: 1 });
    const second = receive({ startPosition: earliestEventPosition, ownerLevel: 2, group: "second" });
    await second.until(() => emulator.readers().length === 4);
    expect([...first.errors, ...second.errors]).toEqual([]);
  });
});

describe("faults", () => {
  test("the client comes back after its sockets were cut, without gap or repeat", async () => {
    const received = receive({ startPosition: earliestEventPosition });
    for (let i = 0; i < 20; i++) hub.route(undefined).add(`a${String(i).padStart(2, "0")}`);
    await received.until(count(20));
    expect(emulator.dropSockets()).toBe(1);
    for (let i = 0; i < 20; i++) hub.route(undefined).add(`b${String(i).padStart(2, "0")}`);
    await received.until(count(40));
    expect(new Set(received.bodies()).size).toBe(40);
    expect(emulator.readers()).toHaveLength(2); // those of the cut connection are forgotten
    expect(received.events).toHaveLength(40);
  });

  test.each(["com.microsoft:server-busy", "amqp:internal-error", "amqp:link:detach-forced"])(
    "the client comes back after %s",
    async (condition) => {
      const received = receive({ startPosition: earliestEventPosition });
      hub.partition("0").add("a");
      await received.until(count(1));
      expect(emulator.detach("logs", "0", condition)).toBe(1);
      hub.partition("0").add("b");
      await received.until(count(2));
      expect(received.bodies()).toEqual(["a", "b"]);
    },
  );

  test("the client comes back after the service was away", async () => {
    const received = receive({ startPosition: earliestEventPosition });
    hub.partition("0").add("a");
    await received.until(count(1));
    await emulator.close();
    hub.partition("0").add("b");
    await emulator.listen();
    await received.until(({ events }) => events.length >= 2);
    expect(received.bodies()).toEqual(["a", "b"]);
  });
});

test("never more is sent than the client allowed", async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const client = clients.consumer();
  client.subscribe(
    "0",
    { processEvents: () => held, processError: async () => {} },
    { startPosition: earliestEventPosition, maxBatchSize: 10, prefetchCount: 10 },
  );
  hub.partition("0").add(...Array.from({ length: 1_000 }, (_, i) => `e${i}`));
  const end = performance.now() + 1_000;
  while (performance.now() < end) await turn();
  const [reader] = emulator.readers();
  expect(reader?.sent).toBeGreaterThan(0);
  expect(reader?.sent).toBeLessThanOrEqual(20);
  release();
});
