import { describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { analyzePaths } from "../../src/commands/analyze-paths.ts";
import { generate } from "../../src/simulate/generate.ts";
import { filesSource } from "../../src/sources/files.ts";
import type { FromThread, ThreadStart, ToThread } from "../../src/sources/file-thread.ts";
import { sourceContract } from "../contract/source.contract.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const lines = (name: string, count: number): string =>
  Array.from({ length: count }, (_, i) => `${JSON.stringify({ category: "Other", id: `${name}-${i}` })}\n`).join("");
const ids = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);
const THREADS = { threads: 2, threadsFrom: 0 };

describe("as a source", () => {
  sourceContract(async () => {
    const folder = await temporaryFolder({
      "a.ndjson": lines("a", 30_000),
      "b.gz": gzipSync(lines("b", 20_000)),
      "c.ndjson": lines("c", 50),
    });
    return {
      source: filesSource([folder.path], { name: "archive", ...THREADS }),
      expected: new Map([
        ["a.ndjson", ids("a", 30_000)],
        ["b.gz", ids("b", 20_000)],
        ["c.ndjson", ids("c", 50)],
      ]),
      endless: false,
      idOf: (record) => String(record.value["id"]),
      close: () => folder[Symbol.asyncDispose](),
    };
  });
});

/** A tenant's log in some files, with what cannot be read between the records. */
const mixed = (parts: number): Record<string, string> => {
  const { records } = generate({ seed: 7, scenario: "mixed", hours: 1 });
  const texts = records.map(({ record }, i) => `${JSON.stringify(record)}\n${i % 97 === 0 ? `{"broken":${i}\n` : ""}`);
  return Object.fromEntries(
    Array.from({ length: parts }, (_, part) => [
      `part-${part}.ndjson`,
      texts.filter((_text, i) => i % parts === part).join(""),
    ]),
  );
};

test("the report does not depend on how many threads have read", { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder(mixed(5));
  const report = async (threads: number) => analyzePaths([folder.path], { threads, threadsFrom: 0, seed: 3 });
  const alone = await report(0);
  expect(alone.input.rejected).toBeGreaterThan(50);
  expect(await report(1)).toEqual(alone);
  expect(await report(3)).toEqual(alone);
});

test("who stops listening stops the threads, and who aborts too", async () => {
  await using folder = await temporaryFolder({ "a.ndjson": lines("a", 100_000), "b.ndjson": lines("b", 100_000) });
  const source = filesSource([folder.path], THREADS);
  let batches = 0;
  for await (const _ of source.read(new Map(), new AbortController().signal)) {
    batches += 1;
    break;
  }
  const abort = new AbortController();
  for await (const _ of source.read(new Map(), abort.signal)) {
    batches += 1;
    abort.abort();
  }
  expect(batches).toBe(2);
});

test("a thread that fails ends the reading with its error", async () => {
  await using folder = await temporaryFolder({ "a.ndjson": lines("a", 10) });
  const source = filesSource([folder.path], { ...THREADS, joinBy: JSON.parse("null") });
  const reading = async (): Promise<void> => {
    for await (const _ of source.read(new Map(), new AbortController().signal)) continue;
  };
  await expect(reading()).rejects.toThrow("a thread that reads files failed");
});

test("what cannot be read is told with the file, and the others are read", async () => {
  await using folder = await temporaryFolder({
    "a.gz": gzipSync(lines("a", 5_000)).subarray(0, 2_000),
    "b.ndjson": lines("b", 3),
  });
  const reasons: string[] = [];
  let count = 0;
  for await (const batch of filesSource([folder.path], THREADS).read(new Map(), AbortSignal.timeout(20_000))) {
    reasons.push(...batch.rejects.map(({ reason, position }) => `${position.partition} ${reason}`));
    if (batch.partition === "b.ndjson") count += batch.records.length;
  }
  expect(reasons).toContain("a.gz truncated-gzip");
  expect(count).toBe(3);
});

test("a thread that has as many bytes on the way as it may reads on only once they are taken", async () => {
  await using folder = await temporaryFolder({ "a.ndjson": lines("a", 200_000) });
  const path = `${folder.path}/a.ndjson`;
  const workerData: ThreadStart = { name: "files", credit: 1 };
  const thread = new Worker(new URL("../../src/sources/file-thread.ts", import.meta.url), { workerData });
  const batches: FromThread[] = [];
  thread.on("message", (message: FromThread) => batches.push(message));
  const send = (message: ToThread): void => thread.postMessage(message, []);
  send({
    kind: "read",
    file: { path, partition: "a", bytes: 0, canReopen: true },
    seen: { records: 0, rejects: 0, bytes: 0 },
  });
  await once(thread, "message");
  // Each is answered by the thread itself, which would have gone on meanwhile.
  for (let turn = 0; turn < 200; turn++) await thread.getHeapStatistics();
  expect(batches.length).toBe(1);
  const [first] = batches;
  send({ kind: "taken", bytes: first?.kind === "batch" ? first.sent.held : 0, spare: [] });
  await once(thread, "message");
  expect(batches.length).toBe(2);
  await thread.terminate();
});
