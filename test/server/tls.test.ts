import { readFileSync, statSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tokenHash } from "../../src/server/access/api-tokens.ts";
import { createApp } from "../../src/server/app.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { type Certificates, makeCertificates } from "../emulators/certificates.ts";
import { startServe } from "../live/serving.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { NOW } from "./access-parts.ts";
import { sampleView } from "./sample-view.ts";

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates.remove());

interface Got {
  readonly status: number;
  readonly body: string;
}

/** Asks over TLS, believing the certificates of this run and no others. */
const get = (url: URL, headers: Record<string, string> = {}): Promise<Got> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { ca: certificates.ca, headers, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    });
    asked.on("error", reject);
    asked.end();
  });

describe("over TLS", () => {
  let server: Listening;
  beforeAll(async () => {
    let port = 0;
    const app = createApp(sampleView(), {
      allowedHosts: () => [`127.0.0.1:${port}`],
      version: "test",
      decisions: createMemoryDecisions(),
      now: () => NOW,
      onFailure: () => undefined,
    });
    const { cert, key } = certificates;
    const listening = await listen(app, { port: 0, hostname: "127.0.0.1", tls: { cert, key } });
    if (!listening.ok) throw new Error(listening.error);
    server = listening.value;
    ({ port } = server);
  });
  afterAll(() => server.close());

  test("who believes the authority is answered", async () => {
    expect(server.address).toMatch(/^https:/);
    expect(await get(new URL("/livez", server.address))).toMatchObject({ status: 200 });
  });

  test("who does not believe it does not go on, and what is no TLS is not answered", async () => {
    const { port } = server;
    await expect(
      new Promise((resolve, reject) => connect({ port, host: "127.0.0.1" }, () => resolve("on")).on("error", reject)),
    ).rejects.toThrow(/certificate/);
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
  });

  test("versions that are broken are refused", async () => {
    const { port } = server;
    const old = { port, host: "127.0.0.1", ca: certificates.ca, maxVersion: "TLSv1.1", minVersion: "TLSv1" } as const;
    await expect(
      new Promise((resolve, reject) => connect(old, () => resolve("on")).on("error", reject)),
    ).rejects.toThrow();
  });
});

test("a key of another certificate is an error with the way out", async () => {
  const other = await makeCertificates();
  const app = createApp(sampleView(), {
    allowedHosts: () => [],
    version: "test",
    decisions: createMemoryDecisions(),
    now: () => NOW,
    onFailure: () => undefined,
  });
  const tls = { cert: certificates.cert, key: other.key };
  const listening = await listen(app, { port: 0, hostname: "127.0.0.1", tls });
  expect(listening).toMatchObject({ ok: false, error: expect.stringContaining("belong together") });
  await other.remove();
});

const TOKEN = `scopetrail_${"v".repeat(43)}`;

test("serve on every address, with TLS and tokens, shows a viewer no names and keeps their key to itself", async () => {
  await using folder = await temporaryFolder({
    "cert.pem": certificates.cert,
    "key.pem": certificates.key,
    "logs/x": "",
  });
  const at = (name: string): string => join(folder.path, name);
  const config = {
    sources: [{ type: "files", name: "logs", paths: [at("logs")] }],
    state: at("state.db"),
    server: {
      host: "0.0.0.0",
      port: 0,
      hosts: ["localhost"],
      tls: { cert: at("cert.pem"), key: at("key.pem") },
      auth: { tokens: [{ name: "viewer", sha256: tokenHash(TOKEN), roles: ["viewer"] }] },
    },
  };
  await using serve = await startServe({ config: JSON.stringify(config), folder: folder.path });
  const url = new URL("/api/v1/report", serve.address.replace("0.0.0.0", "127.0.0.1"));
  expect(await get(url)).toMatchObject({ status: 401 });
  expect(await get(url, { authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 });
  expect(statSync(at("state.db.pseudonym-key")).mode & 0o777).toBe(0o600);
  expect(readFileSync(at("state.db.pseudonym-key"), "utf8")).toMatch(/^[\w-]{43}$/);
  expect(await serve.stop()).toBe(0);
});
