import { html } from "hono/html";
import type { Finding } from "../../model/finding.ts";
import { count } from "../format.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { findingRow } from "./parts.ts";

/** All findings: those going on, then those that ended. */
export function failuresPage(screen: Screen): Markup {
  const { findings, correlation } = screen.view.report();
  const open = findings.filter(({ status }) => status === "open");
  const ended = findings.filter(({ status }) => status !== "open");
  const body = html`<h1>Failures</h1>
<div class="stack"><section class="panel" id="going-on" data-swap><h2>Going on</h2>${
    open.length === 0 ? nothing(correlation.calls) : list(open)
  }</section>
<section class="panel" id="ended" data-swap><h2>Ended</h2>${
    ended.length === 0 ? html`<p class="muted">None yet.</p>` : list(ended)
  }</section></div>`;
  return layout({ title: "Failures", path: "/failures", screen, body });
}

const list = (findings: readonly Finding[]): Markup => html`<ul class="findings">${findings.map(findingRow)}</ul>`;

const nothing = (calls: number): Markup =>
  html`<p class="muted">No call is refused that should not be. ${count(calls)} calls checked.</p>`;
