import type { MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", CSP],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
];

/** Strict headers on everything; pages and data are not kept by the browser unless a route says so. */
export function secureHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    for (const [name, value] of HEADERS) context.res.headers.set(name, value);
    if (!context.res.headers.has("cache-control")) context.res.headers.set("cache-control", "no-store");
  };
}

/** Only names that lead here by intent are answered: a foreign name that resolves to loopback is an attack (DNS rebinding). */
export function knownHosts(allowed: () => readonly string[]): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header("host") ?? new URL(context.req.url).host;
    if (allowed().includes(host)) return await next();
    return problem(
      context,
      421,
      "This address is not one that Scopetrail answers to. Use the address that it printed at start.",
    );
  };
}

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const OWN: ReadonlySet<string> = new Set(["same-origin", "none"]);

/**
 * What changes something comes from our own pages or from no page at all: another site's form or script is refused, by
 * the browser's own words (fetch metadata) and by its origin.
 */
export function sameOrigin(): MiddlewareHandler {
  return async (context, next) => {
    const { req } = context;
    if (SAFE.has(req.method)) return await next();
    const site = req.header("sec-fetch-site");
    const origin = req.header("origin");
    const host = req.header("host") ?? new URL(req.url).host;
    const isForeign =
      (site !== undefined && !OWN.has(site)) ||
      (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host));
    if (isForeign) return problem(context, 403, "Another site may not do this.");
    return await next();
  };
}
