import { type Context, Hono } from "hono";
import type { Decision, Decisions } from "../findings/decisions.ts";
import type { Access } from "../model/access.ts";
import type { EpochMs } from "../model/time.ts";
import { access, type AccessOptions, whoAsks } from "./access/access.ts";
import { PSEUDONYM } from "./access/pseudonyms.ts";
import { noteReaders } from "./access/reading.ts";
import { revealOf, viewsOf } from "./access/reveal.ts";
import { serveSignIn, type SignInOptions } from "./access/sign-in.ts";
import { evidencePaths } from "./api/export-document.ts";
import { type Evidence, serveEvidence } from "./api/export-route.ts";
import { openApi } from "./api/openapi.ts";
import { serveRoutes } from "./api/route.ts";
import { routesOf } from "./api/routes.ts";
import { serveAssets } from "./assets.ts";
import type { AzurePortal } from "./azure-link.ts";
import { callPages } from "./calls.ts";
import { serveMetrics } from "./metrics.ts";
import { filterOf, isAsked, LONGEST_SEARCH } from "./filter.ts";
import { iso } from "./format.ts";
import { callPath } from "./pages/call-cells.ts";
import { exportsPage } from "./pages/exports.ts";
import { failuresPage } from "./pages/failures.ts";
import { findingPage } from "./pages/finding.ts";
import { healthPage } from "./pages/health.ts";
import { errorPage } from "./pages/layout.ts";
import { overviewPage } from "./pages/overview.ts";
import { principalPages } from "./principals.ts";
import { problem } from "./problem.ts";
import { hrefOf } from "./query.ts";
import { revealPages } from "./reveals.ts";
import { knownHosts, sameOrigin, secureHeaders } from "./security.ts";
import { serveMcp } from "./serve-mcp.ts";
import { changes, createFeed } from "./stream.ts";
import { allFindings, type Screen, type View } from "./view.ts";

export interface AppOptions {
  /** `Host` headers that are answered; asked at each request, as the port may be known late. */
  readonly allowedHosts: () => readonly string[];
  readonly version: string;
  /** The clock on the wall. */
  readonly now: () => EpochMs;
  readonly decisions: { readonly decisions: Decisions; add(decision: Decision): void };
  /** Where the users' logs lie in the portal. */
  readonly azure?: AzurePortal | undefined;
  /** Who may ask; without it whoever reaches the address. */
  readonly access?: AccessOptions | undefined;
  readonly signIn?: SignInOptions | undefined;
  /** Whether assistant programs may ask at `/mcp`. */
  readonly hasMcp?: boolean | undefined;
  /** What auditors take away; without it nothing can be. */
  readonly evidence?: Evidence | undefined;
  /** Told of each list that is taken away as a file. */
  readonly onDownload?: ((download: Omit<Access, "at">) => void) | undefined;
  /** Told of a request that failed for a reason of ours. */
  readonly onFailure: (error: Error) => void;
}

/** Dashboard and API over a view; knows nothing of how the view comes about. */
export function createApp(view: View, options: AppOptions): Hono {
  const app = new Hono();
  app.use(secureHeaders());
  app.use(knownHosts(options.allowedHosts));
  app.use(sameOrigin());
  if (options.access !== undefined) app.use(access(options.access));
  app.use(noteReaders((download) => options.onDownload?.(download)));
  if (options.signIn !== undefined) serveSignIn(app, options.signIn);
  serveAssets(app);
  const viewOf = viewsOf(view, options.access);
  const screen: ScreenOf = (context) => ({
    view: viewOf(context),
    now: options.now(),
    url: new URL(context.req.url),
    azure: options.azure,
    version: options.version,
    canSignOut: options.signIn !== undefined,
    decisions: {
      all: options.decisions.decisions,
      by: whoAsks(context).name,
      add: (decision) => options.decisions.add(decision),
    },
    reveal: options.access === undefined ? undefined : revealOf(view, options.access, whoAsks(context)),
  });
  principalPages(app, { screen, missing: (context) => missing(context, screen(context)) });
  revealPages(app, { screen, missing: (context) => missing(context, screen(context)) });
  callPages(app, screen);
  pages(app, screen);
  const more = options.evidence === undefined ? {} : evidencePaths();
  api(app, view, { screen, version: options.version, hasAuth: options.access !== undefined, more });
  if (options.evidence !== undefined) serveEvidence(app, view, options.evidence);
  if (options.hasMcp === true) serveMcp(app, viewOf, options.version);
  app.notFound((context) => missing(context, screen(context)));
  app.onError((error, context) => {
    options.onFailure(error);
    return problem(context, 500, "Something in Scopetrail failed; its log has the details.");
  });
  return app;
}

type ScreenOf = (context: Context) => Screen;

function pages(app: Hono, screen: ScreenOf): void {
  app.get("/", (context) => context.html(overviewPage(screen(context))));
  app.get("/failures", (context) => context.html(failuresPage(screen(context))));
  app.get("/health", (context) => context.html(healthPage(screen(context))));
  app.get("/exports", (context) => context.html(exportsPage(screen(context))));
  app.get("/search", (context) => context.redirect(searchTarget(screen(context))));
  app.get("/failures/:id", (context) => {
    const shown = screen(context);
    const finding = shown.view.finding(context.req.param("id"));
    return finding === undefined ? missing(context, shown) : context.html(findingPage(shown, finding));
  });
}

/** W3C trace context, level 1, section 3.2: version, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/i;

/** Where a search leads: for an auditor to whom a pseudonym stands for; to the call of the id, to the one finding or principal that has the text, or to a list. */
function searchTarget({ view, url, reveal }: Screen): string {
  const q = (url.searchParams.get("q") ?? "").trim().slice(0, LONGEST_SEARCH);
  if (reveal !== undefined && PSEUDONYM.test(q)) return hrefOf("/reveals", { pseudonym: q });
  const ids = [q, TRACEPARENT.exec(q)?.[1] ?? ""].filter((id) => id !== "");
  const call = ids.find((id) => view.calls(id).calls.length > 0);
  if (call !== undefined) return callPath(call);
  if (q !== "" && view.principals?.has(q) === true) return `/principals/${encodeURIComponent(q)}`;
  const filter = filterOf((name) => (name === "q" ? [q] : undefined));
  const found = allFindings(view).filter((finding) => isAsked(finding, filter));
  const [only] = found;
  if (q !== "" && only !== undefined && found.length === 1) return `/failures/${only.id}`;
  return hrefOf("/failures", q === "" ? {} : { q });
}

interface ApiOptions {
  readonly screen: ScreenOf;
  readonly version: string;
  readonly hasAuth: boolean;
  /** Paths of the document that are served elsewhere. */
  readonly more: Readonly<Record<string, unknown>>;
}

function api(app: Hono, view: View, options: ApiOptions): void {
  const { screen, version, hasAuth, more } = options;
  app.get("/livez", (context) => context.json({ status: "ok", version }));
  app.get("/readyz", (context) => {
    const waitingFor = view.waitingFor();
    if (waitingFor.length > 0) return context.json({ status: "waiting", waitingFor }, 503);
    const watermark = view.watermark();
    return context.json({ status: "ok", watermark: watermark === null ? null : iso(watermark) });
  });
  serveMetrics(app, view);
  const feed = createFeed(view);
  app.get("/api/v1/stream", (context) => changes(feed, context));
  const routes = routesOf(({ context }) => screen(context));
  const document = openApi(routes, { version, hasAuth, more });
  app.get("/api/v1/openapi.json", (context) => context.json(document));
  serveRoutes(app, routes);
}

function missing(context: Context, screen: Screen): Response | Promise<Response> {
  const { path } = context.req;
  if (path.startsWith("/api/")) return problem(context, 404, "There is no such resource.");
  const says = "There is no such page, or the finding is no longer kept.";
  return context.html(errorPage(screen, path, { title: "Nothing here", says }), 404);
}
