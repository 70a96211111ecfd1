import { html } from "hono/html";
import type { Comparison, Difference } from "../../findings/comparison.ts";
import { count, percent } from "../format.ts";
import type { Markup } from "./layout.ts";
import { words } from "./parts.ts";

const SHOWN = 8;
/** Shares that differ by less look alike. */
const ALIKE = 0.1;

/** Refused calls beside the same callers' calls that succeeded: of each dimension the value that differs most. */
export function comparison({ refused, succeeded, differences }: Comparison): Markup {
  const head = html`<h2>What is different about the refused calls <span class="muted">${count(refused)} refused against the same callers’ ${count(succeeded)} that succeeded since the onset</span></h2>`;
  if (refused === 0) return html`${head}<p class="muted">The calls of this finding are no longer kept.</p>`;
  if (succeeded === 0)
    return html`${head}<p class="muted">None of these callers’ same calls succeeded since the onset, so there is nothing to compare with: all of them are refused.</p>`;
  const different = differences.filter((one) => one.refused - one.succeeded >= ALIKE);
  const alike = differences.filter((one) => one.refused - one.succeeded < ALIKE);
  const list =
    different.length === 0
      ? html`<p class="muted">Nothing that the logs tell: refused and succeeded calls look alike.</p>`
      : html`<p class="legend"><span class="key in"></span> of the refused calls <span class="key out"></span> of the succeeded calls</p><ul class="compare">${different.slice(0, SHOWN).map(row)}</ul>`;
  return html`${head}${list}${alike.length === 0 ? "" : html`<details class="as-table" data-key="alike"><summary>What is alike (${alike.length})</summary><ul class="compare">${alike.map(row)}</ul></details>`}`;
}

const row = ({ dimension, value, refused, succeeded, claimed }: Difference): Markup =>
  html`<li><div class="name"><b>${words(dimension)}</b><span title="${value}">${value}${claimed ? html` <span class="muted">(claimed)</span>` : ""}</span></div><div class="bars">${bar("in", refused)}${bar("out", succeeded)}</div></li>`;

/** SVG, as styles cannot be written into the page. */
const bar = (kind: "in" | "out", share: number): Markup =>
  html`<div class="bar-row"><svg class="track" width="100%" height="9" aria-hidden="true"><rect class="fill ${kind}" width="${(share * 100).toFixed(2)}%" height="9"/></svg><span class="n">${percent(share)}</span></div>`;
