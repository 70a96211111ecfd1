import { describe, expect, test } from "vitest";
import type { EpochMs } from "../../src/model/time.ts";
import { type FeedItem, simulatedSource } from "../../src/sources/simulated.ts";
import type { Batch } from "../../src/sources/source.ts";
import { sourceContract } from "../contract/source.contract.ts";

const NOW = Date.UTC(2026, 10, 25, 12);
const epoch = (ms: number): EpochMs => ms as EpochMs;

function item(n: number, arrival: number, partition = String(n % 4)): FeedItem {
  return { arrival: epoch(arrival), partition, body: JSON.stringify({ records: [{ id: `${n}` }] }) };
}
const past = (count: number): readonly FeedItem[] =>
  Array.from({ length: count }, (_, n) => item(n, NOW - 1_000 * (count - n)));

describe("keeps the promises of a source", () => {
  sourceContract(async () => {
    const items = past(900);
    return await Promise.resolve({
      source: simulatedSource("tenant", items, { now: () => NOW }),
      expected: new Map(
        ["0", "1", "2", "3"].map((partition) => [
          partition,
          items.flatMap((one, n) => (one.partition === partition ? [`${n}`] : [])),
        ]),
      ),
      endless: false,
      idOf: ({ value }) => String(value["id"]),
      close: async () => await Promise.resolve(),
    });
  });
});

async function take(feed: Iterable<FeedItem>, clock: () => number, batches: number): Promise<readonly Batch[]> {
  const abort = new AbortController();
  const taken: Batch[] = [];
  for await (const batch of simulatedSource("tenant", feed, { now: clock }).read(new Map(), abort.signal)) {
    taken.push(batch);
    if (taken.length === batches) abort.abort();
  }
  return taken;
}

test("history comes at once, many messages a batch, and is caught up before the future begins", async () => {
  const endless = function* (): Generator<FeedItem> {
    yield* past(600);
    for (let n = 0; ; n++) yield item(n, NOW + 3_600_000 + n);
  };
  const began = performance.now();
  const batches = await take(endless(), () => NOW, 12);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(batches.reduce((sum, { records }) => sum + records.length, 0)).toBe(600);
  const last = new Map(batches.map((batch) => [batch.partition, batch.caughtUp]));
  expect([...last.values()]).toEqual([true, true, true, true]);
  expect(batches.filter(({ caughtUp }) => !caughtUp).length).toBeGreaterThan(0);
});

test("what is to come is delivered when its time has come, not before", async () => {
  const begun = Date.now();
  const feed = [item(0, begun - 5, "0"), item(1, begun + 150, "0"), item(2, begun + 300, "1")];
  const at: number[] = [];
  const source = simulatedSource("tenant", feed, { now: () => Date.now() });
  for await (const batch of source.read(new Map(), AbortSignal.timeout(10_000))) {
    expect(batch.caughtUp).toBe(true);
    at.push(Date.now());
  }
  expect(at).toHaveLength(3);
  expect(at.every((time, n) => time >= (feed[n]?.arrival ?? 0))).toBe(true);
});

test("an abort ends the wait for a message that is hours away", async () => {
  const abort = new AbortController();
  const source = simulatedSource("tenant", [item(0, Date.now() + 9_000_000)], { now: () => Date.now() });
  const reading = source.read(new Map(), abort.signal)[Symbol.asyncIterator]().next();
  const began = performance.now();
  setImmediate(() => abort.abort());
  expect((await reading).done).toBe(true);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test("a checkpoint behind the feed's end gives nothing", async () => {
  const from = new Map(["0", "1", "2", "3"].map((partition) => [partition, "9"]));
  const source = simulatedSource("tenant", past(20), { now: () => NOW });
  for await (const batch of source.read(from, AbortSignal.timeout(10_000))) expect(batch).toBeUndefined();
});

test("a message that is not JSON is a reject of its partition", async () => {
  const feed = [{ arrival: epoch(NOW - 1), partition: "2", body: "{" }];
  const [batch] = await take(feed, () => NOW, 1);
  expect(batch?.rejects.map(({ position }) => position.partition)).toEqual(["2"]);
});
