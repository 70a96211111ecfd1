import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeFolder, writeKept } from "../src/folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const MODULE = join(import.meta.dirname, "../src/folder.ts");

test("a folder is made by a path from where the process stands, too", async () => {
  await using folder = await temporaryFolder();
  const script = `import { makeFolder } from ${JSON.stringify(MODULE)}; makeFolder("a/b"); makeFolder("a/b");`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: folder.path,
    timeout: 20_000,
  });
  expect((await stat(join(folder.path, "a", "b"))).mode & 0o777).toBe(0o700);
});

test("a file that is kept is its owner's, and none is written over", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "deep", "key");
  writeKept(path, "secret");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(() => writeKept(path, "another")).toThrow(/EEXIST/);
  expect(await readFile(path, "utf8")).toBe("secret");
});

test("a folder that cannot be made is told", async () => {
  await using folder = await temporaryFolder({ file: "" });
  expect(() => makeFolder(join(folder.path, "file", "below"))).toThrow(/ENOTDIR/);
});
