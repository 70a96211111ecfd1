import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { epochMs } from "../../model/time.ts";
import { clock, iso, span } from "../format.ts";
import type { Screen } from "../view.ts";

/** Markup whose inserted values were escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

interface Page {
  readonly title: string;
  readonly path: string;
  readonly screen: Screen;
  readonly chart?: boolean;
  readonly body: Markup;
}

const LINKS = [
  ["/", "Overview"],
  ["/failures", "Failures"],
  ["/principals", "Principals"],
  ["/health", "Health"],
] as const;

/** The frame of every page: bar, main, scripts. Works without scripts, but for charts and live updates. */
export function layout({ title, path, screen, chart = false, body }: Page): Markup {
  const scripts = chart ? ["chart.js", "luxon.js", "adapter.js", "annotation.js"] : [];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Scopetrail</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
<script src="/assets/theme.js"></script>
${scripts.map((name) => html`<script src="/assets/${name}" defer></script>`)}
<script src="/assets/page.js" type="module"></script>
${chart ? html`<script src="/assets/chart-page.js" type="module"></script>` : ""}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar">
<a class="brand" href="/">Scopetrail</a>
<nav aria-label="Screens">${LINKS.map(([href, name]) => html`<a href="${href}"${(href === "/" ? path === "/" : path.startsWith(href)) ? html` aria-current="page"` : ""}>${name}</a>`)}</nav>
${livePill(screen)}
<span class="push"></span>
<span class="zone" title="All times are UTC">UTC</span>
<button type="button" class="icon" id="theme" aria-label="Switch between light and dark">◐</button>
</header>
<main id="main" tabindex="-1">${body}</main>
<p class="visually-hidden" id="announce" role="status" aria-live="polite"></p>
</body>
</html>`;
}

const LATE_MS = 60_000;
const STALE_MS = 300_000;

/** How fresh the page is. The script goes on counting from `data-newest` while nothing arrives. */
function livePill({ view, now }: Screen): Markup {
  const watermark = view.watermark();
  const newest = view.sources().reduce((most, { newest: at }) => Math.max(most, at === null ? 0 : epochMs(at)), 0);
  if (watermark === null || newest === 0)
    return html`<span class="live" id="live" data-swap>Waiting for the first records</span>`;
  const age = Math.max(0, now - newest);
  const state = age < LATE_MS ? "fresh" : age < STALE_MS ? "late" : "stale";
  return html`<span class="live ${state}" id="live" data-swap data-newest="${newest}"><span class="dot"></span>Live · newest record <span class="age">${span(age)}</span> ago · findings stand up to <time datetime="${iso(watermark)}">${clock(watermark)}Z</time></span>`;
}

/** An error for a person: what failed and where to go. */
export const errorPage = (screen: Screen, path: string, says: string): Markup =>
  layout({
    title: "Not found",
    path,
    screen,
    body: html`<div class="empty"><h1>Nothing here</h1><p>${says}</p><p><a href="/">Back to the overview</a></p></div>`,
  });
