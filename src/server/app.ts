import { type Context, Hono } from "hono";
import { toFindingJson, toReportJson } from "../findings/report-json.ts";
import type { Finding } from "../model/finding.ts";
import type { MinuteCount } from "../model/report.ts";
import type { EpochMs } from "../model/time.ts";
import { serveAssets } from "./assets.ts";
import type { AzurePortal } from "./azure-link.ts";
import { filterOf, isAsked, LONGEST_SEARCH } from "./filter.ts";
import { iso } from "./format.ts";
import { failuresPage } from "./pages/failures.ts";
import { findingPage, findingRange } from "./pages/finding.ts";
import { healthPage } from "./pages/health.ts";
import { errorPage } from "./pages/layout.ts";
import { KEPT_MINUTES, overviewPage, overviewRange } from "./pages/overview.ts";
import { principalRoutes } from "./principals.ts";
import type { PrincipalsView } from "./principals-view.ts";
import { knownHosts, secureHeaders } from "./security.ts";
import { hrefOf } from "./query.ts";
import { type Buckets, bucketsOf } from "./range.ts";
import { changes } from "./stream.ts";
import type { Screen, View } from "./view.ts";

export interface AppOptions {
  /** `Host` headers that are answered; asked at each request, as the port may be known late. */
  readonly allowedHosts: () => readonly string[];
  readonly version: string;
  /** The clock on the wall. */
  readonly now: () => EpochMs;
  /** What principals hold; without it there are no pages about them. */
  readonly principals?: PrincipalsView;
  /** Where the users' logs lie in the portal. */
  readonly azure?: AzurePortal | undefined;
  /** Told of a request that failed for a reason of ours. */
  readonly onFailure: (error: Error) => void;
}

/** Dashboard and read API over a view; knows nothing of how the view comes about. */
export function createApp(view: View, options: AppOptions): Hono {
  const app = new Hono();
  app.use(secureHeaders());
  app.use(knownHosts(options.allowedHosts));
  serveAssets(app);
  const screen: ScreenOf = ({ req }) => ({
    view,
    now: options.now(),
    url: new URL(req.url),
    azure: options.azure,
    version: options.version,
  });
  const { principals } = options;
  if (principals !== undefined)
    principalRoutes(app, principals, { screen, missing: (context) => missing(context, screen(context)) });
  pages(app, screen);
  api(app, { view, principals }, screen);
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
  app.get("/search", (context) => context.redirect(searchTarget(screen(context))));
  app.get("/failures/:id", (context) => {
    const shown = screen(context);
    const finding = shown.view.finding(context.req.param("id"));
    return finding === undefined ? missing(context, shown) : context.html(findingPage(shown, finding));
  });
}

/** Where a search leads: to the one finding that has the text, or to the list of those that do. */
function searchTarget({ view, url }: Screen): string {
  const q = (url.searchParams.get("q") ?? "").trim().slice(0, LONGEST_SEARCH);
  const found = view.report().findings.filter((finding) =>
    isAsked(
      finding,
      filterOf((name) => (name === "q" ? [q] : undefined)),
    ),
  );
  const [only] = found;
  return q !== "" && only !== undefined && found.length === 1
    ? `/failures/${only.id}`
    : hrefOf("/failures", q === "" ? {} : { q });
}

interface Shown {
  readonly view: View;
  readonly principals: PrincipalsView | undefined;
}

function api(app: Hono, { view, principals }: Shown, screen: ScreenOf): void {
  /** Those about refusals first. */
  const findings = (): readonly Finding[] => [...view.report().findings, ...(principals?.findings() ?? [])];
  app.get("/livez", (context) => context.json({ status: "ok", version: screen(context).version }));
  app.get("/readyz", (context) => {
    const waitingFor = view.waitingFor();
    if (waitingFor.length > 0) return context.json({ status: "waiting", waitingFor }, 503);
    const watermark = view.watermark();
    return context.json({ status: "ok", watermark: watermark === null ? null : iso(watermark) });
  });
  app.get("/api/v1/report", (context) => context.json(toReportJson(view.report())));
  app.get("/api/v1/findings", (context) => context.json({ items: findings().map(toFindingJson), next: null }));
  app.get("/api/v1/findings/:id", (context) => {
    const finding = findings().find(({ id }) => id === context.req.param("id"));
    return finding === undefined ? noResource(context) : context.json(toFindingJson(finding));
  });
  app.get("/api/v1/findings/:id/minutes", (context) => {
    const finding = view.finding(context.req.param("id"));
    if (finding === undefined) return noResource(context);
    const minutes = view.findingMinutes(finding.id);
    return context.json(bucketsJson(bucketsOf(minutes, findingRange(screen(context).url, minutes))));
  });
  app.get("/api/v1/minutes", (context) =>
    context.json(bucketsJson(bucketsOf(view.minutes(KEPT_MINUTES), overviewRange(screen(context))))),
  );
  app.get("/api/v1/stream", (context) => changes(view, context));
}

const bucketsJson = ({ bucketMinutes, rows }: Buckets) => ({ bucketMinutes, items: rows.map(minuteJson), next: null });

const minuteJson = ({ time, calls, refused401, refused403 }: MinuteCount) => ({
  time: iso(time),
  calls,
  refused401,
  refused403,
});

function missing(context: Context, screen: Screen): Response | Promise<Response> {
  const { path } = context.req;
  if (path.startsWith("/api/")) return noResource(context);
  const says = "There is no such page, or the finding is no longer kept.";
  return context.html(errorPage(screen, path, { title: "Nothing here", says }), 404);
}

const noResource = (context: Context): Response => problem(context, 404, "There is no such resource.");

/** RFC 9457. */
function problem(context: Context, status: 404 | 500, detail: string): Response {
  const title = status === 404 ? "Not found" : "Internal error";
  return context.body(JSON.stringify({ type: "about:blank", title, status, detail }), status, {
    "content-type": "application/problem+json",
  });
}
