import { html } from "hono/html";
import type { CallSpan } from "../../findings/call-spans.ts";
import { msBetween } from "../../model/time.ts";
import type { KeptCall } from "../view.ts";
import type { Markup } from "./layout.ts";

const NAMES = { gateway: "Gateway", backend: "Backend", cosmos: "Cosmos DB" } as const;
const SHOWN = 40;
/** Percent of the width: what was too short to be seen still is a stroke. */
const THINNEST = 0.6;

/** Gateway, backend and each operation as bars on one scale, then the steps as words. */
export function timeline({ story, spans }: KeptCall): Markup {
  const from = spans.reduce((least, { begins }) => Math.min(least, begins), 0);
  const to = spans.reduce((most, { begins, lasts }) => Math.max(most, begins + (lasts ?? 0)), from);
  const scale = to - from;
  const shown = spans.slice(0, SHOWN);
  const bars =
    scale <= 0
      ? html`<p class="muted small">The logs tell no durations.</p>`
      : html`<ul class="timeline">${shown.map((one) => bar(one, from, scale))}</ul>${spans.length > SHOWN ? html`<p class="muted small">${spans.length - SHOWN} more operations are in the table below.</p>` : ""}<p class="muted small">${milliseconds(scale)} in all. Gateway and Cosmos DB each go by their own clock. The gateway logs how long its backend took, not when it began: its bar ends with the call.</p>`;
  const steps = story.steps
    .slice(0, 3 * SHOWN)
    .map(
      ({ at, where, says }) =>
        html`<li><span class="offset">${offset(msBetween(at, story.time))}</span><b>${NAMES[where]}</b><span>${says}</span></li>`,
    );
  return html`${bars}<ol class="steps">${steps}</ol>`;
}

function bar({ where, what, begins, lasts, status, refused }: CallSpan, from: number, scale: number): Markup {
  const x = ((begins - from) / scale) * 100;
  const width = Math.min(100 - Math.min(x, 100 - THINNEST), Math.max(THINNEST, ((lasts ?? 0) / scale) * 100));
  const label = `${status ?? "no status"}${lasts === null ? "" : ` · ${milliseconds(lasts)}`}`;
  return html`<li><span class="lane"><b>${NAMES[where]}</b> <span title="${what}">${what}</span></span><svg class="track" width="100%" height="12" aria-hidden="true"><rect class="span ${refused ? "refused" : where}" x="${Math.min(x, 100 - THINNEST).toFixed(2)}%" width="${width.toFixed(2)}%" height="12" rx="2"/></svg><span class="n${refused ? " s401" : ""}">${refused ? "✗ " : ""}${label}</span></li>`;
}

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
const offset = (ms: number): string => `${ms < 0 ? "−" : "+"}${Math.abs(ms).toFixed(1)} ms`;
