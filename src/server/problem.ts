import type { Context } from "hono";

const TITLES = {
  400: "Bad request",
  401: "Sign in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  406: "Not acceptable",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  421: "Misdirected request",
  429: "Too many requests",
  500: "Internal error",
  503: "Not ready",
} as const;

export type ProblemStatus = keyof typeof TITLES;

/** An error as RFC 9457 has it; `detail` says what to do. */
export function problem(
  context: Context,
  status: ProblemStatus,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return context.body(JSON.stringify({ type: "about:blank", title: TITLES[status], status, detail }), status, {
    ...headers,
    "content-type": "application/problem+json",
  });
}
