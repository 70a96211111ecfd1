import { randomBytes } from "node:crypto";
import { TOKEN_PREFIX, tokenHash } from "../server/access/api-tokens.ts";

/** A token of 256 random bits, and what the configuration knows of it. */
export function newToken(): { readonly text: string; readonly sha256: string } {
  const text = `${TOKEN_PREFIX}${randomBytes(32).toString("base64url")}`;
  return { text, sha256: tokenHash(text) };
}
