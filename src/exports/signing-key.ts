import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { err, ok, type Result } from "../lib/result.ts";

/** An Ed25519 key that signs manifests. */
export interface SigningKey {
  /** 32 bytes in hexadecimal. */
  readonly publicKey: string;
  /** 64 bytes in hexadecimal. */
  sign(bytes: Uint8Array): string;
}

/** A new key, as PKCS #8 PEM. */
export const newSigningPem = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** The key in a PEM; a text that is no Ed25519 private key is told without showing it. */
export function parseSigningPem(pem: string): Result<SigningKey, string> {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return err("is not a private key in PEM (openssl genpkey -algorithm ed25519 makes one)");
  }
  if (key.asymmetricKeyType !== "ed25519")
    return err(`is a ${key.asymmetricKeyType ?? "strange"} key; manifests are signed with Ed25519`);
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return ok({
    publicKey: Buffer.from(x, "base64url").toString("hex"),
    sign: (bytes) => sign(null, bytes, key).toString("hex"),
  });
}
