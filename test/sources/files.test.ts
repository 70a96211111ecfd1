import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { faultText } from "../../src/sources/file-list.ts";
import { type FilesOptions, filesSource } from "../../src/sources/files.ts";
import type { Batch } from "../../src/sources/source.ts";
import { sourceContract } from "../contract/source.contract.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const lines = (name: string, count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `${JSON.stringify({ category: "GatewayLogs", id: `${name}-${i}`, text: "x".repeat(i % 97) })}\n`,
  ).join("");
const ids = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);
const idOf = (record: { value: Readonly<Record<string, unknown>> }): string => String(record.value["id"]);

async function readAll(
  paths: readonly string[],
  options: FilesOptions & { from?: ReadonlyMap<string, string> } = {},
): Promise<Batch[]> {
  const source = filesSource(paths, options);
  const batches: Batch[] = [];
  for await (const batch of source.read(options.from ?? new Map(), AbortSignal.timeout(20_000))) batches.push(batch);
  return batches;
}

const idsIn = (batches: readonly Batch[]): string[] => batches.flatMap((batch) => batch.records.map(idOf));
const partitionsIn = (batches: readonly Batch[]): string[] => [...new Set(batches.map((batch) => batch.partition))];
const rejectsIn = (batches: readonly Batch[]): string[] =>
  batches.flatMap((batch) => batch.rejects.map((reject) => reject.reason));

describe("as a source", () => {
  sourceContract(async () => {
    const folder = await temporaryFolder({
      "a.ndjson": lines("a", 30_000),
      "b/y=2026/PT1H.json": lines("b", 50),
      "c.gz": gzipSync(lines("c", 20_000)),
      "d.zst": zstdCompressSync(lines("d", 20_000)),
    });
    return {
      source: filesSource([folder.path], { name: "archive" }),
      expected: new Map([
        ["a.ndjson", ids("a", 30_000)],
        ["b/y=2026/PT1H.json", ids("b", 50)],
        ["c.gz", ids("c", 20_000)],
        ["d.zst", ids("d", 20_000)],
      ]),
      endless: false,
      idOf,
      close: () => folder[Symbol.asyncDispose](),
    };
  });
});

describe("which files are read", () => {
  test("folders recursively by name, without dot-files, other endings and answers", async () => {
    await using folder = await temporaryFolder({
      "b.json": lines("b", 1),
      "a/z.log": lines("z", 1),
      "a/PT1H": lines("p", 1),
      "a/c.JSONL": lines("c", 1),
      "a/d.txt": lines("d", 1),
      "a/.hidden.json": lines("no", 1),
      ".git/x.json": lines("no", 1),
      "truth.json": lines("no", 1),
      "a/notes.md": "# no",
    });
    const batches = await readAll([folder.path]);
    expect(partitionsIn(batches)).toEqual(["a/PT1H", "a/c.JSONL", "a/d.txt", "a/z.log", "b.json"]);
    expect(idsIn(batches)).toEqual(["p-0", "c-0", "d-0", "z-0", "b-0"]);
  });

  test("a file asked for by name is read whatever it is called", async () => {
    await using folder = await temporaryFolder({
      "truth.json": lines("t", 1),
      ".hidden": lines("h", 1),
      "x.csv": lines("x", 1),
    });
    const paths = ["truth.json", ".hidden", "x.csv"].map((name) => join(folder.path, name));
    expect(idsIn(await readAll(paths))).toEqual(["t-0", "h-0", "x-0"]);
  });

  test("a file that several ways lead to is read once, and a loop of links ends", async () => {
    await using folder = await temporaryFolder({ "a/x.json": lines("x", 2) });
    await symlink(folder.path, join(folder.path, "a", "loop"));
    await symlink(join(folder.path, "a", "x.json"), join(folder.path, "again.json"));
    await symlink("self.json", join(folder.path, "self.json"));
    const batches = await readAll([folder.path, join(folder.path, "a"), join(folder.path, "a", "x.json")]);
    expect(idsIn(batches)).toEqual(["x-0", "x-1"]);
    expect(batches.flatMap((batch) => batch.rejects.map((reject) => reject.detail))).toEqual([
      expect.stringMatching(/self\.json cannot be read \(ELOOP\)\. .*leads to itself/),
    ]);
  });

  test("two folders that hold the same name are two partitions", async () => {
    await using one = await temporaryFolder({ "x.json": lines("one", 1) });
    await using two = await temporaryFolder({ "x.json": lines("two", 1) });
    const batches = await readAll([one.path, two.path]);
    expect(partitionsIn(batches)).toEqual(["x.json", join(two.path, "x.json")]);
    expect(idsIn(batches)).toEqual(["one-0", "two-0"]);
  });

  test("a named pipe is read", async () => {
    await using folder = await temporaryFolder();
    const pipe = join(folder.path, "pipe");
    const child = spawn("sh", ["-c", `mkfifo '${pipe}' && echo made && echo '{"id":"p"}' > '${pipe}'`]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(idsIn(await readAll([pipe]))).toEqual(["p"]);
  });
});

describe("paths that give nothing", () => {
  test("are told before reading, each with a way out", async () => {
    await using folder = await temporaryFolder({ "empty/.keep": "", "x.json": lines("x", 1) });
    const paths = [
      join(folder.path, "nowhere"),
      join(folder.path, "empty"),
      join(folder.path, "x.json", "below"),
      folder.path,
    ];
    const problems = await filesSource(paths).problems();
    expect(problems.map(({ path, says }) => [path, says])).toEqual([
      [paths[0], "does not exist"],
      [paths[1], "holds no log files"],
      [paths[2], "does not exist"],
    ]);
    for (const { fix } of problems) expect(fix).toMatch(/\.$/);
  });

  test("a folder with a log is no problem", async () => {
    await using folder = await temporaryFolder({ "x.json": "" });
    expect(await filesSource([folder.path, folder.path, "-"]).problems()).toEqual([]);
  });
});

describe("standard input", () => {
  test.each([
    { name: "plain", bytes: Buffer.from(lines("s", 3)) },
    { name: "gzip", bytes: gzipSync(lines("s", 3)) },
    { name: "zstd", bytes: zstdCompressSync(lines("s", 3)) },
  ])("$name, a byte at a time", async ({ bytes }) => {
    const stdin = Readable.from(
      Array.from(bytes, (byte) => Buffer.from([byte])),
      { objectMode: false },
    );
    const batches = await readAll(["-", "-"], { stdin });
    expect(idsIn(batches)).toEqual(ids("s", 3));
    expect(partitionsIn(batches)).toEqual(["-"]);
    expect(batches.reduce((sum, batch) => sum + batch.bytes, 0)).toBe(bytes.length);
  });

  test("an abort ends the wait for more", async () => {
    const abort = new AbortController();
    const stdin = new PassThrough();
    stdin.write(lines("s", 2));
    const seen: string[] = [];
    for await (const batch of filesSource(["-"], { stdin }).read(new Map(), abort.signal)) {
      seen.push(...idsIn([batch]));
      setImmediate(() => abort.abort());
    }
    expect(seen).toEqual(["s-0", "s-1"]);
  });
});

describe("what cannot be read is a reject, and the others are read", () => {
  test("a link to nothing", async () => {
    await using folder = await temporaryFolder({ "b.json": lines("b", 1) });
    await symlink(join(folder.path, "gone"), join(folder.path, "a.json"));
    const batches = await readAll([folder.path]);
    expect(idsIn(batches)).toEqual(["b-0"]);
    expect(rejectsIn(batches)).toEqual(["unreadable"]);
    expect(batches[0]?.rejects[0]?.detail).toContain(join(folder.path, "a.json"));
  });

  test("a socket", async () => {
    await using folder = await temporaryFolder({ "b.json": lines("b", 1) });
    const path = join(folder.path, "a.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    const batches = await readAll([path, folder.path]);
    server.close();
    expect(idsIn(batches)).toEqual(["b-0"]);
    expect(batches[0]?.rejects[0]?.detail).toMatch(/a\.sock cannot be read \(ENXIO\)\. /);
  });

  test.each(["EACCES", "EPERM", "ENOENT", "ELOOP", "EMFILE", "EIO"])(
    "%s is told with the path and a way out",
    (code) => {
      expect(faultText("logs/a.json", code)).toMatch(
        new RegExp(`^logs/a\\.json cannot be read \\(${code}\\)\\. [A-Z].*\\.$`),
      );
    },
  );

  test("a cut gzip gives what is left of it, and the reject says where it ends", async () => {
    const gzip = gzipSync(lines("g", 500));
    await using folder = await temporaryFolder({ "a.json": gzip.subarray(0, -4), "b.json": lines("b", 1) });
    const batches = await readAll([folder.path]);
    expect(idsIn(batches)).toEqual([...ids("g", 500), "b-0"]);
    expect(rejectsIn(batches)).toEqual(["truncated-gzip"]);
    expect(batches.flatMap((batch) => batch.rejects)[0]?.detail).toContain(
      `${join(folder.path, "a.json")}: gzip stops short at byte ${gzip.length - 4}`,
    );
  });

  test("a bomb ends at its limit", async () => {
    await using folder = await temporaryFolder({
      "a.gz": gzipSync(`${lines("a", 1)}${" ".repeat(5 << 20)}`),
      "b.json": lines("b", 1),
    });
    const batches = await readAll([folder.path], { bombLimits: { floorBytes: 1 << 20, ratio: 100 } });
    expect(idsIn(batches)).toEqual(["a-0", "b-0"]);
    expect(rejectsIn(batches)).toEqual(["decompression-bomb"]);
  });

  test("a line that is no JSON costs itself only", async () => {
    await using folder = await temporaryFolder({ "a.json": `${lines("a", 1)}not json\n${lines("b", 1)}` });
    const batches = await readAll([folder.path]);
    expect(idsIn(batches)).toEqual(["a-0", "b-0"]);
    expect(rejectsIn(batches)).toHaveLength(1);
  });
});

describe("after a restart", () => {
  const checkpoints = (batches: readonly Batch[]): Map<string, string> =>
    new Map(batches.map((batch) => [batch.partition, batch.checkpoint]));

  test("nothing of a finished file comes again, neither records nor rejects nor bytes", async () => {
    await using folder = await temporaryFolder({
      "a.gz": gzipSync(`${lines("a", 3)}oops\n`).subarray(0, -4),
      "b.json": lines("b", 3),
    });
    const first = await readAll([folder.path]);
    const second = await readAll([folder.path], { from: checkpoints(first) });
    expect(rejectsIn(first)).toHaveLength(2);
    expect(second.flatMap((batch) => [...batch.records, ...batch.rejects])).toEqual([]);
    expect(second.reduce((sum, batch) => sum + batch.bytes, 0)).toBe(0);
    expect(checkpoints(second)).toEqual(checkpoints(first));
    expect(second.map((batch) => batch.caughtUp)).toContain(true);
  });

  test("what was added to a file comes, and only that", async () => {
    await using folder = await temporaryFolder({ "PT1H.json": lines("a", 3) });
    const from = checkpoints(await readAll([folder.path]));
    await writeFile(join(folder.path, "PT1H.json"), lines("b", 2), { flag: "a" });
    expect(idsIn(await readAll([folder.path], { from }))).toEqual(["b-0", "b-1"]);
  });

  test("a file that could not be read is read once it can be", async () => {
    await using folder = await temporaryFolder();
    await symlink(join(folder.path, "gone"), join(folder.path, "a.json"));
    const from = checkpoints(await readAll([folder.path]));
    await mkdir(join(folder.path, "elsewhere"));
    await writeFile(join(folder.path, "gone"), lines("a", 2));
    expect(idsIn(await readAll([join(folder.path, "a.json")], { from }))).toEqual(["a-0", "a-1"]);
  });

  test("a checkpoint that is not ours is refused", async () => {
    await using folder = await temporaryFolder({ "a.json": lines("a", 1) });
    await expect(readAll([folder.path], { from: new Map([["a.json", "12:34"]]) })).rejects.toThrow(
      /not a checkpoint of a file/,
    );
  });
});

test("memory stays bounded over a file much larger than the limit of one batch", async () => {
  const block = lines("m", 3_000);
  await using folder = await temporaryFolder({
    "a.gz": Buffer.concat(Array.from({ length: 150 }, () => gzipSync(block))),
  });
  let records = 0;
  let largest = 0;
  for await (const batch of filesSource([folder.path]).read(new Map(), AbortSignal.timeout(20_000))) {
    records += batch.records.length;
    largest = Math.max(largest, batch.records.length);
  }
  expect(records).toBe(450_000);
  expect(largest).toBeLessThan(20_000);
});
