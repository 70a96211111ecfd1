import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { EpochMs } from "../../model/time.ts";
import { problem } from "../problem.ts";
import type { AccessLog } from "./access-log.ts";
import { type ApiToken, TOKEN_PREFIX, whoHas } from "./api-tokens.ts";
import { bearerVerifier, type IdentityProvider, type Verified } from "./bearer.ts";
import type { Sessions } from "./sessions.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { createRateLimit } from "./rate-limit.ts";
import { SESSION_COOKIE } from "./sign-in.ts";
import { LOCAL, may, type Role, type Who } from "./who.ts";

/** Who may ask. Without it, whoever reaches the address, which is then loopback. */
export interface AccessOptions {
  readonly tokens: readonly ApiToken[];
  readonly provider?: IdentityProvider | undefined;
  /** There when people can sign in with a browser. */
  readonly sessions?: Sessions | undefined;
  readonly now: () => EpochMs;
  /** For those who may look and nothing else. */
  readonly pseudonyms: Pseudonyms;
  readonly log: AccessLog;
  /** Requests of one person or program, and of one address that is nobody. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
}

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** Paths that need a role of their own. */
const NEEDS: ReadonlyMap<string, Role> = new Map([
  ["/mcp", "viewer"],
  ["/reveals", "auditor"],
  ["/api/v1/reveals", "auditor"],
  ["/api/v1/export", "auditor"],
  ["/api/v1/audit", "auditor"],
]);
/** What tells nothing of findings. */
const OPEN = /^\/(?:livez|readyz|assets\/[\w.-]+|auth\/(?:sign-in|callback|signed-out|sign-out))$/;

const asked = new WeakMap<Context, Who>();

/** Who sends the request; asked after the middleware let it through. */
export const whoAsks = (context: Context): Who => asked.get(context) ?? LOCAL;

/** Whether somebody is shown people and applications by their names. */
export const seesNames = ({ roles }: Who): boolean => roles.has("operator") || roles.has("auditor");

/** Lets through who may: viewers look, operators also decide, auditors also export. A browser that nobody signed in with is led to the sign-in. */
export function access(options: AccessOptions): MiddlewareHandler {
  const verify = options.provider === undefined ? undefined : bearerVerifier(options.provider);
  const limit = createRateLimit(options.rate, options.now);
  return async (context, next) => {
    const { path, method } = context.req;
    if (OPEN.test(path)) return await next();
    const verified = await whoOf(context, options, verify);
    const wait = limit.take(verified.kind === "who" ? `who ${verified.who.name}` : `address ${addressOf(context)}`);
    if (wait > 0)
      return problem(context, 429, `Too many requests: at most ${options.rate.perSecond} a second for good.`, {
        "retry-after": String(wait),
      });
    if (verified.kind === "unreachable")
      return problem(context, 503, "The identity provider's keys cannot be had now. Try again in a minute.", {
        "retry-after": "60",
      });
    if (verified.kind === "refused") return unknown(context, options);
    const role = NEEDS.get(path) ?? (SAFE.has(method) ? "viewer" : "operator");
    if (!may(verified.who, role)) return problem(context, 403, `This needs the role ${role}.`);
    asked.set(context, verified.who);
    return await next();
  };
}

/** Of the socket: what a header says, anybody could have written. */
function addressOf(context: Context): string {
  const env: unknown = context.env;
  const isServed = typeof env === "object" && env !== null && "incoming" in env;
  return (isServed ? getConnInfo(context).remote.address : undefined) ?? "unknown";
}

async function whoOf(
  context: Context,
  { tokens, sessions, now }: AccessOptions,
  verify: ((token: string) => Promise<Verified>) | undefined,
): Promise<Verified> {
  const header = context.req.header("authorization");
  const who = header === undefined ? session(context, sessions, now()) : undefined;
  if (header === undefined) return who === undefined ? { kind: "refused" } : { kind: "who", who };
  const token = /^bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1];
  if (token === undefined) return { kind: "refused" };
  if (token.startsWith(TOKEN_PREFIX)) {
    const program = whoHas(token, tokens, now());
    return program === undefined ? { kind: "refused" } : { kind: "who", who: program };
  }
  return verify === undefined ? { kind: "refused" } : await verify(token);
}

function session(context: Context, sessions: Sessions | undefined, now: EpochMs): Who | undefined {
  const name = getCookie(context, SESSION_COOKIE);
  return name === undefined ? undefined : sessions?.find(name, now);
}

function unknown(context: Context, { sessions }: AccessOptions): Response {
  const { path, method, url } = context.req;
  const isPage = method === "GET" && !path.startsWith("/api/") && path !== "/mcp";
  if (isPage && sessions !== undefined && context.req.header("authorization") === undefined) {
    const { pathname, search } = new URL(url);
    return context.redirect(`/auth/sign-in?to=${encodeURIComponent(`${pathname}${search}`)}`);
  }
  return problem(context, 401, "Send an access token: Authorization: Bearer …", { "www-authenticate": "Bearer" });
}
