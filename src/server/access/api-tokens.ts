import { createHash, timingSafeEqual } from "node:crypto";
import type { EpochMs } from "../../model/time.ts";
import type { Role, Who } from "./who.ts";

/** A token of a program: only its hash is known. */
export interface ApiToken {
  readonly name: string;
  /** SHA-256 of the token, hexadecimal. */
  readonly sha256: string;
  readonly roles: readonly Role[];
  readonly expires?: EpochMs | undefined;
}

/** Told apart from an identity provider's tokens by its begin; 256 random bits follow. */
export const TOKEN_PREFIX = "scopetrail_";
const TOKEN = /^scopetrail_[\w-]{43}$/;

export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Whose token it is; every known one is compared, in a time that does not tell which. */
export function whoHas(token: string, tokens: readonly ApiToken[], now: EpochMs): Who | undefined {
  if (!TOKEN.test(token)) return undefined;
  const hash = Buffer.from(tokenHash(token), "hex");
  let found: ApiToken | undefined;
  for (const one of tokens) {
    const known = Buffer.from(one.sha256, "hex");
    if (known.length === hash.length && timingSafeEqual(known, hash)) found = one;
  }
  if (found === undefined || (found.expires !== undefined && found.expires <= now)) return undefined;
  return { name: `token ${found.name}`, roles: new Set(found.roles) };
}
