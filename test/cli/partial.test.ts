import { spawnSync } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/scopetrail.js");
const line = (id: string): string =>
  `${JSON.stringify({ category: "GatewayLogs", time: "2026-11-25T12:00:00Z", correlationId: id, properties: { responseCode: 200 } })}\n`;
const lines = Array.from({ length: 20_000 }, (_, n) => line(`id-${n}`)).join("");
const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - 20);

function analyze(paths: readonly string[], input?: Uint8Array) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, "analyze", "--json", ...paths], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    ...(input === undefined ? {} : { input }),
  });
  return {
    status,
    stderr,
    report: stdout === "" ? undefined : (JSON.parse(stdout) as { input: Record<string, number> }),
  };
}

describe("an input of which a part could not be read exits with 5, names the file and reports on the rest", () => {
  const broken: { name: string; file: string; bytes: Uint8Array; says: RegExp }[] = [
    {
      name: "gzip that stops short",
      file: "a.gz",
      bytes: cut(gzipSync(lines)),
      says: /a\.gz: gzip stops short at byte \d+; .*Copy/,
    },
    {
      name: "zstd that stops short",
      file: "a.zst",
      bytes: cut(zstdCompressSync(lines)),
      says: /a\.zst: zstd stops short at byte \d+; .*Copy/,
    },
    {
      name: "bytes behind gzip",
      file: "b.gz",
      bytes: Buffer.concat([gzipSync(lines), Buffer.from("junk")]),
      says: /b\.gz: gzip .* at byte \d+/,
    },
    {
      name: "a bomb",
      file: "c.gz",
      bytes: Buffer.concat([gzipSync(lines), gzipSync(Buffer.alloc(200 << 20))]),
      says: /c\.gz: gzip grows beyond .* unpack it/,
    },
    {
      name: "an answer that is not whole",
      file: "d.json",
      bytes: Buffer.from(`{"tables":[],"error":{"code":"PartialError"}}\n${lines}`),
      says: /d\.json:1: .* not whole .* ask again/,
    },
  ];
  test.each(broken)("$name", async ({ file, bytes, says }) => {
    await using folder = await temporaryFolder({ [file]: bytes, "ok.json": line("ok") });
    const run = analyze([folder.path]);
    expect(run.status).toBe(5);
    expect(run.stderr).toMatch(says);
    expect(run.report?.input["accepted"]).toBeGreaterThan(1);
  });

  test("links to nothing and to themselves, each by its name", async () => {
    await using folder = await temporaryFolder({ "ok.json": line("ok") });
    await symlink("nowhere", join(folder.path, "dead.json"));
    await symlink("self.json", join(folder.path, "self.json"));
    const run = analyze([folder.path]);
    expect(run.status).toBe(5);
    expect(run.stderr).toMatch(/dead\.json cannot be read .*\n.*self\.json cannot be read/);
    expect(run.report?.input).toMatchObject({ records: 3, accepted: 1, rejected: 2 });
  });

  test("standard input", () => {
    const run = analyze(["-"], cut(gzipSync(lines)));
    expect(run.status).toBe(5);
    expect(run.stderr).toMatch(/-: gzip stops short/);
  });
});

test("a record that could not be read is a reject, no loss of input", async () => {
  await using folder = await temporaryFolder({ "a.json": `${line("a")}{"time":"cut` });
  const run = analyze([folder.path]);
  expect(run.status).toBe(0);
  expect(run.report?.input).toMatchObject({ records: 2, accepted: 1, rejected: 1 });
});
