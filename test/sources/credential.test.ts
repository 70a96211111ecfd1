import {
  AzureCliCredential,
  ClientCertificateCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";
import { expect, test } from "vitest";
import { createCredential } from "../../src/sources/credential.ts";

const tenantId = "11111111-2222-3333-4444-555555555555";
const clientId = "66666666-7777-8888-9999-000000000000";

test.each([
  { kind: "default", as: DefaultAzureCredential },
  { kind: "managed-identity", as: ManagedIdentityCredential },
  { kind: "managed-identity", clientId, as: ManagedIdentityCredential },
  { kind: "workload-identity", clientId, tenantId, tokenFile: "token", as: WorkloadIdentityCredential },
  { kind: "client-certificate", tenantId, clientId, certificate: "a.pem", as: ClientCertificateCredential },
  { kind: "cli", as: AzureCliCredential },
  { kind: "cli", tenantId, as: AzureCliCredential },
] as const)("$kind signs in as $as.name, in each cloud", async ({ as, ...config }) => {
  for (const cloud of [undefined, "public", "us-government", "china"] as const)
    expect(await createCredential(config, cloud)).toBeInstanceOf(as);
});
