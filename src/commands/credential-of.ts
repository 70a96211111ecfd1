import type { SourceConfig } from "../config/config.ts";
import type { CredentialConfig } from "../sources/credential.ts";

/** The configured credential, as sources take it. */
export function credentialOf({
  type,
  ...rest
}: Extract<SourceConfig, { credential: unknown }>["credential"]): CredentialConfig {
  // The two unions have the same members; only the name of what tells them apart differs.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { kind: type, ...rest } as CredentialConfig;
}
