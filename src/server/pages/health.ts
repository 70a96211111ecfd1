import { html } from "hono/html";
import { epochMs } from "../../model/time.ts";
import { count, dateTime, span } from "../format.ts";
import type { Screen, SourceHealth } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { blindSpotList, scrollable } from "./parts.ts";

/** What came in, what could not be read, and what cannot be seen. */
export function healthPage(screen: Screen): Markup {
  const { view } = screen;
  const { input, blindSpots } = view.report();
  const waitingFor = view.waitingFor();
  const body = html`<h1>Health</h1><div class="stack">
<section class="panel" id="sources" data-swap><h2>Sources</h2>${waitingFor.length === 0 ? "" : html`<ul>${waitingFor.map((says) => html`<li>${says}</li>`)}</ul>`}${sources(screen)}</section>
<section class="panel" id="ledger" data-swap><h2>Input</h2>
<p>${count(input.records)} records = ${count(input.accepted)} accepted + ${count(input.duplicate)} duplicate + ${count(input.filtered)} filtered + ${count(input.rejected)} rejected</p>
${scrollable("Records by category", html`<table><thead><tr><th>Category</th><th class="n">Records</th></tr></thead><tbody>${Object.entries(input.byCategory).map(([category, n]) => html`<tr><td>${category}</td><td class="n">${count(n)}</td></tr>`)}</tbody></table>`)}</section>
<section class="panel" id="rejects" data-swap><h2>Rejected records</h2>${
    input.rejects.length === 0
      ? html`<p class="muted">Every record could be read.</p>`
      : scrollable(
          "Rejected records",
          html`<table class="roomy"><thead><tr><th>Stage</th><th>Reason</th><th class="n">Records</th><th>First of them</th></tr></thead><tbody>${input.rejects.map((row) => html`<tr><td>${row.stage}</td><td>${row.reason}</td><td class="n">${count(row.count)}</td><td><code>${row.sample}</code></td></tr>`)}</tbody></table>`,
        )
  }</section>
<section class="panel" id="spots" data-swap><h2>Blind spots</h2>${blindSpots.length === 0 ? html`<p class="muted">None: callers, reasons and joins are all in the logs.</p>` : blindSpotList(blindSpots)}</section></div>`;
  return layout({ title: "Health", path: "/health", screen, body });
}

function sources({ view, now }: Screen): Markup {
  const rows = view.sources().toSorted((a, b) => placeOf(a).localeCompare(placeOf(b), "en", { numeric: true }));
  if (rows.length === 0) return html`<p class="muted">No source has delivered a record yet.</p>`;
  return scrollable(
    "Sources",
    html`<table class="roomy"><thead><tr><th>Source</th><th>Partition</th><th class="n">Records</th><th class="n">Rejected</th><th>Newest record (UTC)</th><th class="n">Age</th></tr></thead>
<tbody>${rows.map(({ source, partition, records, rejected, newest }) => html`<tr><td>${source}</td><td>${partition}</td><td class="n">${count(records)}</td><td class="n">${count(rejected)}</td><td>${newest === null ? "nothing yet" : dateTime(newest)}</td><td class="n">${newest === null ? "" : span(now - epochMs(newest))}</td></tr>`)}</tbody></table>`,
  );
}

const placeOf = ({ source, partition }: SourceHealth): string => `${source}/${partition}`;
