import { expect, test } from "vitest";
import type { RawRecord } from "../../src/model/record.ts";
import type { EpochMs } from "../../src/model/time.ts";
import { grantsSource } from "../../src/sources/grants-source.ts";
import { SourceError } from "../../src/sources/source-error.ts";
import type { Batch } from "../../src/sources/source.ts";

const record = (id: string): RawRecord => ({
  value: { id },
  position: { source: "management:shop", partition: "sqlRoleAssignments", sequence: 1, index: 0 },
  repairs: [],
});

const LISTS = { account: "shop", accountId: "/x/databaseAccounts/shop", of: "data-plane" } as const;

/** What the source gives for readings one after another; an error is a reading that fails. */
async function batchesOf(readings: readonly (readonly string[] | SourceError)[]) {
  const stop = new AbortController();
  const troubles: string[] = [];
  let reading = 0;
  const source = grantsSource({
    name: "roles-of-shop",
    lists: LISTS,
    grants: {
      name: "management:shop",
      read: async () => {
        const answer = readings[reading] ?? [];
        reading += 1;
        if (answer instanceof SourceError) throw answer;
        return await Promise.resolve(answer.map(record));
      },
    },
    now: () => (1_000 + reading) as EpochMs,
    wait: async () => {
      if (reading >= readings.length) stop.abort();
      await Promise.resolve();
    },
    onTrouble: ({ message }) => troubles.push(message),
  });
  const batches: Batch[] = [];
  for await (const batch of source.read(new Map(), stop.signal)) batches.push(batch);
  const ids = batches.map(({ records }) => records.map(({ value }) => value["id"]));
  return { ids, batches, troubles };
}

test("roles come whole at the start and when something has changed, and are told to be whole", async () => {
  const { ids, batches } = await batchesOf([["a", "b"], ["a", "b"], ["a"], [], ["a", "b"]]);
  expect(ids).toEqual([["a", "b"], ["a"], [], ["a", "b"]]);
  expect(batches[0]).toMatchObject({ lists: LISTS, enqueued: 1_000, caughtUp: true });
});

test("a reading that fails takes no roles away, and is told", async () => {
  const failed = new SourceError("management:shop", "unreachable", "does not answer");
  const { ids, troubles } = await batchesOf([["a"], failed, ["a"], ["b"]]);
  expect(ids).toEqual([["a"], ["b"]]);
  expect(troubles).toEqual(["management:shop: does not answer"]);
});

test("what is no failure of the source is thrown", async () => {
  const source = grantsSource({
    name: "roles",
    lists: LISTS,
    grants: { name: "x", read: async () => await Promise.reject(new TypeError("a bug")) },
    now: () => 1 as EpochMs,
    wait: () => Promise.resolve(),
    onTrouble: () => undefined,
  });
  const first = source.read(new Map(), new AbortController().signal)[Symbol.asyncIterator]().next();
  await expect(first).rejects.toThrow("a bug");
});
