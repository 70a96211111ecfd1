import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/load-config.ts";

const TOKEN = `{ name: x, sha256: ${"a".repeat(64)}, roles: [viewer] }`;
const OPEN_ID = "{ tenant: contoso, clientId: c }";
const cases: { name: string; server: string; publicUrl?: string; says?: RegExp }[] = [
  { name: "loopback without auth", server: "{}" },
  { name: "another loopback address", server: "{ host: 127.0.0.2 }" },
  { name: "loopback of version 6", server: '{ host: "::1" }' },
  { name: "every address without auth", server: "{ host: 0.0.0.0, behindProxy: true }", says: /Set server\.auth/ },
  {
    name: "a name that only looks like loopback",
    server: "{ host: 127.0.0.1.evil.example, behindProxy: true }",
    says: /Set server\.auth/,
  },
  {
    name: "every address of version 6 without auth",
    server: '{ host: "::", behindProxy: true }',
    says: /Set server\.auth/,
  },
  { name: "auth without TLS", server: `{ host: 0.0.0.0, auth: { tokens: [${TOKEN}] } }`, says: /server\.tls/ },
  { name: "auth behind a proxy", server: `{ host: 0.0.0.0, behindProxy: true, auth: { tokens: [${TOKEN}] } }` },
  {
    name: "auth with TLS",
    server: `{ host: 0.0.0.0, tls: { cert: c.pem, key: k.pem }, auth: { tokens: [${TOKEN}] } }`,
  },
  {
    name: "auth that lets nobody in",
    server: "{ host: 0.0.0.0, behindProxy: true, auth: {} }",
    says: /nobody could come in|Set server\.auth/,
  },
  {
    name: "a sign-in without an address to come back to",
    server: `{ auth: { openId: ${OPEN_ID} } }`,
    says: /publicUrl/,
  },
  { name: "a sign-in", server: `{ auth: { openId: ${OPEN_ID} } }`, publicUrl: "https://scopetrail.example" },
  { name: "no browser", server: "{ auth: { openId: { tenant: contoso, clientId: c, browser: false } } }" },
  {
    name: "tenant and issuer",
    server:
      "{ auth: { openId: { tenant: t, issuer: https://x.example, jwksUri: https://x.example/k, clientId: c, browser: false } } }",
    says: /either tenant/,
  },
  {
    name: "an issuer without its keys",
    server: "{ auth: { openId: { issuer: https://x.example, clientId: c, browser: false } } }",
    says: /either tenant/,
  },
  {
    name: "a token itself",
    server: "{ auth: { tokens: [{ name: x, sha256: scopetrail_abc, roles: [viewer] }] } }",
    says: /64 hexadecimal/,
  },
  {
    name: "an unknown role",
    server: `{ auth: { tokens: [{ name: x, sha256: ${"a".repeat(64)}, roles: [admin] }] } }`,
    says: /roles/,
  },
];

describe("where the dashboard answers, and whom", () => {
  test.each(cases)("$name", ({ server, publicUrl, says }) => {
    const url = publicUrl === undefined ? "" : `publicUrl: ${publicUrl}\n`;
    const parsed = parseConfig(`sources: [{ type: files, name: logs, paths: [logs] }]\n${url}server: ${server}\n`, "f");
    if (says === undefined) expect(parsed).toMatchObject({ ok: true });
    else expect(parsed).toMatchObject({ ok: false, error: expect.arrayContaining([expect.stringMatching(says)]) });
  });
});
