import type { ContainerClient } from "@azure/storage-blob";
import type { Config, ExportConfig, SourceConfig } from "../config/config.ts";
import { resolveSecret } from "../config/secret.ts";
import { ok, type Result } from "../lib/result.ts";
import { createCredential } from "../sources/credential.ts";
import { credentialOf } from "./credential-of.ts";

type BlobContainerConfig = Pick<
  | Extract<ExportConfig, { type: "blob" }>
  | NonNullable<Extract<SourceConfig, { type: "event-hubs" }>["checkpoints"]>
  | NonNullable<Config["standby"]>,
  "connectionString" | "account" | "container" | "credential" | "cloud"
>;

/** A configured container, reached when it is first asked for; the error names the reference, never a secret. */
export function containerOf(
  config: BlobContainerConfig,
  environment: NodeJS.ProcessEnv,
): Result<() => Promise<ContainerClient>, string> {
  const { connectionString, account, container } = config;
  const text = connectionString === undefined ? ok(undefined) : resolveSecret(connectionString, environment);
  if (!text.ok) return text;
  let client: Promise<ContainerClient> | undefined;
  const create = async (): Promise<ContainerClient> => {
    const { ContainerClient: Client } = await import("@azure/storage-blob");
    if (text.value !== undefined) return new Client(text.value, container);
    const credential = await createCredential(credentialOf(config.credential), config.cloud);
    return new Client(`${(account ?? "").replace(/\/$/, "")}/${container}`, credential);
  };
  return ok(() => (client ??= create()));
}
