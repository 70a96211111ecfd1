import { html } from "hono/html";
import { count, dateTime } from "../format.ts";
import type { View } from "../view.ts";
import { layout, type Markup } from "./layout.ts";

/** What came in, what could not be read, and what cannot be seen. */
export function healthPage(view: View): Markup {
  const { input, blindSpots } = view.report();
  const body = html`<h1>Health</h1>
<section class="panel" id="sources" data-swap><h2>Sources</h2><div class="scroll"><table><thead><tr><th>Source</th><th>Partition</th><th class="n">Records</th><th class="n">Rejected</th><th>Newest (UTC)</th></tr></thead>
<tbody>${view.sources().map((row) => html`<tr><td>${row.source}</td><td>${row.partition}</td><td class="n">${count(row.records)}</td><td class="n">${count(row.rejected)}</td><td>${row.newest === null ? "nothing yet" : dateTime(row.newest)}</td></tr>`)}</tbody></table></div></section>
<section class="panel" id="ledger" data-swap><h2>Input</h2>
<p>${count(input.records)} records = ${count(input.accepted)} accepted + ${count(input.duplicate)} duplicate + ${count(input.filtered)} filtered + ${count(input.rejected)} rejected</p>
<div class="scroll"><table><thead><tr><th>Category</th><th class="n">Records</th></tr></thead><tbody>${Object.entries(input.byCategory).map(([category, n]) => html`<tr><td>${category}</td><td class="n">${count(n)}</td></tr>`)}</tbody></table></div></section>
<section class="panel" id="rejects" data-swap><h2>Rejected records</h2>${
    input.rejects.length === 0
      ? html`<p class="muted">Every record could be read.</p>`
      : html`<div class="scroll"><table><thead><tr><th>Stage</th><th>Reason</th><th class="n">Records</th><th>First of them</th></tr></thead><tbody>${input.rejects.map((row) => html`<tr><td>${row.stage}</td><td>${row.reason}</td><td class="n">${count(row.count)}</td><td><code>${row.sample}</code></td></tr>`)}</tbody></table></div>`
  }</section>
<section class="panel" id="spots" data-swap><h2>Blind spots</h2>${blindSpots.length === 0 ? html`<p class="muted">None.</p>` : html`<ul class="spots">${blindSpots.map(({ says, fix }) => html`<li><p>${says}</p><p class="muted">${fix}</p></li>`)}</ul>`}</section>`;
  return layout({ title: "Health", path: "/health", view, body });
}
