import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { networkFileSystem } from "../../src/store/network-file-system.ts";
import { SCHEMA_VERSION } from "../../src/store/sqlite-schema.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { storeContract } from "../contract/store.contract.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { bytes, commitOf, commitSnapshot, epoch, findingOf, ledgerRow, textOf } from "./sample.ts";

storeContract(async () => {
  const folder = await temporaryFolder();
  return { open: () => openSqliteStore(join(folder.path, "state.db")), close: () => folder[Symbol.asyncDispose]() };
});

const failureOf = (work: () => unknown): StoreError => {
  try {
    work();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

const numbered = (n: number, size = 10): Parameters<Store["commit"]>[0] =>
  commitOf({
    positions: new Map([["hub", new Map([["0", String(n)]])]]),
    ledger: new Map([["hub", new Map([["0", ledgerRow(1)]])]]),
    journal: bytes(`${n}:`.padEnd(size, "x")),
  });

describe("a file of an older version", () => {
  test("is brought up to this one, with all that it holds, where it holds no analysis", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const old = new DatabaseSync(path);
    old.exec(await readFile(join(import.meta.dirname, "schema-4.sql"), "utf8"));
    old.close();
    const store = openSqliteStore(path);
    expect(store.load()).toMatchObject({ positions: new Map([["hub", new Map([["0", "7/1/x"]])]]), kept: new Map() });
    expect(store.ledger()).toEqual(new Map([["hub", new Map([["0", ledgerRow(3)]])]]));
    expect(store.due(epoch(9e12), 10).map(({ alertId, attempts }) => [alertId, attempts])).toEqual([
      ["a-1", 2],
      ["a-3", 0],
    ]);
    store.commit(commitOf({ kept: new Map([["hub", new Map([["k", bytes("v")]])]]) }));
    store.close();
    const again = openSqliteStore(path);
    expect(textOf(again.load().kept.get("hub")?.get("k"))).toBe("v");
    again.close();
  });

  test.each([
    {
      name: "with a journal",
      write: (store: Store) => store.commit(commitOf({ journal: bytes("j") })),
      keys: ["analysis"],
      says: /another version \(999.*stop it/,
    },
    {
      name: "of which nothing is known",
      write: (store: Store) => commitSnapshot(store, bytes("s"), { journal: bytes("j") }),
      keys: ["analysis", "carried"],
      says: /another version \(999.*another path/,
    },
  ])("of another version's analysis, $name, is left as it is", async ({ write, keys, says }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    writtenByAnother(path, write, keys);
    const failure = failureOf(() => openSqliteStore(path));
    expect(failure).toMatchObject({ kind: "mismatch", message: expect.stringMatching(says) });
  });

  test("of another version's analysis that was ended in peace is told as such, until a snapshot replaces it", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    writtenByAnother(path, (store) => commitSnapshot(store, bytes("s")), ["analysis"]);
    const store = openSqliteStore(path);
    expect(store.load()).toMatchObject({ journal: [], isOtherVersion: true });
    expect(textOf(store.load().snapshot)).toBe("s");
    commitSnapshot(store, bytes("t"), { journal: bytes("j") });
    expect(store.load().isOtherVersion).toBe(false);
    store.close();
    const again = openSqliteStore(path);
    expect(again.load().isOtherVersion).toBe(false);
    again.close();
  });
});

/** A state of what is written, all of the versions under the keys being another's. */
function writtenByAnother(path: string, write: (store: Store) => void, keys: readonly string[]): void {
  const store = openSqliteStore(path);
  write(store);
  store.close();
  const db = new DatabaseSync(path);
  for (const key of keys) db.prepare("update meta set value = '999' where key = ?").run(key);
  db.close();
}

describe("the file", () => {
  test("is only for its owner, and so is its folder", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "deep", "state.db");
    openSqliteStore(path).close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder.path, "deep"))).mode & 0o777).toBe(0o700);
  });

  test("is whole after a close: nothing is left in the write-ahead log", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const store = openSqliteStore(path);
    store.commit(numbered(1));
    store.close();
    await writeFile(join(folder.path, "copy.db"), await readFile(path));
    const copy = openSqliteStore(join(folder.path, "copy.db"));
    expect(copy.load().journal).toHaveLength(1);
    copy.close();
  });

  test("can be closed twice", async () => {
    await using folder = await temporaryFolder();
    const store = openSqliteStore(join(folder.path, "state.db"));
    store.close();
    expect(() => store.close()).not.toThrow();
  });

  test("keeps the promises that make it durable", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    openSqliteStore(path).close();
    const db = new DatabaseSync(path);
    const header = { app: db.prepare("pragma application_id").get(), version: db.prepare("pragma user_version").get() };
    const mode = db.prepare("pragma journal_mode").get();
    const tables = db
      .prepare("select name from pragma_table_list where schema = 'main' and strict = 0 and name not like 'sqlite_%'")
      .all();
    db.close();
    expect(header).toEqual({ app: { application_id: 0x53434f50 }, version: { user_version: SCHEMA_VERSION } });
    expect(mode).toEqual({ journal_mode: "wal" });
    expect(tables).toEqual([]);
  });
});

describe("is refused with a way out", () => {
  test("while another process has it open", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const script = join(import.meta.dirname, "hold-store.ts");
    const child = spawn(process.execPath, [script, path], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const failure = failureOf(() => openSqliteStore(path));
    child.stdin.end();
    await once(child, "exit");
    expect(failure).toMatchObject({ kind: "in-use", path });
    expect(failure.message).toMatch(/in use by another process\. Stop that one/);
    const store = openSqliteStore(path);
    expect(store.load().journal).toEqual([]);
    store.close();
  }, 20_000);

  test.each([
    { version: SCHEMA_VERSION + 1, age: "newer" },
    { version: 3, age: "older" },
  ])("when a $age version wrote it", async ({ version, age }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    openSqliteStore(path).close();
    const db = new DatabaseSync(path);
    db.exec(`pragma user_version = ${version}`);
    db.close();
    const failure = failureOf(() => openSqliteStore(path));
    expect(failure.kind).toBe("mismatch");
    expect(failure.message).toMatch(new RegExp(`${age} version \\(schema ${version}, this one knows`));
  });

  test("when it is another program's database", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const db = new DatabaseSync(path);
    db.exec("create table theirs (a)");
    db.close();
    expect(failureOf(() => openSqliteStore(path)).message).toMatch(/another program/);
  });

  test("when it is no database at all, and it stays as it is", async () => {
    await using folder = await temporaryFolder({
      "state.db": "not a database, and longer than a header of sixteen bytes ".repeat(40),
    });
    const path = join(folder.path, "state.db");
    const before = await readFile(path);
    const failure = failureOf(() => openSqliteStore(path));
    expect(failure.kind).toBe("corrupt");
    expect(failure.message).toMatch(/Move it away/);
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test("when a page of it was overwritten", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const store = openSqliteStore(path);
    for (let n = 0; n < 200; n++) store.commit(numbered(n, 2_000));
    store.close();
    const { size } = await stat(path);
    const file = await open(path, "r+");
    for (let page = 2; page < size / 4_096; page++) await file.write(Buffer.alloc(64, 0xa5), 0, 64, page * 4_096);
    await file.close();
    expect(failureOf(() => openSqliteStore(path)).kind).toBe("corrupt");
  });

  test.each([
    {
      what: "journal",
      write: (store: Store) => store.commit(commitOf({ journal: bytes("j".repeat(40_000)) })),
      mark: "jjjj",
    },
    { what: "snapshot", write: (store: Store) => commitSnapshot(store, bytes("s".repeat(80_000))), mark: "ssss" },
  ])("when a bit of a $what was turned over", async ({ write, mark }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const store = openSqliteStore(path);
    write(store);
    store.close();
    const file = await readFile(path);
    const place = file.lastIndexOf(mark);
    file[place] = (file[place] ?? 0) ^ 1;
    await writeFile(path, file);
    const damaged = openSqliteStore(path);
    expect(failureOf(() => damaged.load())).toMatchObject({ kind: "corrupt", path });
    damaged.close();
  });

  test("when it is a folder", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "state.db"));
    expect(failureOf(() => openSqliteStore(join(folder.path, "state.db"))).message).toContain(
      join(folder.path, "state.db"),
    );
  });

  test("when it is the state of other sources", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    openSqliteStore(path, { identity: "hub a" }).close();
    openSqliteStore(path, { identity: "hub a" }).close();
    const failure = failureOf(() => openSqliteStore(path, { identity: "hub b" }));
    expect(failure.kind).toBe("mismatch");
    expect(failure.message).toMatch(/state of hub a, not of hub b/);
  });

  test("on a network disk", async () => {
    await using folder = await temporaryFolder();
    const failure = failureOf(() => openSqliteStore(join(folder.path, "state.db"), { statfsType: () => 0x6969 }));
    expect(failure.kind).toBe("unfit");
    expect(failure.message).toMatch(/network disk \(NFS\).*local disk/);
  });
});

test.each([
  { type: 0xfe534d42, name: "SMB2" },
  { type: -28_095_166, name: "SMB2" },
  { type: 0xff534d42, name: "CIFS" },
  { type: 0x6969, name: "NFS" },
  { type: 0xef53, name: undefined },
  { type: 0x58465342, name: undefined },
  { type: 0x01021994, name: undefined },
  { type: 0x794c7630, name: undefined },
])("statfs type $type is $name", ({ type, name }) => {
  expect(networkFileSystem(type)).toBe(name);
});

describe("without room", () => {
  test("a commit fails whole, the rest stays readable, and goes on once there is room", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    const small = openSqliteStore(path, { maxBytes: 200_000 });
    let committed = 0;
    const failure = failureOf(() => {
      for (let n = 1; n <= 100; n++) {
        small.commit({
          ...numbered(n, 20_000),
          findings: [findingOf(`F-${n}`)],
          outbox: [{ alertId: String(n), target: "t", body: "b" }],
        });
        committed = n;
      }
    });
    expect(failure.kind).toBe("full");
    expect(failure.message).toContain(path);
    expect(failure.cause).toBeInstanceOf(Error);
    expect(committed).toBeGreaterThan(2);
    const check = (store: Store): void => {
      expect(store.load().positions.get("hub")?.get("0")).toBe(String(committed));
      expect(store.load().journal.map((chunk) => Number.parseInt(textOf(chunk) ?? "", 10))).toEqual(
        Array.from({ length: committed }, (_, i) => i + 1),
      );
      expect(store.ledger().get("hub")?.get("0")?.records).toBe(committed);
      expect(store.findings()).toHaveLength(committed);
      expect(store.due(epoch(0), 1_000)).toHaveLength(committed);
    };
    check(small);
    commitSnapshot(small, bytes("s")); // a snapshot frees what the journal took
    small.close();
    const again = openSqliteStore(path);
    again.commit(numbered(committed + 1, 20_000));
    expect(again.load().positions.get("hub")?.get("0")).toBe(String(committed + 1));
    again.close();
  });
});
