import { html } from "hono/html";
import { LONGEST_SEARCH } from "../filter.ts";
import { inOrder } from "../../findings/order.ts";
import { dateTime, iso, shortIds } from "../format.ts";
import type { SampleCall, Screen } from "../view.ts";
import { callPath } from "./call-cells.ts";
import { layout, type Markup, partialNotice } from "./layout.ts";
import { scrollable } from "./parts.ts";

const FINDINGS = 10;
const A_FINDING = 3;

/** Where a call is looked for, and refused calls of what is going on to begin with. */
export function callsPage(screen: Screen): Markup {
  const { view } = screen;
  const open = inOrder(view.report().findings.filter(({ status }) => status === "open")).slice(0, FINDINGS);
  const rows = open.flatMap(({ id }) => {
    const refused = view.samples(id).filter((call) => call.refused);
    return refused.slice(0, A_FINDING).map((call) => row(call, id));
  });
  const body = html`<h1>Calls</h1>${partialNotice(screen)}
<div class="stack"><section class="panel"><h2>Look for a call</h2>
<form action="/search" class="narrow"><label for="call-id">Correlation id, activity id, traceparent, or an id of your own</label><input type="search" id="call-id" name="q" maxlength="${LONGEST_SEARCH}" autocomplete="off" spellcheck="false"><button>Look for it</button></form>
<p class="muted small">The gateway logs the correlation id; Cosmos DB answers with its activity id in <code>x-ms-activity-id</code>.</p></section>
<section class="panel" id="refused" data-swap><h2>Refused calls of what is going on</h2>${
    rows.length === 0
      ? html`<p class="muted">No finding is going on.</p>`
      : scrollable(
          "Refused calls",
          html`<table class="roomy"><thead><tr><th>Time (UTC)</th><th>Correlation id</th><th>Call</th><th>Status</th><th>Finding</th></tr></thead><tbody>${rows}</tbody></table>`,
        )
  }</section></div>`;
  return layout({ title: "Calls", path: "/calls", screen, body });
}

const row = ({ id, time, operation, status }: SampleCall, finding: string): Markup =>
  html`<tr data-key="${id}"><td class="nowrap"><time datetime="${iso(time)}">${dateTime(time).slice(5)}</time></td><td class="nowrap"><a href="${callPath(id)}" title="${id}"><code>${shortIds(id)}</code></a></td><td>${operation}</td><td><span class="s${status}">${status}</span></td><td><a href="/failures/${finding}">${finding}</a></td></tr>`;
