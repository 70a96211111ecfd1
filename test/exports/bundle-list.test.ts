import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createBundleList } from "../../src/exports/bundle-list.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { addBundle, inBundle, newKey } from "./bundles.ts";

const states = (list: ReturnType<typeof createBundleList>) => list().bundles.map(({ name, state }) => [name, state]);

test("bundles are listed newest first, with what their manifests say", async () => {
  await using folder = await temporaryFolder();
  const list = createBundleList(folder.path, 2);
  expect(list()).toEqual({ bundles: [], more: 0 });
  const key = newKey();
  const written = [4, 5, 6].map((calls) => addBundle(folder.path, { key, calls }));
  const { bundles, more } = list();
  expect(more).toBe(1);
  expect(bundles).toMatchObject([
    { name: "export-000003", kind: "export", state: "signed", sha256: written[2]?.sha256, calls: 6, from: null },
    { name: "export-000002", state: "signed", sha256: written[1]?.sha256 },
  ]);
  expect(bundles[0]?.bytes).toBeGreaterThan(1_000);
  expect(createBundleList("/nowhere/at/all", 2)()).toEqual({ bundles: [], more: 0 });
});

test("a changed manifest, one of another chain and one that is not there are seen, also after they were good", async () => {
  await using folder = await temporaryFolder();
  const key = newKey();
  for (let i = 0; i < 4; i++) addBundle(folder.path, { key });
  const list = createBundleList(folder.path, 10);
  expect(states(list).map(([, state]) => state)).toEqual(["signed", "signed", "signed", "signed"]);

  const manifest = inBundle(folder.path, 2, "manifest.json");
  const bytes = readFileSync(manifest);
  writeFileSync(manifest, Buffer.concat([bytes, Buffer.from(" ")]));
  const says = () => list().bundles.map((one) => one.says);
  expect(says()).toEqual([
    undefined,
    "does not follow export-000002",
    "its signature is not of these bytes",
    undefined,
  ]);
  writeFileSync(manifest, bytes);
  expect(says()).toEqual([undefined, undefined, undefined, undefined]);

  appendFileSync(inBundle(folder.path, 3, "manifest.sig"), "00");
  rmSync(inBundle(folder.path, 1, "manifest.json"));
  const fresh = createBundleList(folder.path, 10)();
  expect(fresh.bundles.map((one) => one.says)).toEqual([
    undefined,
    "its signature is not of these bytes",
    "does not follow export-000001",
    "its manifest cannot be read (ENOENT)",
  ]);
});
