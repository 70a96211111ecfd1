import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ContainerClient } from "@azure/storage-blob";
import { bundleName, sequencesIn } from "./chain.ts";

const DONE = ".uploaded";
/** The last files of a bundle: one without them is not whole yet. */
const LAST = ["manifest.json", "manifest.sig"];
/** Most parts of a file in flight, 4 MB each. */
const IN_FLIGHT = { blockSize: 4 << 20, maxSingleShotSize: 4 << 20, concurrency: 2 };

/**
 * Brings bundles of a local chain into a container, oldest first, and gives how many. A blob is written once and never again: one that is
 * there already must be the same, so that a container that forbids changes will do. Of what arrived only the newest manifest stays here.
 */
export async function uploadChain(
  folder: string,
  { container, prefix }: { readonly container: ContainerClient; readonly prefix: string | undefined },
  signal: AbortSignal,
): Promise<number> {
  const done = uploadedUntil(folder);
  const waiting = sequencesIn(folder)
    .filter((sequence) => sequence > done)
    .toSorted((a, b) => a - b);
  for (const sequence of waiting) {
    const bundle = join(folder, bundleName(sequence));
    const names = readdirSync(bundle).filter((name) => !LAST.includes(name));
    for (const name of [...names, ...LAST])
      await uploadOnce(container, join(bundle, name), { prefix, bundle: basename(bundle), signal });
    writeFileSync(join(folder, `${DONE}.part`), String(sequence));
    renameSync(join(folder, `${DONE}.part`), join(folder, DONE));
  }
  forget(folder);
  return waiting.length;
}

function uploadedUntil(folder: string): number {
  const path = join(folder, DONE);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return /^\d{1,12}$/.test(text) ? Number(text) : 0;
}

/** What arrived is given up here, but for the manifest that the next one follows. */
function forget(folder: string): void {
  const done = uploadedUntil(folder);
  for (const sequence of sequencesIn(folder)) {
    const bundle = join(folder, bundleName(sequence));
    if (sequence < done) rmSync(bundle, { recursive: true });
    const given = sequence === done ? readdirSync(bundle).filter((name) => !LAST.includes(name)) : [];
    for (const name of given) rmSync(join(bundle, name));
  }
}

interface Place {
  readonly prefix: string | undefined;
  readonly bundle: string;
  readonly signal: AbortSignal;
}

async function uploadOnce(container: ContainerClient, path: string, { prefix, bundle, signal }: Place): Promise<void> {
  const name = [...(prefix === undefined ? [] : [prefix]), bundle, basename(path)].join("/");
  const client = container.getBlockBlobClient(name);
  const sha256 = await hashOf(path);
  try {
    await client.uploadFile(path, {
      ...IN_FLIGHT,
      abortSignal: signal,
      conditions: { ifNoneMatch: "*" },
      metadata: { sha256 },
    });
  } catch (error) {
    if (!isThere(error)) throw error;
    const { metadata } = await client.getProperties({ abortSignal: signal });
    if (metadata?.["sha256"] !== sha256)
      throw new Error(
        `${name} is in the container already, and is another one: let each schedule have its own prefix`,
        {
          cause: error,
        },
      );
  }
}

/** 409 BlobAlreadyExists, or 412 where a proxy judged the condition. */
const isThere = (error: unknown): boolean =>
  error instanceof Error && "statusCode" in error && (error.statusCode === 409 || error.statusCode === 412);

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
