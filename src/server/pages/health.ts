import { html } from "hono/html";
import type { Report } from "../../model/report.ts";
import { epochMs } from "../../model/time.ts";
import { count, dateTime, percent, span } from "../format.ts";
import type { Screen, SourceHealth, TargetHealth } from "../view.ts";
import { exportsSection } from "./health-exports.ts";
import { trailsSection } from "./health-trails.ts";
import { layout, type Markup, partialNotice } from "./layout.ts";
import { blindSpotList, scrollable } from "./parts.ts";

/** What came in, what could not be read, whom it is told to, and what cannot be seen. */
export function healthPage(screen: Screen): Markup {
  const { view, version } = screen;
  const report = view.report();
  const { blindSpots } = report;
  const waitingFor = view.waitingFor();
  const body = html`<h1>Health</h1>${partialNotice(screen)}<div class="stack">
<section class="panel" id="sources" data-swap><h2>Sources</h2>${waitingFor.length === 0 ? "" : html`<ul>${waitingFor.map((says) => html`<li>${says}</li>`)}</ul>`}${sources(screen)}</section>
<section class="panel" id="ledger" data-swap><h2>Input</h2>${ledger(report)}</section>
<section class="panel" id="rejects" data-swap><h2>Rejected records</h2>${rejects(report)}</section>
<section class="panel" id="targets" data-swap><h2>Alert targets</h2>${targets(screen)}</section>
${trailsSection(screen)}
${exportsSection(screen)}
<section class="panel" id="spots" data-swap><h2>Blind spots</h2>${blindSpots.length === 0 ? html`<p class="muted">None: callers, reasons and joins are all in the logs.</p>` : blindSpotList(blindSpots)}</section>
<p class="muted small">Scopetrail ${version} · <a href="/livez">livez</a> · <a href="/readyz">readyz</a> · <a href="/metrics">metrics</a> · <a href="/api/v1/openapi.json">API</a></p></div>`;
  return layout({ title: "Health", path: "/health", screen, body });
}

function ledger({ input, correlation, identity }: Report): Markup {
  const calls = Math.max(1, correlation.calls);
  const joined = correlation.exact + correlation.inferred;
  return html`<p>${count(input.records)} records = ${count(input.accepted)} accepted + ${count(input.duplicate)} duplicate + ${count(input.filtered)} filtered + ${count(input.rejected)} rejected</p>
<div class="side-by-side">${scrollable("Records by category", html`<table><thead><tr><th>Category</th><th class="n">Records</th></tr></thead><tbody>${Object.entries(input.byCategory).map(([category, n]) => html`<tr><td>${category}</td><td class="n">${count(n)}</td></tr>`)}</tbody></table>`)}
${scrollable(
  "Calls by match",
  html`<table><thead><tr><th>Calls by match</th><th class="n">${count(correlation.calls)}</th><th class="n">Share</th></tr></thead><tbody>${figures(
    [
      ["joined with Cosmos DB", joined],
      ["gateway only", correlation.gatewayOnly],
      ["Cosmos DB only", correlation.dataPlaneOnly],
    ],
    calls,
  )}</tbody></table>`,
)}
${scrollable(
  "Callers by what is known",
  html`<table><thead><tr><th>Callers</th><th class="n">Calls</th><th class="n">Share</th></tr></thead><tbody>${figures(
    [
      ["by validated token", identity.validated],
      ["by subscription key", identity.key],
      ["claimed only", identity.claimed],
      ["unknown", identity.unknown],
    ],
    calls,
  )}</tbody></table>`,
)}</div>`;
}

const figures = (rows: readonly (readonly [string, number])[], all: number): readonly Markup[] =>
  rows.map(
    ([name, n]) => html`<tr><td>${name}</td><td class="n">${count(n)}</td><td class="n">${percent(n / all)}</td></tr>`,
  );

function rejects({ input }: Report): Markup {
  if (input.rejects.length === 0) return html`<p class="muted">Every record could be read.</p>`;
  return scrollable(
    "Rejected records",
    html`<table class="roomy"><thead><tr><th>Stage</th><th>Reason</th><th class="n">Records</th><th>First of them</th></tr></thead><tbody>${input.rejects.map((row) => html`<tr><td>${row.stage}</td><td>${row.reason}</td><td class="n">${count(row.count)}</td><td><code>${row.sample}</code></td></tr>`)}</tbody></table>`,
  );
}

const LATE_MS = 60_000;
const STALE_MS = 300_000;

function sources({ view, now }: Screen): Markup {
  const rows = view.sources().toSorted((a, b) => placeOf(a).localeCompare(placeOf(b), "en", { numeric: true }));
  if (rows.length === 0)
    return html`<p class="muted">No source has delivered a record yet. Diagnostic settings need about 15 minutes until records flow.</p>`;
  return scrollable(
    "Sources",
    html`<table class="roomy"><thead><tr><th>Source</th><th>Partition</th><th class="n">Records</th><th class="n">Rejected</th><th>Newest record (UTC)</th><th class="n">Lag</th></tr></thead>
<tbody>${rows.map(({ source, partition, records, rejected, newest }) => html`<tr data-key="${source}/${partition}"><td>${source}</td><td>${partition}</td><td class="n">${count(records)}</td><td class="n">${count(rejected)}</td><td>${newest === null ? "nothing yet" : dateTime(newest)}</td><td class="n">${newest === null ? "" : lag(now - epochMs(newest))}</td></tr>`)}</tbody></table>`,
  );
}

function lag(ms: number): Markup {
  const state = ms < LATE_MS ? "fresh" : ms < STALE_MS ? "late" : "stale";
  return html`<span class="live ${state}">${span(ms)}${state === "fresh" ? "" : ` (${state})`}</span>`;
}

const placeOf = ({ source, partition }: SourceHealth): string => `${source}/${partition}`;

function targets({ view, now }: Screen): Markup {
  const rows = view.targets();
  if (rows.length === 0)
    return html`<p class="muted">Nobody is told: the configuration names no <code>targets</code>.</p>`;
  return scrollable(
    "Alert targets",
    html`<table class="roomy"><thead><tr><th>Target</th><th>Kind</th><th class="n">Delivered</th><th class="n">Failed attempts</th><th>Last answer since the start</th></tr></thead><tbody>${rows.map((row) => html`<tr data-key="${row.name}"><td>${row.name}</td><td>${row.type}</td><td class="n">${count(row.delivered)}</td><td class="n">${count(row.failed)}</td><td>${answer(row, now)}</td></tr>`)}</tbody></table>`,
  );
}

const ANSWERS = {
  delivered: "delivered",
  retry: "will be tried again",
  broken: "broken",
  gone: "switched off",
} as const;

function answer({ last }: TargetHealth, now: number): Markup {
  if (last === null) return html`<span class="muted">nothing was sent yet</span>`;
  const state = last.kind === "delivered" ? "fresh" : last.kind === "retry" ? "late" : "stale";
  return html`<span class="live ${state}">${ANSWERS[last.kind]}</span> ${span(now - last.at)} ago: ${last.says}`;
}
