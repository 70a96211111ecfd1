import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { analyzePaths } from "../../src/commands/analyze-paths.ts";
import { filesInput } from "../../src/commands/export-input.ts";
import { exportOptions } from "../../src/commands/export-options.ts";
import { exportCalls } from "../../src/commands/run-export.ts";
import { callEvidence } from "../../src/correlate/call-evidence.ts";
import { newSigningPem } from "../../src/exports/signing-key.ts";
import { callStory, toStoryJson } from "../../src/findings/call-story.ts";
import { openCallLog } from "../../src/store/call-log.ts";
import { readSegments } from "../../src/store/segment-folder.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { value } from "./bundles.ts";
import { callId, gatewayLine, operationLine } from "./log-lines.ts";

/** Secrets that nobody wrote before: base64 as keys and signatures have it, of a length that no shape gives away. */
const canary = (n: number): string =>
  createHash("sha256").update(`canary ${n}`).digest("base64").replaceAll(/[+/=]/g, "k").slice(0, 32);

const jwt = (secret: string): string => `eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ${secret}.${secret}`;

/** Texts that carry a secret, as logs do. */
const CARRIERS: readonly ((secret: string) => string)[] = [
  ...[
    "subscription-key",
    "Ocp-Apim-Subscription-Key",
    "api-key",
    "apikey",
    "X-Api-Key",
    "x-functions-key",
    "code",
    "sig",
    "access_token",
    "id_token",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "password",
    "passwd",
    "pwd",
  ].map((name) => (secret: string) => `https://api.example/orders?${name}=${secret}&x=1`),
  ...["SharedAccessKey", "AccountKey", "SharedAccessSignature"].map(
    (name) => (secret: string) => `Endpoint=sb://x.example/;${name}=${secret}`,
  ),
  ...["Authorization: Bearer", "Proxy-Authorization: Basic", "Cookie: session=", "Set-Cookie: sid="].map(
    (name) => (secret: string) => `${name} ${secret}`,
  ),
  (secret) => jwt(secret),
  (secret) => `Bearer ${secret}`,
  (secret) => `SharedKey account:${secret}`,
  (secret) => `type=master&ver=1.0&sig=${secret}`,
  (secret) => `type%3dmaster%26ver%3d1.0%26sig%3d${secret}`,
  (secret) => `type%253dmaster%2526ver%253d1.0%2526sig%253d${secret}`,
  (secret) => `https://user:${secret}@api.example/`,
  (secret) => `{"client_secret":"${secret}"}`,
  (secret) => `{"a":"{\\"password\\":\\"${secret}\\"}"}`,
  (secret) => `{"name":"api-key","value":"${secret}"}`,
  (secret) => `?sv=2024-11-04&se=2027-01-01&sp=r&sig=${secret}`,
  (secret) => `x-ms-client-principal: ${secret}`,
  (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  (secret) => `{'password': '${secret}'}`,
  (secret) => `PASSWORD=${secret}`,
  (secret) => `https://api.example/cb#access_token=${secret}`,
];

/** Where a record can hold such a text. */
const PLACES: readonly ((id: string, text: string) => string)[] = [
  (id, text) => gatewayLine(id, { responseCode: 401, url: text }),
  (id, text) => gatewayLine(id, { responseCode: 500, backendUrl: text }),
  (id, text) =>
    gatewayLine(id, {
      responseCode: 403,
      lastError: { source: "validate-jwt", reason: "TokenInvalid", message: text },
    }),
  (id, text) => gatewayLine(id, { responseCode: 403, backendResponseCode: 403, backendResponseBody: text }),
  (id, text) => gatewayLine(id, { responseCode: 401, backendResponseHeaders: { "WWW-Authenticate": text } }),
  (id, text) => gatewayLine(id, { responseCode: 401, requestHeaders: { "User-Agent": text, Authorization: text } }),
  (id, text) => gatewayLine(id, { responseCode: 200, url: text }),
  (id, text) => operationLine(id, { userAgent: text, statusCode: "403" }),
];

const CANARIES = 500;
const secrets = Array.from({ length: CANARIES }, (_, n) => canary(n));

/** The forms in which a secret could have been written. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const aligned = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return [secret, encodeURIComponent(secret), ...aligned, Buffer.from(secret, "utf16le").toString("latin1")];
}

/** Which of the secrets a text holds: most are known to be absent by their first letters alone. */
function leaked(text: string): string[] {
  return secrets.flatMap((secret, n) =>
    formsOf(secret).some((form) => text.includes(form)) ? [`canary ${n} in ${whereOf(n)}: ${secret}`] : [],
  );
}

const whereOf = (n: number): string =>
  `carrier ${n % CARRIERS.length} place ${Math.floor(n / CARRIERS.length) % PLACES.length}`;

let logs: TemporaryFolder;
beforeAll(async () => {
  const lines = secrets.map((secret, n) => {
    const text = CARRIERS[n % CARRIERS.length]?.(secret) ?? "";
    return PLACES[Math.floor(n / CARRIERS.length) % PLACES.length]?.(callId(n), text) ?? "";
  });
  logs = await temporaryFolder({ "a.ndjson": lines.join("\n") });
  return () => logs[Symbol.asyncDispose]();
});

test(`there are ${CANARIES} secrets in 40 carriers or more, and the logs hold every one`, () => {
  expect(CARRIERS.length).toBeGreaterThanOrEqual(40);
  expect(leaked(readFileSync(join(logs.path, "a.ndjson"), "latin1"))).toHaveLength(CANARIES);
});

const talk = { onRead() {}, onCalls() {}, onLoss() {} };

describe("no secret is in any byte of", () => {
  test.each(["ndjson", "csv", "arrow", "ocsf", "cef"] as const)("an export as %s", async (format) => {
    await using folder = await temporaryFolder();
    const flags = { in: [logs.path], out: folder.path, format, key: "env:KEY" };
    const options = value(exportOptions(flags, { KEY: newSigningPem() }, () => {}));
    const { path, manifest } = value(await exportCalls(options, filesInput([logs.path], talk), talk, ""));
    expect(manifest.calls["exported"]).toBe(CANARIES);
    for (const name of readdirSync(path)) expect(leaked(readFileSync(join(path, name), "latin1"))).toEqual([]);
  });

  test("the calls that are kept, and the story of each", async () => {
    await using folder = await temporaryFolder();
    const log = openCallLog(folder.path, 1e15);
    log.begin(0);
    const stories: unknown[] = [];
    await analyzePaths([logs.path], {
      onCall(call) {
        const evidence = callEvidence(call);
        log.add(evidence);
        stories.push(toStoryJson(callStory(evidence)));
      },
    });
    await log.flush();
    const kept = [...readSegments(folder.path, {}, () => {})].flat();
    expect(kept).toHaveLength(CANARIES);
    expect(leaked(JSON.stringify(kept))).toEqual([]);
    expect(leaked(JSON.stringify(stories))).toEqual([]);
  });
});
