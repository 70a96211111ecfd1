import { html } from "hono/html";
import type { ExportHealth } from "../export-health.ts";
import { count, span } from "../format.ts";
import type { Screen } from "../view.ts";
import type { Markup } from "./layout.ts";
import { scrollable } from "./parts.ts";

/** Scheduled exports of evidence; nothing where there are none. */
export function exportsSection({ view, now }: Screen): Markup {
  const rows = view.exports?.() ?? [];
  if (rows.length === 0) return html``;
  return html`<section class="panel" id="exports" data-swap><h2>Scheduled exports</h2>${scrollable(
    "Scheduled exports",
    html`<table class="roomy"><thead><tr><th>Schedule</th><th>To</th><th>Newest entry since the start</th><th class="n">Failed attempts</th><th>State</th></tr></thead><tbody>${rows.map((row) => html`<tr data-key="${row.name}"><td>${row.name}</td><td>${row.to}</td><td>${newest(row, now)}</td><td class="n">${count(row.failed)}</td><td>${state(row, now)}</td></tr>`)}</tbody></table>`,
  )}</section>`;
}

const newest = ({ newest: entry }: ExportHealth, now: number): Markup =>
  entry === null
    ? html`<span class="muted">none yet</span>`
    : html`${entry.kind} ${count(entry.sequence)} of ${entry.from.slice(0, entry.kind === "digest" ? 16 : 10).replace("T", " ")}, ${span(now - entry.at)} ago`;

function state({ failure, hoursBehind }: ExportHealth, now: number): Markup {
  if (failure !== null)
    return html`<span class="live stale">failed</span> ${span(now - failure.at)} ago, tried again: ${failure.says}`;
  return hoursBehind > 0
    ? html`<span class="live late">${count(hoursBehind)} h behind</span>`
    : html`<span class="live fresh">up to date</span>`;
}
