import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ContainerClient } from "@azure/storage-blob";
import { beforeAll, expect, test } from "vitest";
import { uploadChain } from "../../src/exports/blob-chain.ts";
import { verifyExports } from "../../src/exports/verify-export.mjs";
import { type BlobEmulator, startBlobs } from "../emulators/blobs.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { addBundle, newKey } from "./bundles.ts";

const key = newKey();
let blobs: BlobEmulator;
beforeAll(async () => {
  const folder = await temporaryFolder();
  blobs = await startBlobs(folder.path);
  return async () => {
    await blobs.stop();
    await folder[Symbol.asyncDispose]();
  };
});

const never = new AbortController().signal;

async function namesIn(container: ContainerClient): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names;
}

async function download(container: ContainerClient, folder: string): Promise<void> {
  for (const name of await namesIn(container)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    await container.getBlobClient(name).downloadToFile(join(folder, name));
  }
}

test("bundles arrive whole and once; of them the newest manifest stays, and the chain goes on", async () => {
  await using folder = await temporaryFolder();
  const chain = join(folder.path, "chain");
  const container = await blobs.container("evidence");
  const to = { container, prefix: "a/b" };
  for (let i = 0; i < 3; i++) addBundle(chain, { key, calls: 3 + i });
  expect(await uploadChain(chain, to, never)).toBe(3);
  expect(readdirSync(chain)).toEqual([".uploaded", "export-000003"]);
  expect(readdirSync(join(chain, "export-000003"))).toEqual(["manifest.json", "manifest.sig"]);
  expect(await uploadChain(chain, to, never)).toBe(0);
  addBundle(chain, { key, calls: 2 });
  expect(await uploadChain(chain, to, never)).toBe(1);
  await download(container, folder.path);
  expect(await verifyExports(join(folder.path, "a/b"), { key: key.publicKey })).toMatchObject({
    faults: [],
    exports: 4,
  });
});

test("an upload that was cut goes on where it was; nothing is written twice", async () => {
  await using folder = await temporaryFolder();
  const chain = join(folder.path, "chain");
  const container = await blobs.container("cut");
  const to = { container, prefix: undefined };
  addBundle(chain, { key });
  addBundle(chain, { key });
  cpSync(chain, join(folder.path, "copy"), { recursive: true });
  await uploadChain(chain, to, never);
  const etags = async () => {
    const found = new Map<string, string>();
    for await (const { name, properties } of container.listBlobsFlat()) found.set(name, properties.etag);
    return found;
  };
  const before = await etags();
  for (const name of ["export-000002/manifest.json", "export-000002/manifest.sig"]) {
    await container.deleteBlob(name);
    before.delete(name);
  }
  // As after a kill: all is here still, and nobody noted how far it was.
  rmSync(chain, { recursive: true });
  cpSync(join(folder.path, "copy"), chain, { recursive: true });
  expect(await uploadChain(chain, to, never)).toBe(2);
  const after = await etags();
  for (const [name, etag] of before) expect(after.get(name)).toBe(etag);
  expect(after.size).toBe(before.size + 2);
});

test("a blob that is there and is another one is never overwritten", async () => {
  await using folder = await temporaryFolder();
  const chain = join(folder.path, "chain");
  const container = await blobs.container("taken");
  addBundle(chain, { key });
  await container.getBlockBlobClient("export-000001/calls.ndjson").upload("x", 1);
  await expect(uploadChain(chain, { container, prefix: undefined }, never)).rejects.toThrow(
    "export-000001/calls.ndjson is in the container already, and is another one",
  );
  expect(existsSync(join(chain, ".uploaded"))).toBe(false);
  expect((await container.getBlobClient("export-000001/calls.ndjson").downloadToBuffer()).toString()).toBe("x");
});

test("a large file goes up in parts", async () => {
  await using folder = await temporaryFolder();
  const chain = join(folder.path, "chain");
  const container = await blobs.container("large");
  const { path } = addBundle(chain, { key });
  const bytes = Buffer.alloc(9_000_000, 7);
  writeFileSync(join(path, "calls.ndjson"), bytes);
  await uploadChain(chain, { container, prefix: undefined }, never);
  const blob = container.getBlockBlobClient("export-000001/calls.ndjson");
  expect((await blob.getBlockList("committed")).committedBlocks).toHaveLength(3);
  expect((await blob.downloadToBuffer()).equals(bytes)).toBe(true);
});
