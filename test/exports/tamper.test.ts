import { cpSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { BINARY_READERS } from "../../src/exports/binary-rows.ts";
import { HashedFile } from "../../src/exports/hashed-file.ts";
import { rowReaders } from "../../src/exports/row-readers.ts";
import { formatWriter, TABLE_FORMATS, type TableFormat } from "../../src/exports/table-format.ts";
import { createCanonical } from "../../src/exports/canonical.ts";
import { READERS, type RowReader, verifyExports } from "../../src/exports/verify-export.mjs";
import { CALL_COLUMNS, type Row } from "../../src/model/evidence.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { addBundle, evidence, inBundle, newKey } from "./bundles.ts";

const SCRIPT = join(import.meta.dirname, "../../src/exports/verify-export.mjs");
const key = newKey();
/** Without the threads of their own that the command gives them. */
const IN_PLACE: Readonly<Record<string, RowReader>> = { ...READERS, ...BINARY_READERS };

const faultsIn = async (folder: string, options = {}): Promise<readonly string[]> =>
  (await verifyExports(folder, { readers: IN_PLACE, ...options })).faults;

let whole: TemporaryFolder;
let chain: TemporaryFolder;
beforeAll(async () => {
  whole = await temporaryFolder();
  for (const format of TABLE_FORMATS) addBundle(join(whole.path, format), { key, format });
  chain = await temporaryFolder();
  for (let i = 0; i < 4; i++) addBundle(chain.path, { key, calls: i });
  return async () => {
    await whole[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  };
});

/** A copy to tamper with. */
async function copyOf(path: string): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  cpSync(path, folder.path, { recursive: true });
  return folder;
}

/** Numbers from a seed, so that a failure can be repeated. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe.each([...TABLE_FORMATS])("%s", (format) => {
  test("what was not touched is whole", async () => {
    expect(await faultsIn(join(whole.path, format))).toEqual([]);
  });

  test("a flipped bit anywhere is found, and its file named", async () => {
    const seed = Number(process.env["FLIP_SEED"] ?? 11);
    const flips = Number(process.env["FLIPS"] ?? 120);
    const roll = dice(seed);
    await using folder = await copyOf(join(whole.path, format, "export-000001"));
    const files = readdirSync(folder.path).map((name) => ({ name, bytes: readFileSync(join(folder.path, name)) }));
    const all = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (let i = 0; i < Math.min(flips, 8 * all); i++) {
      let at = flips >= 8 * all ? i >> 3 : roll(all);
      const file = files.find(({ bytes }) => (at < bytes.length ? true : ((at -= bytes.length), false)));
      if (file === undefined) throw new Error("no file");
      const bytes = Buffer.from(file.bytes);
      const bit = flips >= 8 * all ? i & 7 : roll(8);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      writeFileSync(join(folder.path, file.name), bytes);
      // Bytes are enough: the rows of a binary format are read below.
      const { faults } = await verifyExports(folder.path);
      const where = `bit ${bit} of byte ${at} of ${file.name}, FLIP_SEED=${seed}`;
      const named = file.name === "manifest.sig" ? "manifest.json" : file.name;
      const isNamed = faults.some((fault) => fault.startsWith(`${named}: `) || file.name.endsWith(".rows"));
      expect(isNamed ? "named" : where).toBe("named");
      writeFileSync(join(folder.path, file.name), file.bytes);
    }
    expect(await faultsIn(folder.path)).toEqual([]);
  });

  test("a file that was tampered with is named also where its rows cannot be read", async () => {
    await using folder = await copyOf(join(whole.path, format));
    const path = inBundle(folder.path, 1, `calls.${format}`);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, bytes.length >> 1));
    const faults = await faultsIn(folder.path, { readers: rowReaders() });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^export-000001/calls\\.${format}: (cannot be read at )?row \\d`));
  });

  const rows = evidence(6).map(({ call }) => call);
  const changed = rows.map((row, i) => (i === 2 ? row.with(4, 403) : row));
  const swapped = [0, 3, 2, 1, 4, 5].map((i) => rows[i] ?? []);
  test.each<{ name: string; rows: readonly Row[]; says: string }>([
    { name: "a row that was changed", rows: changed, says: "row 3 was changed" },
    { name: "a row that is gone", rows: rows.toSpliced(3, 1), says: "row 4 is missing" },
    { name: "the last rows gone", rows: rows.slice(0, 4), says: "row 5 and all after it are missing" },
    {
      name: "a row that comes twice",
      rows: rows.toSpliced(2, 0, rows[1] ?? []),
      says: "row 3 repeats row 2",
    },
    { name: "rows in another order", rows: swapped, says: "row 4 stands in the place of row 2" },
    { name: "a row that was added", rows: [...rows, changed[2] ?? []], says: "row 7 is one more than there were" },
    { name: "no row left", rows: [], says: "row 1 and all after it are missing" },
  ])("$name is named", async ({ rows: tampered, says }) => {
    await using folder = await copyOf(join(whole.path, format));
    rewrite(inBundle(folder.path, 1, `calls.${format}`), format, tampered);
    expect(await faultsIn(folder.path)).toEqual([`export-000001/calls.${format}: ${says}`]);
  });
});

function rewrite(path: string, format: TableFormat, rows: readonly Row[]): void {
  rmSync(path);
  const file = new HashedFile(path);
  const writer = formatWriter(format, CALL_COLUMNS, file);
  writer.write(rows, rows.map(createCanonical(CALL_COLUMNS)));
  writer.end();
  file.close();
}

describe("a chain", () => {
  const tampers: { name: string; tamper: (folder: string) => void; says: RegExp }[] = [
    {
      name: "a file that is gone",
      tamper: (folder) => rmSync(inBundle(folder, 2, "findings.json")),
      says: /^export-000002\/findings\.json: is missing$/,
    },
    {
      name: "a file that was added",
      tamper: (folder) => writeFileSync(inBundle(folder, 2, "extra.txt"), ""),
      says: /^export-000002\/extra\.txt: is not of this export$/,
    },
    {
      name: "a link in the place of a file",
      tamper(folder) {
        rmSync(inBundle(folder, 2, "README.txt"));
        symlinkSync(inBundle(folder, 1, "README.txt"), inBundle(folder, 2, "README.txt"));
      },
      says: /^export-000002\/README\.txt: is no plain file$/,
    },
    {
      name: "no signature",
      tamper: (folder) => rmSync(inBundle(folder, 3, "manifest.sig")),
      says: /^export-000003\/manifest\.sig: is missing$/,
    },
    {
      name: "one missing in between",
      tamper: (folder) => rmSync(inBundle(folder, 3, ""), { recursive: true }),
      says: /^export-000004\/manifest\.json: is export 4 and stands behind export 2/,
    },
    {
      name: "the oldest one missing",
      tamper: (folder) => rmSync(inBundle(folder, 1, ""), { recursive: true }),
      says: /^export-000002\/manifest\.json: follows export 1, which is not here/,
    },
    {
      name: "two that changed places",
      tamper(folder) {
        renameSync(inBundle(folder, 2, ""), join(folder, "x"));
        renameSync(inBundle(folder, 3, ""), inBundle(folder, 2, ""));
        renameSync(join(folder, "x"), inBundle(folder, 3, ""));
      },
      says: /^export-000002\/manifest\.json: is of export 3/,
    },
    {
      name: "one that was made anew by another key",
      tamper(folder) {
        rmSync(inBundle(folder, 4, ""), { recursive: true });
        const other = newKey();
        // A chain of its own, with the same numbers.
        const forged = join(folder, "forged");
        for (let i = 0; i < 4; i++) addBundle(forged, { key: other, calls: i });
        renameSync(inBundle(forged, 4, ""), inBundle(folder, 4, ""));
      },
      says: /^export-000004\/manifest\.json: does not follow the export 3 that is here/,
    },
  ];

  test("is whole as it was written", async () => {
    const verified = await verifyExports(chain.path);
    expect(verified).toMatchObject({ faults: [], exports: 4, keys: [key.publicKey] });
  });

  test.each(tampers)("$name", async ({ tamper, says }) => {
    await using folder = await copyOf(chain.path);
    tamper(folder.path);
    const faults = await faultsIn(folder.path);
    expect(faults[0]).toMatch(says);
  });

  test("the end that was cut is seen by who kept the newest hash, and by nobody else", async () => {
    const { newest } = await verifyExports(chain.path);
    await using folder = await copyOf(chain.path);
    rmSync(inBundle(folder.path, 4, ""), { recursive: true });
    expect(await faultsIn(folder.path)).toEqual([]);
    expect(await faultsIn(folder.path, { anchor: newest })).toEqual([
      `the export with the manifest ${newest} is not here: the end was cut, or the chain was made anew`,
    ]);
    expect(await faultsIn(chain.path, { anchor: newest })).toEqual([]);
  });

  test("signed by another key than the one that is trusted", async () => {
    const other = newKey().publicKey;
    expect(await faultsIn(chain.path, { key: other })).toEqual(["no export is signed by the key that you trust"]);
    expect(await faultsIn(inBundle(chain.path, 2, ""), { key: other })).toEqual([
      `manifest.json: signed by ${key.publicKey}, not by the key that you trust`,
    ]);
    expect(await faultsIn(chain.path, { key: key.publicKey })).toEqual([]);
  });

  test("a new key is signed by the old one, or the chain does not go on", async () => {
    await using folder = await copyOf(chain.path);
    const next = newKey();
    expect(() => addBundle(folder.path, { key: next })).toThrow("name the old key with --rotate-from");
    expect(() => addBundle(folder.path, { key: next, old: newKey() })).toThrow("but the chain is signed by");
    addBundle(folder.path, { key: next, old: key });
    addBundle(folder.path, { key: next });
    expect(await faultsIn(folder.path, { key: key.publicKey })).toEqual([]);
    expect(await faultsIn(inBundle(folder.path, 5, ""), { key: key.publicKey })).toEqual([]);
    const text = readFileSync(inBundle(folder.path, 5, "manifest.json"), "utf8");
    const forged = text.replace(
      /"signature": "(.)/,
      (_, first: string) => `"signature": "${first === "0" ? "1" : "0"}`,
    );
    writeFileSync(inBundle(folder.path, 5, "manifest.json"), forged);
    writeFileSync(inBundle(folder.path, 5, "manifest.sig"), `${next.sign(Buffer.from(forged))}\n`);
    expect((await faultsIn(folder.path))[0]).toBe(
      "export-000005/manifest.json: its key is new, and not signed by the one before",
    );
  });
});

test("the script is one file that needs nothing else, and is short enough to be read", async () => {
  const text = readFileSync(SCRIPT, "utf8");
  expect(text.split("\n").length).toBeLessThan(300);
  expect([...text.matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from?.startsWith("node:"))).not.toContain(
    false,
  );
  await using folder = await copyOf(join(whole.path, "csv"));
  cpSync(SCRIPT, join(folder.path, "alone.mjs"));
  const run = () =>
    spawnSync(process.execPath, [join(folder.path, "alone.mjs"), "--key", key.publicKey, folder.path], {
      encoding: "utf8",
      cwd: folder.path,
      env: {},
    });
  expect(run()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^OK {5}exports: 1; signed by/) as string });
  const path = inBundle(folder.path, 1, "calls.csv");
  writeFileSync(path, readFileSync(path, "utf8").replace(",200,", ",403,"));
  expect(run()).toMatchObject({ status: 1, stdout: "WRONG  export-000001/calls.csv: row 1 was changed\n" });
});
