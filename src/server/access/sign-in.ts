import { randomBytes } from "node:crypto";
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as oidc from "openid-client";
import type { EpochMs } from "../../model/time.ts";
import { problem } from "../problem.ts";
import type { Sessions } from "./sessions.ts";
import { type Role, rolesOf, type Who } from "./who.ts";

/** How people sign in with a browser: OpenID Connect, authorization code with PKCE. */
export interface SignInOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** Address of the dashboard as browsers have it. */
  readonly publicUrl: string;
  readonly roles: Readonly<Record<Role, string>>;
  readonly sessions: Sessions;
  readonly now: () => EpochMs;
  /** Told of sign-ins that came and that failed, without anything secret. */
  readonly onSignIn: (who: string, problem?: string) => void;
}

/** `__Host-`: only for this host, only over TLS, and no other path or domain can put one in its place. */
export const SESSION_COOKIE = "__Host-scopetrail";
const PENDING_COOKIE = "__Host-scopetrail-sign-in";
const COOKIE = { path: "/", secure: true, httpOnly: true, sameSite: "Lax" } as const;

interface Pending {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly to: string;
  readonly until: number;
}

const PENDING_MS = 600_000;
const MOST_PENDING = 1_000;

/** Routes of signing in and out. A sign-in belongs to the browser that began it, is used once, and ends in a new session. */
export function serveSignIn(app: Hono, options: SignInOptions): void {
  const pending = new Map<string, Pending>();
  const provider = discovered(options);
  const redirect_uri = new URL("/auth/callback", options.publicUrl).href;

  app.get("/auth/sign-in", async (context) => {
    const verifier = oidc.randomPKCECodeVerifier();
    const one: Pending = {
      verifier,
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      to: ownPath(context.req.query("to")),
      until: options.now() + PENDING_MS,
    };
    const name = randomBytes(32).toString("base64url");
    pending.set(name, one);
    const [oldest] = pending.keys();
    if (pending.size > MOST_PENDING && oldest !== undefined) pending.delete(oldest);
    setCookie(context, PENDING_COOKIE, name, { ...COOKIE, maxAge: PENDING_MS / 1_000 });
    const url = oidc.buildAuthorizationUrl(await provider(), {
      redirect_uri,
      scope: "openid profile",
      state: one.state,
      nonce: one.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    return context.redirect(url.href);
  });

  app.get("/auth/callback", async (context) => {
    const name = getCookie(context, PENDING_COOKIE) ?? "";
    const one = pending.get(name);
    pending.delete(name);
    deleteCookie(context, PENDING_COOKIE, COOKIE);
    if (one === undefined || one.until < options.now())
      return problem(context, 400, "This sign-in did not begin here, or took too long. Begin again at /auth/sign-in.");
    try {
      const current = new URL(new URL(context.req.url).search, redirect_uri);
      const tokens = await oidc.authorizationCodeGrant(await provider(), current, {
        pkceCodeVerifier: one.verifier,
        expectedState: one.state,
        expectedNonce: one.nonce,
      });
      return enter(context, options, { who: whoIs(tokens.claims(), options), to: one.to });
    } catch (error) {
      options.onSignIn("somebody", error instanceof Error ? error.message : "unknown");
      return problem(
        context,
        401,
        "The identity provider did not vouch for this sign-in. Begin again at /auth/sign-in.",
      );
    }
  });

  app.post("/auth/sign-out", (context) => {
    options.sessions.end(getCookie(context, SESSION_COOKIE) ?? "");
    deleteCookie(context, SESSION_COOKIE, COOKIE);
    return context.redirect("/auth/signed-out", 303);
  });
  app.get("/auth/signed-out", (context) => context.text("Signed out of Scopetrail. Sign in again at /auth/sign-in.\n"));
}

function enter(context: Context, options: SignInOptions, { who, to }: { who: Who; to: string }): Response {
  if (who.roles.size === 0) {
    options.onSignIn(who.name, "has no role");
    return problem(
      context,
      403,
      `You are signed in and have no role here. Ask for one of the roles ${Object.values(options.roles).join(", ")}.`,
    );
  }
  options.onSignIn(who.name);
  // A session that was there before is not gone on with: nobody can have chosen its name.
  options.sessions.end(getCookie(context, SESSION_COOKIE) ?? "");
  setCookie(context, SESSION_COOKIE, options.sessions.begin(who, options.now()), COOKIE);
  return context.redirect(to);
}

/** A path of ours to go on to; anything else leads to the overview. */
const ownPath = (to: string | undefined): string =>
  to !== undefined && /^\/(?![/\\])[^\\\s]*$/.test(to) && to.length <= 2_000 && !to.startsWith("/auth/") ? to : "/";

/** The provider's own description, asked for when somebody signs in first; asked again after a failure. */
function discovered({ issuer, clientId, clientSecret }: SignInOptions): () => Promise<oidc.Configuration> {
  let known: Promise<oidc.Configuration> | undefined;
  const url = new URL(issuer);
  const isLoopback = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  const execute = [oidc.enableNonRepudiationChecks, ...(isLoopback ? [oidc.allowInsecureRequests] : [])];
  const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret);
  return async () => {
    known ??= oidc.discovery(url, clientId, undefined, authentication, { execute, timeout: 10 });
    try {
      return await known;
    } catch (error) {
      known = undefined;
      throw error;
    }
  };
}

function whoIs(claims: oidc.IDToken | undefined, { roles }: SignInOptions): Who {
  const name = claims?.["preferred_username"] ?? claims?.["oid"] ?? claims?.sub;
  return { name: typeof name === "string" ? name.slice(0, 200) : "unknown", roles: rolesOf(claims?.["roles"], roles) };
}
