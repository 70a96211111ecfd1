import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "../lib/result.ts";
import type { Previous, Rotation, Schedule } from "./manifest.ts";
import { rotationText } from "./manifest.ts";
import type { SigningKey } from "./signing-key.ts";

const NAME = /^export-(\d{6,12})$/;

/** The folder of a bundle in its chain. */
export const bundleName = (sequence: number): string => `export-${String(sequence).padStart(6, "0")}`;

const Head = z.object({
  schema: z.literal("scopetrail.bundle/1"),
  sequence: z.int().positive(),
  signer: z.object({ publicKey: z.string().regex(/^[0-9a-f]{64}$/) }),
});

/** Places of the bundles in a folder. */
export const sequencesIn = (folder: string): readonly number[] =>
  (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => {
    const found = NAME.exec(name);
    return found === null ? [] : [Number(found[1])];
  });

const Scheduled = Head.extend({
  schedule: z
    .object({
      name: z.string(),
      nextHour: z.iso.datetime(),
      nextDay: z.iso.datetime(),
      closed: z.int().nonnegative(),
    })
    .nullish(),
});

/** Where a schedule stands, as the newest of its entries in the chain says; undefined where it has none. */
export function newestOfSchedule(folder: string, name: string): Schedule | undefined {
  for (const sequence of sequencesIn(folder).toSorted((a, b) => b - a)) {
    const path = join(folder, bundleName(sequence), "manifest.json");
    const head = existsSync(path) ? Scheduled.safeParse(parsedManifest(readFileSync(path, "utf8"))) : undefined;
    if (head?.success === true && head.data.schedule?.name === name) return head.data.schedule;
  }
  return undefined;
}

/** The newest bundle of a folder, which the next one follows; undefined where there is none. */
export function newestBundle(folder: string): Result<Previous | undefined, string> {
  const sequences = sequencesIn(folder);
  if (sequences.length === 0) return ok(undefined);
  const sequence = sequences.reduce((a, b) => Math.max(a, b));
  const path = join(folder, bundleName(sequence), "manifest.json");
  if (!existsSync(path))
    return err(`${path} is missing: the chain cannot go on. Put it back, or export to another folder.`);
  const bytes = readFileSync(path);
  const head = Head.safeParse(parsedManifest(bytes.toString()));
  if (!head.success || head.data.sequence !== sequence)
    return err(`${path} is not the manifest of export ${sequence}. Run: scopetrail export verify ${folder}`);
  const { publicKey } = head.data.signer;
  return ok({ sequence, publicKey, sha256: createHash("sha256").update(bytes).digest("hex") });
}

/** The text of a manifest as a value; undefined where it is no JSON. */
export function parsedManifest(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How `key` may go on after `previous`: as the same key, or signed by the old one. */
export function rotationOf(
  key: SigningKey,
  previous: Previous | undefined,
  old: SigningKey | undefined,
): Result<Rotation | null, string> {
  if (previous === undefined || previous.publicKey === key.publicKey) return ok(null);
  if (old === undefined)
    return err(
      `the chain is signed by ${previous.publicKey}, the key is ${key.publicKey}: name the old key with --rotate-from, or export to another folder`,
    );
  if (old.publicKey !== previous.publicKey)
    return err(`--rotate-from is ${old.publicKey}, but the chain is signed by ${previous.publicKey}`);
  const signature = old.sign(Buffer.from(rotationText(key.publicKey, previous.sequence + 1)));
  return ok({ previousPublicKey: old.publicKey, signature });
}
