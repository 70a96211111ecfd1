import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** A small OpenID provider on loopback: what Entra does when a browser signs in, and its keys. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly jwksUri: string;
  /** Requests for the keys so far. */
  readonly keyRequests: () => number;
  /** Who is signed in next, and what the ID token says. */
  claims: JWTPayload;
  /** Changes an ID token before it is given out. */
  mangle: ((token: string) => string) | undefined;
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>;
  readonly publicKey: Awaited<ReturnType<typeof generateKeyPair>>["publicKey"];
  close(): Promise<void>;
}

interface Code {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirect: string;
  readonly client: string;
}

export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1", alg: "RS256", use: "sig" };
  const codes = new Map<string, Code>();
  let keyRequests = 0;
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: OpenIdProvider = {
    issuer,
    jwksUri: `${issuer}/keys`,
    keyRequests: () => keyRequests,
    claims: { sub: "s-1", preferred_username: "maria@contoso.com", roles: ["Operator"] },
    mangle: undefined,
    publicKey,
    sign: async (claims, header = {}) =>
      await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "key-1", ...header }).sign(privateKey),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", issuer);
    const json = (value: unknown, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (url.pathname === "/keys") {
      keyRequests += 1;
      json({ keys: [jwk] });
    } else if (url.pathname === "/.well-known/openid-configuration") {
      json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ["code"],
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    } else if (url.pathname === "/authorize") authorize(url, response);
    else if (url.pathname === "/token") await token(await bodyOf(request), json);
    else json({}, 404);
  }

  function authorize({ searchParams }: URL, response: ServerResponse): void {
    const code = createHash("sha256").update(searchParams.toString()).digest("base64url");
    const redirect = searchParams.get("redirect_uri") ?? "";
    codes.set(code, {
      challenge: searchParams.get("code_challenge") ?? "",
      nonce: searchParams.get("nonce") ?? "",
      redirect,
      client: searchParams.get("client_id") ?? "",
    });
    const to = new URL(redirect);
    to.searchParams.set("code", code);
    to.searchParams.set("state", searchParams.get("state") ?? "");
    response.writeHead(302, { location: to.href }).end();
  }

  async function token(body: URLSearchParams, json: (value: unknown, status?: number) => void): Promise<void> {
    const code = codes.get(body.get("code") ?? "");
    codes.delete(body.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(body.get("code_verifier") ?? "")
      .digest("base64url");
    if (code === undefined || challenge !== code.challenge || body.get("redirect_uri") !== code.redirect) {
      json({ error: "invalid_grant" }, 400);
      return;
    }
    const now = Math.floor(Date.now() / 1_000);
    const base = { iss: issuer, aud: code.client, iat: now, exp: now + 600, nonce: code.nonce };
    const signed = await provider.sign({ ...base, ...provider.claims });
    json({
      access_token: "opaque",
      token_type: "Bearer",
      expires_in: 600,
      id_token: provider.mangle?.(signed) ?? signed,
    });
  }

  return provider;
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return new URLSearchParams(text);
}
