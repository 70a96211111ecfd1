import { html } from "hono/html";
import { count } from "../format.ts";
import { type Facet, FACETS, facetValues, type Filter, filterOf, isAsked } from "../filter.ts";
import { inOrder } from "../../findings/order.ts";
import { afterCursor, cursorOf } from "../paging.ts";
import { hrefOf, parametersOf } from "../query.ts";
import { fixedRange, rangeOf } from "../range.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup, partialNotice } from "./layout.ts";
import { newestOf } from "./overview.ts";
import { findingRow } from "./parts.ts";
import { rangeBar } from "./range-bar.ts";

const PAGE = 50;
const FACET_VALUES = 8;
const USUAL_RANGE = "now-2d";

type Parameters = Readonly<Record<string, readonly string[]>>;

/** All findings, narrowed by facets, text and time; the address is the state. */
export function failuresPage(screen: Screen): Markup {
  const { view, url } = screen;
  const parameters = parametersOf(url);
  const { findings, correlation } = view.report();
  const hasRange = url.searchParams.has("from");
  const range = rangeOf((name) => parameters[name]?.[0], newestOf(view, screen.now), USUAL_RANGE);
  const filter = filterOf((name) => parameters[name], hasRange ? range : undefined);
  const asked = inOrder(findings.filter((finding) => isAsked(finding, filter)));
  const rest = afterCursor(asked, url.searchParams.get("cursor") ?? undefined);
  const shown = rest.slice(0, PAGE);
  const next = rest.length > PAGE ? cursorOf(shown.at(-1)) : undefined;
  const body = html`<div class="panel-head"><h1>Failures</h1>${rangeBar("/failures", parameters, { range, isAsked: hasRange })}</div>
${partialNotice(screen)}
<div class="columns facets-page">
<nav class="panel facets" id="facets" data-swap aria-label="Narrow the list">${searchBox(parameters, filter)}${FACETS.map((facet) => facetList(facet, facetValues(findings, filter, facet, FACET_VALUES), parameters))}</nav>
<section class="panel" id="list" data-swap aria-label="Findings"><p class="muted" role="status">${summary(asked.length, findings.length)} ${isNarrowed(parameters) ? html`<a href="/failures">Show all</a>` : ""} <a class="to-facets" href="#facets">Narrow the list</a></p>
${shown.length === 0 ? nothing(findings.length, correlation.calls) : html`<ul class="findings">${shown.map((finding) => findingRow(finding))}</ul>`}
${next === undefined ? "" : html`<p><a class="button" href="${hrefOf("/failures", { ...parameters, cursor: next })}">Next ${count(Math.min(PAGE, rest.length - PAGE))}</a></p>`}</section></div>`;
  const link = hrefOf("/failures", hasRange ? { ...parameters, ...fixedRange(range) } : parameters);
  return layout({ title: "Failures", path: "/failures", screen, body, link, fixed: hasRange && !range.moves });
}

const summary = (asked: number, all: number): string =>
  asked === all ? `${count(all)} ${all === 1 ? "finding" : "findings"}` : `${count(asked)} of ${count(all)} findings`;

const isNarrowed = (parameters: Parameters): boolean => Object.keys(parameters).length > 0;

function searchBox({ q: _q, cursor: _cursor, ...others }: Parameters, { search }: Filter): Markup {
  const hidden = Object.entries(others).flatMap(([name, values]) =>
    values.map((value) => html`<input type="hidden" name="${name}" value="${value}">`),
  );
  return html`<form action="/failures" class="narrow">${hidden}<label for="narrow-text">Text</label><input type="search" id="narrow-text" name="q" value="${search}"><button>Narrow</button></form>`;
}

function facetList(facet: Facet, values: ReturnType<typeof facetValues>, parameters: Parameters): Markup {
  if (values.length === 0 || (values.length === 1 && values[0]?.isAsked === false)) return html``;
  return html`<h2>${facet.title}</h2><ul>${values.map(
    ({ value, says, count: n, isAsked: on }) =>
      html`<li><a href="${toggled(parameters, facet.name, value)}"${on ? html` aria-current="true"` : ""} title="${value}"><span class="tick" aria-hidden="true">${on ? "✓" : ""}</span><span class="value-name">${says}</span><span class="n">${count(n)}</span></a></li>`,
  )}</ul>`;
}

function toggled({ cursor: _cursor, ...parameters }: Parameters, name: string, value: string): string {
  const values = parameters[name] ?? [];
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
  return hrefOf("/failures", { ...parameters, [name]: next });
}

function nothing(findings: number, calls: number): Markup {
  if (calls === 0)
    return html`<p class="muted">No gateway logs received yet. Diagnostic settings need about 15 minutes until records flow.</p>`;
  return findings === 0
    ? html`<p class="muted">No call is refused that should not be. ${count(calls)} calls checked.</p>`
    : html`<p class="muted">No finding is like that. <a href="/failures">Show all ${count(findings)}</a></p>`;
}
