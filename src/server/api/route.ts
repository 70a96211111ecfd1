import type { Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { bodyLimit } from "hono/body-limit";
import { etag } from "hono/etag";
import { z } from "zod";
import { readerOf } from "../access/reading.ts";
import type { Screen } from "../view.ts";
import { arrowOf } from "./arrow-table.ts";
import { csvOf, flatTable } from "./flat-table.ts";
import { problem, type ProblemStatus } from "../problem.ts";

/** What a route answers with; a list can be had as JSON, as lines of JSON or as a table (CSV, Arrow). */
export type Answer =
  | { readonly kind: "one"; readonly value: unknown }
  | {
      readonly kind: "list";
      readonly items: readonly object[];
      readonly next?: string | null;
      readonly more?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "fault"; readonly status: ProblemStatus; readonly says: string };

export const missing: Answer = { kind: "fault", status: 404, says: "There is no such resource." };

/** One operation of the API: its document, its checks and what it does are one thing. */
export interface Route {
  readonly method: "get" | "post";
  /** With `:name` for what differs. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Parameters in the path, by name. */
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Shape of the answer, of one item in a list. */
  readonly answer: z.ZodType;
  readonly isList?: boolean;
  /** Members of a list's answer beside `items` and `next`. */
  readonly more?: Readonly<Record<string, z.ZodType>>;
  readonly faults?: readonly ProblemStatus[];
  readonly handle: (asked: Asked) => Answer | Promise<Answer>;
}

export interface Asked {
  readonly context: Context;
  readonly url: URL;
  readonly param: (name: string) => string;
  /** As the route's schema gave it. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export type ScreenOf = (asked: Asked) => Screen;

/** https://www.iana.org/assignments/media-types/application/vnd.apache.arrow.stream */
const ARROW = "application/vnd.apache.arrow.stream";
export const LIST_TYPES = ["application/json", "application/x-ndjson", "text/csv", ARROW] as const;
const ONE_TYPES = ["application/json"] as const;
export const MOST_BODY = 65_536;

/** Serves the routes: what is asked is checked against their schemas before they see it. */
export function serveRoutes(app: Hono, routes: readonly Route[]): void {
  for (const [path, those] of Map.groupBy(routes, ({ path: one }) => one)) {
    app.use(path, etag());
    app.use(
      path,
      bodyLimit({ maxSize: MOST_BODY, onError: (context) => problem(context, 413, `At most ${MOST_BODY} bytes.`) }),
    );
    for (const route of those)
      app.on(route.method.toUpperCase(), path, async (context) => await answer(route, context));
    app.all(path, (context) =>
      problem(context, 405, "This resource does not do that.", {
        allow: those.map(({ method }) => (method === "get" ? "GET, HEAD" : "POST")).join(", "),
      }),
    );
  }
}

async function answer(route: Route, context: Context): Promise<Response> {
  const type = typeOf(route, context);
  if (type === undefined) return problem(context, 406, `This can be had as ${typesOf(route).join(", ")}.`);
  const query = read(route.query ?? z.strictObject({}), parametersOf(context, route.query));
  if (!query.ok) return problem(context, 400, query.says);
  const body = route.body === undefined ? NO_BODY : await bodyOf(route.body, context);
  if (!body.ok) return problem(context, body.status, body.says);
  const given = await route.handle({
    context,
    url: new URL(context.req.url),
    param: (name) => context.req.param(name) ?? "",
    query: query.value,
    body: body.value,
  });
  if (given.kind === "fault") return problem(context, given.status, given.says);
  context.header("vary", "Accept");
  context.header("cache-control", "no-cache");
  return given.kind === "one" ? context.json(given.value) : await list(given, type, context);
}

const typesOf = ({ isList }: Route): readonly string[] => (isList === true ? LIST_TYPES : ONE_TYPES);

function typeOf(route: Route, context: Context): string | undefined {
  const supports = typesOf(route);
  const [first = ""] = supports;
  const header = context.req.header("accept");
  if (header === undefined || ANYTHING.test(header))
    return accepts(context, { header: "Accept", supports: [...supports], default: first });
  const type = accepts(context, { header: "Accept", supports: [...supports], default: "" });
  return type === "" ? undefined : type;
}

/** Whether anything is accepted. */
const ANYTHING = /(?:^|,)\s*\*(?:\/\*)?\s*(?:,|$|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/;

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly says: string };
type Members = Readonly<Record<string, unknown>>;
const NO_BODY = { ok: true, value: {} } as const;

function read(schema: z.ZodObject, value: unknown): Read<Members> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const says = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join(".") || "request"}: ${message}`);
  return { ok: false, says: says.join("; ") };
}

/** Parameters as text, or as lists of texts where the schema has a list. */
function parametersOf(context: Context, schema: z.ZodObject | undefined): Members {
  const values = new Map<string, unknown>();
  for (const [name, given] of Object.entries(context.req.queries())) {
    const isMany = schema !== undefined && Object.hasOwn(schema.shape, name) && isArray(schema.shape[name]);
    values.set(name, isMany ? given : given.length === 1 ? given[0] : given);
  }
  return Object.fromEntries(values);
}

const isArray = (schema: unknown): boolean =>
  schema instanceof z.ZodArray || (schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodArray);

async function bodyOf(
  schema: z.ZodObject,
  context: Context,
): Promise<
  | { readonly ok: true; readonly value: Members }
  | { readonly ok: false; readonly status: ProblemStatus; readonly says: string }
> {
  const type = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return { ok: false, status: 415, says: "Send application/json." };
  let value: unknown;
  try {
    value = JSON.parse(await context.req.text());
  } catch {
    return { ok: false, status: 400, says: "The body is no JSON." };
  }
  const body = read(schema, value);
  return body.ok ? body : { ok: false, status: 400, says: body.says };
}

async function list(
  { items, next = null, more }: Extract<Answer, { kind: "list" }>,
  type: string,
  context: Context,
): Promise<Response> {
  const reader = readerOf();
  if (reader !== undefined) reader.rows = items.length;
  if (type === "application/json") return context.json({ items, next, ...more });
  const url = new URL(context.req.url);
  if (next !== null) {
    url.searchParams.set("cursor", next);
    context.header("link", `<${url.pathname}${url.search}>; rel="next"`);
  }
  if (type === ARROW) return context.body(await arrowOf(flatTable(items)), 200, { "content-type": ARROW });
  const text =
    type === "text/csv" ? csvOf(flatTable(items)) : items.map((item) => `${JSON.stringify(item)}\n`).join("");
  return context.body(text, 200, { "content-type": `${type}; charset=utf-8` });
}
