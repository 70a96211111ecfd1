import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { epochMs, msBetween } from "../../model/time.ts";
import { clock, iso, span } from "../format.ts";
import { LONGEST_SEARCH } from "../filter.ts";
import type { Screen } from "../view.ts";
import { helpDialog } from "./help.ts";

/** Markup whose inserted values were escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

interface Page {
  readonly title: string;
  readonly path: string;
  readonly screen: Screen;
  readonly chart?: boolean;
  /** Modules of its own. */
  readonly scripts?: readonly string[];
  readonly body: Markup;
  /** The page's address with times instead of `now`, for a link that shows the same tomorrow. */
  readonly link?: string;
  /** The page shows a fixed span of time: it does not change by itself. */
  readonly fixed?: boolean;
  /** The page shows what never changes: there is nothing live about it. */
  readonly still?: boolean;
}

/** Screens, and the key that leads there after `g`. */
export const LINKS = [
  ["/", "Overview", "o"],
  ["/failures", "Failures", "f"],
  ["/calls", "Calls", "c"],
  ["/principals", "Principals", "p"],
  ["/exports", "Exports", "x"],
  ["/health", "Health", "h"],
] as const;

/** The frame of every page: bar, main, scripts. Works without scripts, but for charts and live updates. */
export function layout(page: Page): Markup {
  const { title, path, screen, chart = false, scripts = [], body, link, fixed = false, still = false } = page;
  const libraries = chart ? ["chart.js", "luxon.js", "adapter.js", "annotation.js"] : [];
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
${libraries.map((name) => html`<script src="/assets/${name}" defer></script>`)}
<script src="/assets/page.js" type="module"></script>
<script src="/assets/keys.js" type="module"></script>
${[...(chart ? ["chart-page.js"] : []), ...scripts].map((name) => html`<script src="/assets/${name}" type="module"></script>`)}
</head>
<body${link === undefined ? "" : html` data-link="${link}"`}${fixed ? html` data-fixed` : ""}>
<a class="skip" href="#main">Skip to content</a>
<header class="bar">
<a class="brand" href="/">Scopetrail</a>
<nav aria-label="Screens">${LINKS.map(([href, name]) => html`<a href="${href}"${isHere(href, path) ? html` aria-current="page"` : ""}>${name}</a>`)}</nav>
${still ? "" : html`<span class="pulse">${livePill(screen)}<button type="button" class="quiet" id="pause" aria-pressed="false">Pause</button></span>`}
<span class="push"></span>
<form class="search" action="/search" role="search"><input type="search" name="q" id="search" maxlength="${LONGEST_SEARCH}" placeholder="Finding, call id, API …" aria-label="Search findings and calls"></form>
<span class="zone" title="All times are UTC">UTC</span>
<button type="button" class="icon" id="help-button" aria-label="Keyboard shortcuts" aria-haspopup="dialog">?</button>
${screen.canSignOut === true ? html`<form class="sign-out" method="post" action="/auth/sign-out"><span class="zone">${screen.decisions.by}</span> <button>Sign out</button></form>` : ""}
<button type="button" class="icon" id="theme" aria-label="Switch between light and dark">◐</button>
</header>
<main id="main" tabindex="-1">${body}</main>
<p class="visually-hidden" id="announce" role="status" aria-live="polite"></p>
${helpDialog(LINKS)}
</body>
</html>`;
}

const isHere = (href: string, path: string): boolean => (href === "/" ? path === "/" : path.startsWith(href));

const LATE_MS = 60_000;
const STALE_MS = 300_000;

/** How fresh the page is. The script goes on counting from `data-newest` while nothing arrives. */
function livePill({ view, now }: Screen): Markup {
  const watermark = view.watermark();
  const sources = view.sources();
  const newest = sources.reduce((most, { newest: at }) => Math.max(most, at === null ? 0 : epochMs(at)), 0);
  if (watermark === null || newest === 0)
    return html`<span class="live" id="live" data-swap>Waiting for the first records</span>`;
  const age = Math.max(0, now - newest);
  const state = age < LATE_MS ? "fresh" : age < STALE_MS ? "late" : "stale";
  const heard = sources.filter(({ newest: at, records }) => at !== null || records > 0).length;
  const partitions = `${heard}/${sources.length} ${sources.length === 1 ? "partition" : "partitions"}`;
  return html`<span class="live ${state}" id="live" data-swap data-newest="${newest}" title="Findings stand up to ${clock(watermark)}Z"><span class="dot"></span>Live · lag <span class="age">${span(age)}</span> · ${partitions}</span>`;
}

const BEHIND_MS = 300_000;

/** What keeps the numbers of a page from being whole: partitions that lag behind the others. */
export function partialNotice({ view }: Screen): Markup {
  const sources = view.sources();
  const watermark = view.watermark();
  const newest = sources.reduce<number>(
    (most, { newest: at }) => Math.max(most, at ?? Number.NEGATIVE_INFINITY),
    Number.NEGATIVE_INFINITY,
  );
  const behind = sources.flatMap(({ source, partition, newest: at }) => {
    if (at === null) return [];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const ms = msBetween(newest as typeof at, at);
    return ms > BEHIND_MS ? [`${source}/${partition} is ${span(ms)} behind`] : [];
  });
  const says =
    behind.length === 0 || watermark === null
      ? ""
      : html`Data until <time datetime="${iso(watermark)}">${clock(watermark)}Z</time>; ${behind.slice(0, 3).join(", ")}${behind.length > 3 ? ` and ${behind.length - 3} more` : ""}. Numbers may rise.`;
  return html`<p class="notice" id="partial" data-swap${says === "" ? html` hidden` : ""}>${says}</p>`;
}

/** An error for a person: what failed and where to go. */
export const errorPage = (
  screen: Screen,
  path: string,
  error: { readonly title: string; readonly says: string },
): Markup =>
  layout({
    title: error.title,
    path,
    screen,
    body: html`<div class="empty"><h1>${error.title}</h1><p>${error.says}</p><p><a href="/">Back to the overview</a></p></div>`,
  });
