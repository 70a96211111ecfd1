import { existsSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { Pseudonyms as Names, textRedactor } from "../exports/redaction.ts";
import { resolveSecret } from "../config/secret.ts";
import { writeKept } from "../folder.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Pseudonyms } from "../server/access/pseudonyms.ts";

const KEY_BYTES = 32;

/** Pseudonyms of one key, as exports with the same key have them. */
export function viewerPseudonyms(key: Uint8Array): Pseudonyms {
  const names = new Names(key);
  const profile = { address: "truncate", identity: "pseudonym", agent: "drop", text: "drop" } as const;
  return {
    of: (name) => names.of("identity", name),
    hide: (text, known, kept) => textRedactor(profile, names, kept)(text, known),
  };
}

/** The key behind a reference, the same on each machine that shares the configuration. */
export function configuredKey(
  reference: string,
  environment: Readonly<Record<string, string | undefined>>,
): Result<Uint8Array, string> {
  const secret = resolveSecret(reference, environment);
  if (!secret.ok) return secret;
  const key = Buffer.from(secret.value);
  return key.length < KEY_BYTES ? err(`${reference}: the key is shorter than ${KEY_BYTES} bytes`) : ok(key);
}

/** The key in a file, which is made where it is not there; `export --redact-key file:…` takes the same. */
export function viewerKey(path: string): Result<Uint8Array, string> {
  try {
    if (!existsSync(path)) writeKept(path, randomBytes(KEY_BYTES).toString("base64url"));
    const key = Buffer.from(readFileSync(path, "utf8").trim());
    return key.length < KEY_BYTES
      ? err(`${path} holds no key. Put it back, or take it away to begin with new pseudonyms.`)
      : ok(key);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return err(`${path}: the key of viewers' pseudonyms cannot be read or made (${code}).`);
  }
}
