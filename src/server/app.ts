import { type Context, Hono } from "hono";
import { toFindingJson, toReportJson } from "../findings/report-json.ts";
import type { Finding } from "../model/finding.ts";
import type { MinuteCount } from "../model/report.ts";
import type { EpochMs } from "../model/time.ts";
import { serveAssets } from "./assets.ts";
import { iso } from "./format.ts";
import { failuresPage } from "./pages/failures.ts";
import { findingPage } from "./pages/finding.ts";
import { healthPage } from "./pages/health.ts";
import { errorPage } from "./pages/layout.ts";
import { OVERVIEW_MINUTES, overviewPage } from "./pages/overview.ts";
import { principalRoutes } from "./principals.ts";
import type { PrincipalsView } from "./principals-view.ts";
import { knownHosts, secureHeaders } from "./security.ts";
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
  /** Told of a request that failed for a reason of ours. */
  readonly onFailure: (error: Error) => void;
}

/** Dashboard and read API over a view; knows nothing of how the view comes about. */
export function createApp(view: View, options: AppOptions): Hono {
  const app = new Hono();
  app.use(secureHeaders());
  app.use(knownHosts(options.allowedHosts));
  serveAssets(app);
  const screen = (): Screen => ({ view, now: options.now() });
  if (options.principals !== undefined)
    principalRoutes(app, options.principals, { screen, missing: (context) => missing(context, screen()) });
  pages(app, screen);
  api(app, view, options);
  app.notFound((context) => missing(context, screen()));
  app.onError((error, context) => {
    options.onFailure(error);
    return problem(context, 500, "Something in Scopetrail failed; its log has the details.");
  });
  return app;
}

function pages(app: Hono, screen: () => Screen): void {
  app.get("/", (context) => context.html(overviewPage(screen())));
  app.get("/failures", (context) => context.html(failuresPage(screen())));
  app.get("/health", (context) => context.html(healthPage(screen())));
  app.get("/failures/:id", (context) => {
    const finding = screen().view.finding(context.req.param("id"));
    return finding === undefined ? missing(context, screen()) : context.html(findingPage(screen(), finding));
  });
}

function api(app: Hono, view: View, { version, principals }: AppOptions): void {
  /** Those about refusals first. */
  const findings = (): readonly Finding[] => [...view.report().findings, ...(principals?.findings() ?? [])];
  app.get("/livez", (context) => context.json({ status: "ok", version }));
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
    return finding === undefined
      ? noResource(context)
      : context.json({ items: view.findingMinutes(finding.id).map(minuteJson) });
  });
  app.get("/api/v1/minutes", (context) => context.json({ items: view.minutes(OVERVIEW_MINUTES).map(minuteJson) }));
  app.get("/api/v1/stream", (context) => changes(view, context));
}

const minuteJson = ({ time, calls, refused401, refused403 }: MinuteCount) => ({
  time: iso(time),
  calls,
  refused401,
  refused403,
});

function missing(context: Context, screen: Screen): Response | Promise<Response> {
  const { path } = context.req;
  if (path.startsWith("/api/")) return noResource(context);
  return context.html(errorPage(screen, path, "There is no such page, or the finding is no longer kept."), 404);
}

const noResource = (context: Context): Response => problem(context, 404, "There is no such resource.");

/** RFC 9457. */
function problem(context: Context, status: 404 | 500, detail: string): Response {
  const title = status === 404 ? "Not found" : "Internal error";
  return context.body(JSON.stringify({ type: "about:blank", title, status, detail }), status, {
    "content-type": "application/problem+json",
  });
}
