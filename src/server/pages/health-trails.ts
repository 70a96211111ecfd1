import { html } from "hono/html";
import type { TrailHealth } from "../../model/trail-health.ts";
import { count } from "../format.ts";
import type { Screen } from "../view.ts";
import type { Markup } from "./layout.ts";
import { scrollable } from "./parts.ts";

/** Checkpoints that sources keep in blobs; nothing where none does. */
export function trailsSection({ view }: Screen): Markup {
  const rows = [...(view.trails?.() ?? [])];
  if (rows.length === 0) return html``;
  return html`<section class="panel" id="checkpoints" data-swap><h2>Checkpoints in blobs</h2>${scrollable(
    "Checkpoints in blobs",
    html`<table class="roomy"><thead><tr><th>Source</th><th class="n">Written</th><th class="n">Failed attempts</th><th>State</th></tr></thead><tbody>${rows.map(([source, trailed]) => html`<tr data-key="${source}"><td>${source}</td><td class="n">${count(trailed.written)}</td><td class="n">${count(trailed.failed)}</td><td>${state(trailed)}</td></tr>`)}</tbody></table>`,
  )}<p class="muted small">They follow what was committed; reading goes on from the state file.</p></section>`;
}

function state({ failed, behind }: TrailHealth): Markup {
  if (behind === 0) return html`<span class="live fresh">up to date</span>`;
  const partitions = `${count(behind)} ${behind === 1 ? "partition" : "partitions"} behind`;
  return failed === 0
    ? html`<span class="live late">${partitions}</span>`
    : html`<span class="live stale">${partitions}</span>`;
}
