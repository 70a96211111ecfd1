import { copyFile, open, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keepBackups, openState } from "../../src/commands/open-state.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { faultRandom, faultRuns } from "../faults/runs.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import { commitLoop, numberIn, tornParts } from "./loop-commit.ts";

const log = createLogger("silent");
let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "state.db");
});
afterEach(() => folder[Symbol.asyncDispose]());

/** A state at commit `at`, with a copy made at `copied`. */
async function state(copied: number, at: number): Promise<void> {
  const store = openSqliteStore(path);
  for (let n = 1; n <= at; n++) {
    commitLoop(store, n, 1);
    if (n === copied) await store.backUp();
  }
  store.close();
}

async function damage(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "r+");
  await handle.write(bytes, 0, bytes.length, at);
  await handle.close();
}

const failureOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe("a damaged state", () => {
  test.each([
    { name: "whose first page is gone", harm: () => damage(path, 0, new Uint8Array(4_096)) },
    { name: "that is cut in half", harm: async () => truncate(path, Math.floor((await stat(path)).size / 2)) },
    { name: "that is no database", harm: () => writeFile(path, "nothing of the kind".repeat(1_000)) },
  ])("$name comes back from its copy, and stays to be looked at", async ({ harm }) => {
    await state(20, 30);
    await harm();
    const store = openState(path, log);
    expect(numberIn(store)).toBe(20);
    expect(tornParts(store, 20)).toEqual([]);
    commitLoop(store, 21, 21);
    store.close();
    expect((await readdir(folder.path)).filter((name) => name.startsWith("state.db.damaged-"))).toHaveLength(1);
  });

  test.each([
    { name: "without a copy", prepare: () => state(0, 10) },
    {
      name: "whose copy is damaged too",
      prepare: async () => {
        await state(5, 10);
        await damage(`${path}.backup`, 5_000, new Uint8Array([1, 2, 3]));
      },
    },
  ])("$name is refused and left as it is", async ({ prepare }) => {
    await prepare();
    await damage(path, 0, new Uint8Array(4_096));
    const before = await readFile(path);
    const failure = failureOf(() => openState(path, log));
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure).toMatchObject({ kind: "corrupt", message: expect.stringContaining("was not touched") });
    expect(Buffer.compare(await readFile(path), before)).toBe(0);
  });

  test("with some bytes changed gives what was committed, comes back, or is refused: never another number", {
    timeout: 30_000 + 60 * faultRuns(40),
  }, async () => {
    const random = faultRandom();
    await state(20, 30);
    const sound = join(folder.path, "sound.db");
    await copyFile(path, sound);
    const { size } = await stat(path);
    const outcomes = { same: 0, restored: 0, refused: 0 };
    for (let run = 0; run < faultRuns(40); run++) {
      await copyFile(sound, path);
      await damage(path, Math.floor(random() * size), new Uint8Array([Math.floor(random() * 256)]));
      const store = failureOf(() => openState(path, log));
      if (store instanceof Error) {
        expect(store).toMatchObject({ name: "StoreError" });
        outcomes.refused += 1;
        continue;
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const opened = store as ReturnType<typeof openState>;
      const at = numberIn(opened);
      expect(at === 30 || at === 20).toBe(true);
      expect(tornParts(opened, at)).toEqual([]);
      outcomes[at === 30 ? "same" : "restored"] += 1;
      opened.close();
    }
    console.info(`changed bytes: ${JSON.stringify(outcomes)}`);
  });
});

test("a state that was opened is loaded as it is now, whatever was committed since it was read", async () => {
  await state(1, 2);
  const store = openState(path, log);
  commitLoop(store, 3, 1);
  expect(store.load().journal).toHaveLength(3);
  commitLoop(store, 4, 1);
  expect(store.load().journal).toHaveLength(4);
  store.close();
});

test("a copy is made while commits go on, for the owner only, and holds one of them whole", async () => {
  const store = openSqliteStore(path);
  for (let n = 1; n <= 50; n++) commitLoop(store, n, 1);
  const copying = store.backUp();
  for (let n = 51; n <= 60; n++) commitLoop(store, n, 1);
  await copying;
  store.close();
  expect((await stat(`${path}.backup`)).mode & 0o077).toBe(0);
  const copy = openSqliteStore(`${path}.backup`);
  const at = numberIn(copy);
  expect(at).toBeGreaterThanOrEqual(50);
  expect(tornParts(copy, at)).toEqual([]);
  copy.close();
});

test("a copy that cannot be made is told, and the one before stays", async () => {
  await state(5, 6);
  const before = await readFile(`${path}.backup`);
  const store = openSqliteStore(path);
  const told = Promise.withResolvers<void>();
  const failing = {
    ...store,
    backUp: () => store.backUp().catch((error: unknown) => (told.resolve(), Promise.reject(error))),
  };
  await writeFile(`${path}.backup.partial`, "");
  const { mkdir, rm } = await import("node:fs/promises");
  await rm(`${path}.backup.partial`);
  await mkdir(join(`${path}.backup.partial`, "in the way"), { recursive: true });
  const stop = keepBackups(failing, log, 5);
  await told.promise;
  stop();
  store.close();
  expect(Buffer.compare(await readFile(`${path}.backup`), before)).toBe(0);
});
