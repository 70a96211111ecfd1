import { html } from "hono/html";
import { count } from "../format.ts";
import type { View } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { findingRow } from "./parts.ts";

/** All findings, open ones first. */
export function failuresPage(view: View): Markup {
  const { findings, correlation } = view.report();
  const list =
    findings.length === 0
      ? html`<p class="muted">No 401 or 403 that should not be. ${count(correlation.calls)} calls checked.</p>`
      : html`<ul class="findings">${findings.map(findingRow)}</ul>`;
  const body = html`<h1>Failures</h1><section class="panel" id="list" data-swap>${list}</section>`;
  return layout({ title: "Failures", path: "/failures", view, body });
}
