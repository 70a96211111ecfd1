import { html } from "hono/html";
import type { Split } from "../../model/finding.ts";
import { count, percent, pValue } from "../format.ts";
import type { Markup } from "./layout.ts";
import { words } from "./parts.ts";

const SPLITS = 8;

/** Refused shares inside and outside of what separates the calls, with how sure that is. */
export function splits(list: readonly Split[]): Markup {
  if (list.length === 0)
    return html`<p class="muted">Nothing in the logs separates refused from succeeded calls: which call is refused looks random.</p>`;
  const shared = list.length > 1 ? html`<p class="muted">${together(list)}</p>` : "";
  return html`${shared}<p class="legend"><span class="key in"></span> refused among calls with it <span class="key out"></span> refused among the others (in shares, a caller’s quick repeats count once)</p>
<ul class="splits">${alike(list.slice(0, SPLITS)).map(
    ([split, others]) => html`<li><div class="names">${[split, ...others].map(({ where }) => splitName(where))}</div>
<div class="bars">${bar("in", split.refusedInside, split.interval)}${bar("out", split.refusedOutside)}</div>
<p class="muted small">${count(split.refused)} of ${count(split.calls)} calls · 95${"\u202f"}% interval of the share ${percent(split.interval[0])} to ${percent(split.interval[1])} · corrected p ${pValue(split.pAdjusted)}</p></li>`,
  )}</ul>`;
}

const ALIKE = 0.85;

/** What several splits say: the same calls by another name, or one part of them each. */
function together([first, ...others]: readonly Split[]): string {
  const refused = first?.refused ?? 0;
  return others.every((split) => Math.min(split.refused, refused) >= ALIKE * Math.max(split.refused, refused))
    ? "These separate about equally well: which of them is the reason, the logs alone cannot tell."
    : "Several parts of the traffic share the fault: each line is one of them, or what they have in common.";
}

/** Splits by their figures: those that part the calls in the same way stand together, each group with its first. */
function alike(list: readonly Split[]): readonly (readonly [Split, readonly Split[]])[] {
  const figures = ({ calls, refused, refusedInside, refusedOutside }: Split): string =>
    [calls, refused, refusedInside, refusedOutside].join(" ");
  return [...Map.groupBy(list, figures).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [[first, others] as const],
  );
}

const splitName = (where: Split["where"]): Markup =>
  html`<span>${Object.entries(where).map(([dimension, value], i) => html`${i === 0 ? "" : " and "}<b>${words(dimension)}</b> ${value}`)}</span>`;

/** A share as a bar, with its interval as a line across it. SVG, as styles cannot be written into the page. */
function bar(kind: "in" | "out", share: number, interval?: Split["interval"]): Markup {
  const width = (part: number): string => `${(part * 100).toFixed(2)}%`;
  const whisker =
    interval === undefined
      ? ""
      : html`<line class="whisker" x1="${width(interval[0])}" x2="${width(interval[1])}" y1="5" y2="5"/>`;
  return html`<div class="bar-row"><svg class="track" width="100%" height="10" aria-hidden="true"><rect class="fill ${kind}" width="${width(share)}" height="10"/>${whisker}</svg><span class="n">${percent(share)}</span></div>`;
}
