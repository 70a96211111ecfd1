import { X509Certificate } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Cloud, createCredential, type CredentialConfig } from "../../src/sources/credential.ts";
import { AUTHORITY_HOSTS, type Entra, makeCertificate, startEntra } from "../emulators/entra.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

const tenantId = "11111111-2222-3333-4444-555555555555";
const clientId = "66666666-7777-8888-9999-000000000000";
const SCOPE = "https://eventhubs.azure.net/.default";
const CLOUDS: readonly (readonly [Cloud, string])[] = [
  ["public", "login.microsoftonline.com"],
  ["us-government", "login.microsoftonline.us"],
  ["china", "login.partner.microsoftonline.cn"],
];

let folder: TemporaryFolder;
let entra: Entra;
let client: { readonly key: string; readonly cert: string };

beforeAll(async () => {
  folder = await temporaryFolder();
  entra = await startEntra(folder);
  client = await makeCertificate(folder, "client");
  await writeFile(join(folder.path, "client.pem"), `${client.key}${client.cert}`);
  setDefaultCACertificates([...getCACertificates(), entra.ca]);
});

afterAll(async () => {
  await entra.close();
  await folder[Symbol.asyncDispose]();
});

beforeEach(() => {
  vi.stubEnv("HTTPS_PROXY", entra.proxy);
  vi.stubEnv("NO_PROXY", "127.0.0.1");
  for (const name of ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST", "AZURE_FEDERATED_TOKEN_FILE"])
    vi.stubEnv(name, undefined);
  entra.asked.length = 0;
  entra.askedHost.length = 0;
});

afterEach(() => vi.unstubAllEnvs());

async function tokenOf(config: CredentialConfig, cloud?: Cloud): Promise<string | undefined> {
  const credential = await createCredential(config, cloud);
  return (await credential.getToken(SCOPE))?.token;
}

/** Throws where the assertion is not what the client's certificate signs for the authority. */
async function verifyAssertion(assertion: string | null, host: string): Promise<void> {
  const { publicKey } = new X509Certificate(client.cert);
  const { payload } = await jwtVerify(assertion ?? "", publicKey, {
    audience: `https://${host}/${tenantId}/oauth2/v2.0/token`,
    // The client rounds the time from which on it counts.
    clockTolerance: 2,
  });
  expect(payload).toMatchObject({ iss: clientId, sub: clientId });
}

test.each(CLOUDS)("a client certificate signs in to the authority of the cloud %s", async (cloud, host) => {
  const certificate = join(folder.path, "client.pem");
  expect(await tokenOf({ kind: "client-certificate", tenantId, clientId, certificate }, cloud)).toBe(
    `token-of-${host}`,
  );
  const [asked] = entra.asked;
  expect(asked).toMatchObject({ host, path: `/${tenantId}/oauth2/v2.0/token` });
  expect(asked?.form.get("client_id")).toBe(clientId);
  expect(asked?.form.get("scope")?.split(" ")).toContain(SCOPE);
  await verifyAssertion(asked?.form.get("client_assertion") ?? null, host);
});

test.each(CLOUDS)(
  "a workload identity shows its file's token to the authority of the cloud %s",
  async (cloud, host) => {
    const tokenFile = join(folder.path, "federated");
    await writeFile(tokenFile, "federated.token.1");
    const config = { kind: "workload-identity", tenantId, clientId, tokenFile } as const;
    expect(await tokenOf(config, cloud)).toBe(`token-of-${host}`);
    expect(entra.asked).toMatchObject([{ host, path: `/${tenantId}/oauth2/v2.0/token` }]);
    expect(entra.asked[0]?.form.get("client_assertion")).toBe("federated.token.1");
    // A new process reads the file as it is then.
    await writeFile(tokenFile, "federated.token.2");
    await tokenOf(config, cloud);
    expect(entra.asked[1]?.form.get("client_assertion")).toBe("federated.token.2");
  },
);

test("a workload identity without settings takes those that the cluster gives", async () => {
  const tokenFile = join(folder.path, "injected");
  await writeFile(tokenFile, "injected.token");
  vi.stubEnv("AZURE_CLIENT_ID", clientId);
  vi.stubEnv("AZURE_TENANT_ID", tenantId);
  vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", tokenFile);
  vi.stubEnv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/");
  expect(await tokenOf({ kind: "workload-identity" })).toBe("token-of-login.microsoftonline.us");
  expect(entra.asked[0]?.form.get("client_assertion")).toBe("injected.token");
});

test.each([undefined, clientId])("a managed identity (client id %s) asks the host that it runs on", async (id) => {
  vi.stubEnv("IDENTITY_ENDPOINT", entra.identityEndpoint);
  vi.stubEnv("IDENTITY_HEADER", "only-here");
  const named = id === undefined ? {} : { clientId: id };
  expect(await tokenOf({ kind: "managed-identity", ...named })).toBe("token-of-host");
  expect(entra.askedHost).toHaveLength(1);
  expect(entra.askedHost[0]?.secret).toBe("only-here");
  expect(entra.askedHost[0]?.query.get("resource")).toBe("https://eventhubs.azure.net");
  expect(entra.askedHost[0]?.query.get("client_id") ?? undefined).toBe(id);
  expect(entra.asked).toEqual([]);
});

test("without a credential block, what the environment names signs in", async () => {
  vi.stubEnv("AZURE_CLIENT_ID", clientId);
  vi.stubEnv("AZURE_TENANT_ID", tenantId);
  vi.stubEnv("AZURE_CLIENT_CERTIFICATE_PATH", join(folder.path, "client.pem"));
  expect(await tokenOf({ kind: "default" }, "public")).toBe(`token-of-${AUTHORITY_HOSTS[0]}`);
  await verifyAssertion(entra.asked[0]?.form.get("client_assertion") ?? null, "login.microsoftonline.com");
});

test("the Azure CLI is asked for a token of the tenant", async () => {
  const answer = {
    accessToken: "token-of-cli",
    expires_on: Math.floor(Date.now() / 1_000) + 3_600,
    tokenType: "Bearer",
  };
  const script = `#!/bin/sh\necho "$@" > "${folder.path}/az-arguments"\necho '${JSON.stringify(answer)}'\n`;
  const bin = join(folder.path, "az");
  await writeFile(bin, script);
  await chmod(bin, 0o755);
  vi.stubEnv("PATH", `${folder.path}${delimiter}${process.env["PATH"]}`);
  expect(await tokenOf({ kind: "cli", tenantId })).toBe("token-of-cli");
  const said = await readFile(join(folder.path, "az-arguments"), "utf8");
  expect(said).toContain("account get-access-token");
  expect(said).toContain(`--tenant ${tenantId}`);
});
