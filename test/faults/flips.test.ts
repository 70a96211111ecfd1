import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { verifyBundle } from "../../src/exports/verify-export.mjs";
import { addBundle, newKey } from "../exports/bundles.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** All bytes where faults are asked for, else one of so many. */
const isAll = process.env["FAULT_RUNS"] !== undefined;
const STEP = isAll ? 1 : 4_099;
const MANIFEST_STEP = isAll ? 1 : 37;
const BLOCK = 1 << 14;
const LEAST_BYTES = 1_000_000;

/** Files of a bundle with the state of their hashes at every 16 KB, so that a changed byte costs what is behind it. */
function hashed(path: string) {
  const bytes = readFileSync(path);
  const states: Hash[] = [];
  const hash = createHash("sha256");
  for (let at = 0; at < bytes.length; at += BLOCK) {
    states.push(hash.copy());
    hash.update(bytes.subarray(at, at + BLOCK));
  }
  return { bytes, states, whole: { bytes: bytes.length, sha256: hash.digest("hex") } };
}

function flipped(
  { bytes, states }: ReturnType<typeof hashed>,
  at: number,
  bit: number,
): Promise<{ bytes: number; sha256: string }> {
  const block = Math.floor(at / BLOCK);
  const hash = states[block]?.copy() ?? createHash("sha256");
  const before = bytes[at] ?? 0;
  bytes[at] = before ^ (1 << bit);
  hash.update(bytes.subarray(block * BLOCK));
  bytes[at] = before;
  return Promise.resolve({ bytes: bytes.length, sha256: hash.digest("hex") });
}

test(`a flip of ${isAll ? "any" : "every 4099th"} byte of a bundle of 1 MB is found, and its file named`, {
  timeout: isAll ? 3_600_000 : 60_000,
}, async () => {
  await using folder = await temporaryFolder();
  const { path, manifest } = addBundle(folder.path, { key: newKey(), calls: 800 });
  const files = new Map(readdirSync(path).map((name) => [name, hashed(join(path, name))]));
  const total = [...files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(total).toBeGreaterThan(LEAST_BYTES);
  expect(await verifyBundle(path)).toMatchObject({ faults: [] });
  const kept = new Map([...files].map(([name, { whole }]) => [name, Promise.resolve(whole)]));
  const unknown = Promise.resolve({ bytes: 0, sha256: "" });
  let flips = 0;
  const missed: string[] = [];
  for (const { name } of manifest.files) {
    const file = files.get(name);
    if (file === undefined) throw new Error(`no ${name}`);
    for (let at = flips % STEP; at < file.bytes.length; at += STEP) {
      const changed = flipped(file, at, at % 8);
      const hashOf = (one: string) => (basename(one) === name ? changed : (kept.get(basename(one)) ?? unknown));
      const { faults } = await verifyBundle(path, { readers: {}, hashOf });
      if (faults.length !== 1 || faults[0] !== `${name}: its bytes are not those that were signed`)
        missed.push(`${name} ${at}`);
      flips += 1;
    }
  }
  // The two files that vouch for the others are really written.
  for (const name of ["manifest.json", "manifest.sig"]) {
    const { bytes } = files.get(name) ?? { bytes: Buffer.alloc(0) };
    for (let at = 0; at < bytes.length; at += MANIFEST_STEP) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(join(path, name), copy);
      const { faults } = await verifyBundle(path, { readers: {}, hashOf: (one) => kept.get(basename(one)) ?? unknown });
      if (!faults.some((fault) => fault.startsWith("manifest."))) missed.push(`${name} ${at}`);
      flips += 1;
    }
    writeFileSync(join(path, name), bytes);
  }
  expect(missed).toEqual([]);
  if (isAll) expect(flips).toBe(total);
  console.info(`${flips} flips of ${total} bytes`);
});
