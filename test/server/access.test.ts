import { exportSPKI, SignJWT, type JWTPayload } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ApiToken, tokenHash } from "../../src/server/access/api-tokens.ts";
import { createSessions } from "../../src/server/access/sessions.ts";
import { createApp } from "../../src/server/app.ts";
import { createMemoryDecisions } from "../../src/store/decision-log.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../emulators/openid-provider.ts";
import { accessParts, NOW } from "./access-parts.ts";
import { sampleView } from "./sample-view.ts";

const HOST = "scopetrail.example";
const AUDIENCE = "api-1";
const ROLES = { viewer: "Viewer", operator: "Operator", auditor: "Auditor" };
const text = (letter: string) => `scopetrail_${letter.repeat(43)}`;
const tokens: ApiToken[] = [
  { name: "reader", sha256: tokenHash(text("r")), roles: ["viewer"] },
  { name: "robot", sha256: tokenHash(text("o")), roles: ["operator"] },
  { name: "old", sha256: tokenHash(text("e")), roles: ["operator"], expires: NOW },
];

let provider: OpenIdProvider;
beforeAll(async () => {
  provider = await startOpenIdProvider();
});
afterAll(() => provider.close());

function served() {
  const sessions = createSessions();
  const log = createMemoryDecisions();
  const told: string[] = [];
  const app = createApp(sampleView(), {
    allowedHosts: () => [HOST],
    version: "test",
    decisions: log,
    now: () => NOW,
    access: { ...accessParts(), tokens, sessions, provider: { ...provider, audience: AUDIENCE, roles: ROLES } },
    signIn: {
      issuer: provider.issuer,
      clientId: "client-1",
      publicUrl: `https://${HOST}`,
      roles: ROLES,
      sessions,
      now: () => NOW,
      onSignIn: (who, problem) => told.push(problem === undefined ? who : `${who}: ${problem}`),
    },
    onFailure: (error) => {
      throw error;
    },
  });
  const ask = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    await app.request(path, { ...init, headers: { host: HOST, ...headers } });
  return { ask, told, log };
}

const seconds = () => Math.floor(Date.now() / 1_000);
const claims = (over: JWTPayload = {}): JWTPayload => ({
  iss: provider.issuer,
  aud: AUDIENCE,
  sub: "s-1",
  oid: "o-1",
  azp: "client-2",
  roles: ["Viewer"],
  iat: seconds(),
  exp: seconds() + 600,
  ...over,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const API = "/api/v1/findings";

describe("access tokens of the provider", () => {
  let ask: ReturnType<typeof served>["ask"];
  beforeAll(() => {
    ask = served().ask;
  });
  const status = async (token: string): Promise<number> => (await ask(API, bearer(token))).status;
  const without = (name: string): JWTPayload =>
    Object.fromEntries(Object.entries(claims()).filter(([key]) => key !== name));
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  test("a good one may look", async () => {
    expect(await status(await provider.sign(claims()))).toBe(200);
    expect(await status(await provider.sign(claims({ aud: ["other", AUDIENCE] })))).toBe(200);
    expect(await status(await provider.sign({ ...without("azp"), appid: "client-2", ver: "1.0" }))).toBe(200);
  });

  const bad: { name: string; token: () => Promise<string> | string; answer?: number }[] = [
    { name: "no signature", token: () => `${encoded({ alg: "none" })}.${encoded(claims())}.` },
    {
      name: "a signature with the public key as a secret",
      token: async () =>
        await new SignJWT(claims())
          .setProtectedHeader({ alg: "HS256", kid: "key-1" })
          .sign(new TextEncoder().encode(await exportSPKI(provider.publicKey))),
    },
    {
      name: "a key that the token names by address",
      token: () => provider.sign(claims(), { kid: "other", jku: `${provider.issuer}/keys` }),
    },
    { name: "a path as a key's name", token: () => provider.sign(claims(), { kid: "../../dev/null" }) },
    { name: "another issuer", token: () => provider.sign(claims({ iss: `${provider.issuer}/` })) },
    { name: "another audience", token: () => provider.sign(claims({ aud: "api-2" })) },
    { name: "a longer audience", token: () => provider.sign(claims({ aud: `${AUDIENCE}x` })) },
    { name: "no end", token: () => provider.sign(without("exp")) },
    { name: "an end that is past", token: () => provider.sign(claims({ exp: seconds() - 61 })) },
    { name: "an end that is text", token: () => provider.sign(claims({ exp: "2099" as unknown as number })) },
    { name: "a begin to come", token: () => provider.sign(claims({ nbf: seconds() + 120 })) },
    { name: "an issue to come", token: () => provider.sign(claims({ iat: seconds() + 120 })) },
    { name: "an ID token", token: () => provider.sign({ ...without("azp"), nonce: "n" }) },
    { name: "an ID token that names a client", token: () => provider.sign(claims({ nonce: "n" })) },
    {
      name: "claims that were changed",
      token: async () =>
        (await provider.sign(claims())).replace(/\.[^.]+\./, `.${encoded(claims({ roles: ["Operator"] }))}.`),
    },
    { name: "nonsense", token: () => "abc" },
    { name: "no role", token: () => provider.sign(claims({ roles: [] })), answer: 403 },
    { name: "roles as one text", token: () => provider.sign(claims({ roles: "Viewer" })), answer: 403 },
    { name: "roles as an object", token: () => provider.sign(claims({ roles: { Viewer: true } })), answer: 403 },
  ];
  test.each(bad)("$name is refused", async ({ token, answer = 401 }) => {
    const response = await ask(API, bearer(await token()));
    expect(response.status).toBe(answer);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.text()).not.toContain("F-7Q2KABCDEF");
  });

  test("a flood of unknown keys does not reach the provider", async () => {
    const before = provider.keyRequests();
    for (let i = 0; i < 200; i++) await status(await provider.sign(claims(), { kid: `unknown-${i}` }));
    expect(provider.keyRequests() - before).toBeLessThanOrEqual(1);
    expect(await status(await provider.sign(claims()))).toBe(200);
  });

  test("a provider that is down is told as that, not as a bad token", async () => {
    const down = await startOpenIdProvider();
    await down.close();
    const app = createApp(sampleView(), {
      allowedHosts: () => [HOST],
      version: "test",
      decisions: createMemoryDecisions(),
      now: () => NOW,
      access: { ...accessParts(), tokens, provider: { ...down, audience: AUDIENCE, roles: ROLES } },
      onFailure: () => undefined,
    });
    const response = await app.request(API, { headers: { host: HOST, ...bearer(await down.sign(claims())) } });
    expect(response.status).toBe(503);
    expect((await app.request(API, { headers: { host: HOST, ...bearer(text("r")) } })).status).toBe(200);
  });
});

describe("who is let in", () => {
  const rows: { name: string; headers?: Record<string, string>; path?: string; status: number }[] = [
    { name: "nobody", status: 401 },
    { name: "a known token", headers: bearer(text("r")), status: 200 },
    { name: "the scheme in small letters", headers: { authorization: `bearer ${text("r")}` }, status: 200 },
    { name: "an unknown token", headers: bearer(text("x")), status: 401 },
    { name: "a token that has expired", headers: bearer(text("e")), status: 401 },
    { name: "a token cut short", headers: bearer(text("r").slice(0, -1)), status: 401 },
    {
      name: "a token as a password",
      headers: { authorization: `Basic ${Buffer.from(`x:${text("r")}`).toString("base64")}` },
      status: 401,
    },
    { name: "two tokens in one", headers: { authorization: `Bearer ${text("x")}, Bearer ${text("r")}` }, status: 401 },
    { name: "a token in the address", path: `${API}?access_token=${text("r")}`, status: 401 },
    {
      name: "an unsigned principal of a front door",
      headers: { "x-ms-client-principal": "e30=", "x-ms-client-principal-name": "admin" },
      status: 401,
    },
    { name: "the hash of a token", headers: bearer(tokenHash(text("r"))), status: 401 },
    { name: "an invented session", headers: { cookie: "__Host-scopetrail=abc" }, status: 401 },
    { name: "nobody, for whether it lives", path: "/livez", status: 200 },
    { name: "nobody, for a style", path: "/assets/style.css", status: 200 },
    { name: "nobody, for the stream", path: "/api/v1/stream", status: 401 },
    { name: "nobody, for the document", path: "/api/v1/openapi.json", status: 401 },
    { name: "nobody, by a way around", path: "/assets/../api/v1/findings", status: 401 },
    { name: "nobody, by an encoded way around", path: "/assets/%2e%2e/api/v1/findings", status: 401 },
  ];
  test.each(rows)("$name: $status", async ({ headers = {}, path = API, status }) => {
    expect((await served().ask(path, headers)).status).toBe(status);
  });

  test("who may look may not decide, and what is decided has a name", async () => {
    const { ask, log } = served();
    const mute = async (token: string) =>
      await ask(
        "/api/v1/findings/F-7Q2KABCDEF/mute",
        { ...bearer(token), "content-type": "application/json" },
        { method: "POST", body: JSON.stringify({ reason: "because" }) },
      );
    expect((await mute(text("r"))).status).toBe(403);
    expect(log.decisions.log).toEqual([]);
    expect((await mute(text("o"))).status).toBe(200);
    expect(log.decisions.log.map(({ by }) => by)).toEqual(["token robot"]);
  });

  test("the document says that a token is needed", async () => {
    const document = (await (await served().ask("/api/v1/openapi.json", bearer(text("r")))).json()) as Record<
      string,
      unknown
    >;
    expect(document).toMatchObject({ security: [{ token: [] }] });
  });
});

describe("signing in with a browser", () => {
  beforeEach(() => {
    provider.claims = { sub: "s-1", preferred_username: "maria@contoso.com", roles: ["Operator"] };
    provider.mangle = undefined;
  });

  const cookieOf = (response: Response, name: string): string =>
    response.headers
      .getSetCookie()
      .find((one) => one.startsWith(`${name}=`))
      ?.split(";")[0] ?? "";
  const begin = async (ask: ReturnType<typeof served>["ask"], path = "/failures?status=open") => {
    const first = await ask(path);
    const signIn = await ask(first.headers.get("location") ?? "/nowhere");
    const back = await fetch(signIn.headers.get("location") ?? "", { redirect: "manual" });
    const callback = new URL(back.headers.get("location") ?? "");
    return {
      first,
      signIn,
      callback: `${callback.pathname}${callback.search}`,
      pending: cookieOf(signIn, "__Host-scopetrail-sign-in"),
    };
  };
  const SESSION = "__Host-scopetrail";

  test("leads to the provider, back to the page that was asked for, and out again", async () => {
    const { ask, told } = served();
    const { first, signIn, callback, pending } = await begin(ask);
    expect(first.status).toBe(302);
    const asked = new URL(signIn.headers.get("location") ?? "").searchParams;
    expect(asked.get("code_challenge_method")).toBe("S256");
    expect(asked.get("redirect_uri")).toBe(`https://${HOST}/auth/callback`);
    const entered = await ask(callback, { cookie: pending });
    expect(entered.headers.get("location")).toBe("/failures?status=open");
    const set = entered.headers.getSetCookie().find((one) => one.startsWith(`${SESSION}=`)) ?? "";
    for (const word of ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"]) expect(set).toContain(word);
    expect(set).not.toContain("Domain");
    const session = cookieOf(entered, SESSION);
    expect((await ask("/failures", { cookie: session })).status).toBe(200);
    expect((await ask(API, { cookie: session })).status).toBe(200);
    expect(told).toEqual(["maria@contoso.com"]);
    await ask("/auth/sign-out", { cookie: session, origin: `https://${HOST}` }, { method: "POST" });
    expect((await ask(API, { cookie: session })).status).toBe(401);
  });

  test("a session that was there before is not gone on with", async () => {
    const { ask } = served();
    const one = await begin(ask);
    const first = cookieOf(await ask(one.callback, { cookie: one.pending }), SESSION);
    const two = await begin(ask);
    const second = cookieOf(await ask(two.callback, { cookie: `${two.pending}; ${first}` }), SESSION);
    expect(second).not.toBe(first);
    expect((await ask(API, { cookie: first })).status).toBe(401);
    expect((await ask(API, { cookie: second })).status).toBe(200);
  });

  const attacks: {
    name: string;
    change: (callback: string, pending: string) => { callback: string; cookie: string };
    status: number;
  }[] = [
    { name: "another browser's callback", change: (callback) => ({ callback, cookie: "" }), status: 400 },
    {
      name: "an invented sign-in",
      change: (callback) => ({ callback, cookie: "__Host-scopetrail-sign-in=abc" }),
      status: 400,
    },
    {
      name: "another state",
      change: (callback, cookie) => ({ callback: callback.replace(/state=[^&]+/, "state=other"), cookie }),
      status: 401,
    },
    {
      name: "another code",
      change: (callback, cookie) => ({ callback: callback.replace(/code=[^&]+/, "code=other"), cookie }),
      status: 401,
    },
    {
      name: "a refusal of the provider",
      change: (callback, cookie) => ({ callback: callback.replace(/code=[^&]+/, "error=access_denied"), cookie }),
      status: 401,
    },
  ];
  test.each(attacks)("$name does not lead in", async ({ change, status }) => {
    const { ask } = served();
    const { callback, pending } = await begin(ask);
    const { callback: path, cookie } = change(callback, pending);
    const response = await ask(path, { cookie });
    expect(response.status).toBe(status);
    expect(cookieOf(response, SESSION)).toBe("");
  });

  test("a callback is good once", async () => {
    const { ask } = served();
    const { callback, pending } = await begin(ask);
    expect((await ask(callback, { cookie: pending })).status).toBe(302);
    expect((await ask(callback, { cookie: pending })).status).toBe(400);
  });

  const idTokens: { name: string; claims?: JWTPayload; mangle?: (token: string) => string; status: number }[] = [
    { name: "another nonce", claims: { nonce: "other" }, status: 401 },
    { name: "another client", claims: { aud: "client-2" }, status: 401 },
    { name: "another issuer", claims: { iss: "https://evil.example" }, status: 401 },
    { name: "an end that is past", claims: { exp: 1_000 }, status: 401 },
    { name: "a signature of somebody else", mangle: (token) => `${token.slice(0, -8)}AAAAAAAA`, status: 401 },
    { name: "no role", claims: { roles: [] }, status: 403 },
  ];
  test.each(idTokens)("an ID token with $name does not lead in", async ({ claims: over = {}, mangle, status }) => {
    const { ask, told } = served();
    provider.claims = { ...provider.claims, ...over };
    provider.mangle = mangle;
    const { callback, pending } = await begin(ask);
    const response = await ask(callback, { cookie: pending });
    expect(response.status).toBe(status);
    expect(cookieOf(response, SESSION)).toBe("");
    expect(told).toHaveLength(1);
  });

  test.each(["//evil.example", "https://evil.example", "/\\evil.example", "/auth/sign-out", "javascript:alert(1)"])(
    "%s is no page to go on to",
    async (to) => {
      const { ask } = served();
      const signIn = await ask(`/auth/sign-in?to=${encodeURIComponent(to)}`);
      const back = await fetch(signIn.headers.get("location") ?? "", { redirect: "manual" });
      const callback = new URL(back.headers.get("location") ?? "");
      const entered = await ask(`${callback.pathname}${callback.search}`, {
        cookie: cookieOf(signIn, "__Host-scopetrail-sign-in"),
      });
      expect(entered.headers.get("location")).toBe("/");
    },
  );
});
