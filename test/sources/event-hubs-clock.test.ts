import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventHubsSource } from "../../src/sources/event-hubs.ts";
import type { SourceError } from "../../src/sources/source-error.ts";
import { startEventHubsEmulator } from "../emulators/event-hubs.ts";
import { event, idsIn } from "./event-hubs-harness.ts";

const HOUR_MS = 3_600_000;
const RETRY = { maxRetries: 1, retryDelayInMs: 20, maxRetryDelayInMs: 100, timeoutInMs: 2_000 };

/** A hub whose clock is `ahead` of this machine's, and one reading of it until `count` records came. */
async function start() {
  let ahead = 0;
  const emulator = await startEventHubsEmulator({ now: () => Date.now() + ahead });
  const hub = emulator.addHub("logs", { partitions: 1 });
  const troubles: SourceError[] = [];
  const told = Promise.withResolvers<void>();
  const source = eventHubsSource({
    name: "hub",
    connection: { kind: "connection-string", connectionString: emulator.connectionString("logs") },
    idleSeconds: 0.1,
    retry: RETRY,
    onTrouble(trouble) {
      troubles.push(trouble);
      if (trouble.message.includes("clock")) told.resolve();
    },
  });
  const read = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(15_000)]);
    for await (const batch of source.read(new Map(), signal)) {
      ids.push(...idsIn([batch]));
      if (ids.length >= count) abort.abort();
    }
    return ids;
  };
  return {
    emulator,
    partition: hub.partition("0"),
    source,
    read,
    troubles,
    told: told.promise,
    set: (ms: number): void => {
      ahead = ms;
    },
  };
}

const SAYS = /takes the token of this machine for one that has run out\. Is this machine's clock behind\? Set it\./;

test("a token that was made by a clock that is behind is told with the way out, and asked for again", async () => {
  const { emulator, partition, source, read, troubles, told, set } = await start();
  partition.add(event("a"));
  set(2 * HOUR_MS);
  await expect(source.partitions(AbortSignal.timeout(10_000))).rejects.toMatchObject({
    kind: "unreachable",
    message: expect.stringMatching(SAYS),
  });
  const reading = read(1);
  await Promise.race([told, reading]);
  set(0);
  expect(await reading).toEqual(["a"]);
  expect(troubles.every(({ kind }) => kind === "unreachable")).toBe(true);
  expect(troubles[0]?.message).toMatch(SAYS);
  await emulator.close();
});

test("a clock that falls behind while a hub is read costs no event and repeats none", async () => {
  const { emulator, partition, read, told, set } = await start();
  partition.add(event("a"));
  const reading = read(3);
  while ((emulator.readers()[0]?.sent ?? 0) < 1) await sleep(5);
  set(2 * HOUR_MS);
  emulator.dropSockets();
  partition.add(event("b"));
  await Promise.race([told, reading]);
  set(0);
  partition.add(event("c"));
  expect(await reading).toEqual(["a", "b", "c"]);
  await emulator.close();
});
