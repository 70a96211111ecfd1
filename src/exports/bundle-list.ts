import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { BundleLine } from "../model/bundle-line.ts";
import { bundleName, parsedManifest, sequencesIn } from "./chain.ts";
import { isSigned } from "./verify-export.mjs";

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a list of bundles reads of a manifest. */
const Listed = z.object({
  sequence: z.int().positive(),
  createdAt: z.string().max(40),
  kind: z.enum(["export", "digest"]).default("export"),
  digests: z.array(z.object({ name: z.string(), rows: z.int() })).default([]),
  scope: z.object({ from: z.string().max(40).nullable(), to: z.string().max(40).nullable() }).optional(),
  calls: z.record(z.string(), z.number()).optional(),
  files: z.array(z.object({ bytes: z.number() })).optional(),
  previous: z.object({ sequence: z.int(), sha256: Hex32 }).nullable(),
  signer: z.object({ publicKey: Hex32 }),
});

/** A manifest that is larger is none of ours. */
const LARGEST = 16 << 20;

interface Read {
  readonly stamp: string;
  readonly bundle: BundleLine;
  readonly previous: string | undefined;
}

/** Lists the bundles of a folder, newest first, at most `most`; a manifest that did not change is read once. */
export function createBundleList(
  folder: string,
  most: number,
): () => {
  readonly bundles: readonly BundleLine[];
  readonly more: number;
} {
  const known = new Map<string, Read>();
  return () => {
    const sequences = sequencesIn(folder);
    const shown = sequences
      .toSorted((a, b) => b - a)
      .slice(0, most + 1)
      .map(bundleName);
    for (const name of known.keys()) if (!shown.includes(name)) known.delete(name);
    const reads = shown.map((name) => {
      const read = readBundle(folder, name, known.get(name));
      known.set(name, read);
      return read;
    });
    const bundles = reads.slice(0, most).map((read, i) => chained(read, reads[i + 1]));
    return { bundles, more: Math.max(0, sequences.length - most) };
  };
}

function chained({ bundle, previous }: Read, before: Read | undefined): BundleLine {
  if (bundle.state === "broken" || before === undefined || previous === before.bundle.sha256) return bundle;
  return { ...bundle, state: "broken", says: `does not follow ${before.bundle.name}` };
}

function readBundle(folder: string, name: string, known: Read | undefined): Read {
  const path = join(folder, name, "manifest.json");
  try {
    const { mtimeMs, size } = statSync(path);
    const stamp = `${mtimeMs}:${size}`;
    if (known?.stamp === stamp) return known;
    if (size > LARGEST) return broken(name, `manifest.json has ${size} bytes`);
    const bytes = readFileSync(path);
    const signature = readFileSync(join(folder, name, "manifest.sig"), "utf8").trim();
    return { stamp, ...listed(name, bytes, signature) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return broken(name, `its manifest cannot be read (${code})`);
  }
}

const broken = (name: string, says: string): Read => ({
  stamp: "",
  bundle: {
    name,
    kind: "export",
    madeAt: "",
    from: null,
    to: null,
    calls: 0,
    bytes: 0,
    sha256: "",
    state: "broken",
    says,
  },
  previous: undefined,
});

function listed(name: string, bytes: Buffer, signature: string): Omit<Read, "stamp"> {
  const manifest = Listed.safeParse(parsedManifest(bytes.toString()));
  if (!manifest.success) return broken(name, "manifest.json is no manifest");
  const { createdAt, kind, digests, scope, calls = {}, files = [], previous, signer } = manifest.data;
  const fields = {
    name,
    kind,
    madeAt: createdAt,
    from: scope?.from ?? null,
    to: scope?.to ?? null,
    calls: kind === "digest" ? (digests.find((one) => one.name === "calls")?.rows ?? 0) : (calls["exported"] ?? 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
  const bundle: BundleLine = isSigned(signer.publicKey, bytes, signature)
    ? { ...fields, state: "signed" }
    : { ...fields, state: "broken", says: "its signature is not of these bytes" };
  return { bundle, previous: previous?.sha256 };
}
