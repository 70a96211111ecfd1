import { html } from "hono/html";
import type { ComparedPart } from "../../findings/call-comparison.ts";
import { columnWords } from "../../model/evidence.ts";
import { msBetween } from "../../model/time.ts";
import { dateTime, iso, shortIds, span } from "../format.ts";
import type { KeptCall } from "../view.ts";
import { callPath } from "./call-cells.ts";
import type { Markup } from "./layout.ts";
import { scrollable } from "./parts.ts";

/** A call beside the last one of its caller that succeeded: first what differs. */
export function comparedCall(call: KeptCall): Markup {
  const success = call.success();
  if (success === undefined)
    return html`<p class="muted">No earlier call of this caller and operation that succeeded is among the calls of the last twelve hours.</p>`;
  const { story, compared } = success;
  const before = span(msBetween(call.story.time, story.time));
  const claimed =
    call.story.call["identity"] === "claimed"
      ? html`<p class="muted small">The caller of this call is only claimed: the other one is a call of whom it claims to be.</p>`
      : "";
  return html`<p><a href="${callPath(story.id)}">${shortIds(story.id)}</a>, <time datetime="${iso(story.time)}">${dateTime(story.time)}</time> UTC, ${before} before: ${story.verdict}</p>${claimed}
${compared.differ.length === 0 ? html`<p class="muted">Nothing that the logs tell differs.</p>` : table("What differs", compared.differ)}
${compared.alike.length === 0 ? "" : html`<details class="as-table" data-key="alike"><summary>What is alike (${compared.alike.length})</summary>${table("What is alike", compared.alike)}</details>`}`;
}

const table = (name: string, parts: readonly ComparedPart[]): Markup =>
  scrollable(
    name,
    html`<table class="beside"><thead><tr><th>Column</th><th>This call</th><th>The one that succeeded</th></tr></thead><tbody>${parts.map(({ column, here, there }) => html`<tr><th scope="row">${columnWords(column)}</th><td>${cell(here)}</td><td>${cell(there)}</td></tr>`)}</tbody></table>`,
  );

const cell = (value: string | null): Markup =>
  value === null ? html`<span class="muted">not logged</span>` : html`${value}`;
