import { html } from "hono/html";
import type { BlindSpot, Finding } from "../../model/finding.ts";
import { msBetween } from "../../model/time.ts";
import type { MinuteCount } from "../../model/report.ts";
import { count, dateTime, percent, span } from "../format.ts";
import type { Markup } from "./layout.ts";

export const severityPill = ({ severity }: Finding): Markup => html`<span class="pill ${severity}">${severity}</span>`;

export const statusPill = ({ status }: Finding): Markup =>
  html`<span class="pill ${status}">${status === "open" ? "going on" : status}</span>`;

/** Why a finding about what is held is not open. */
export const closedNote = ({ closed }: Finding): Markup =>
  closed === undefined ? html`` : html` <span class="muted" data-closed="${closed.because}">${closed.says}.</span>`;

/** The HTTP status that most of the refused calls got. */
export const mainStatus = ({ counts }: Finding): "401" | "403" =>
  counts.status["401"] >= counts.status["403"] ? "401" : "403";

export const refusedShare = ({ counts }: Finding): number => counts.refused / Math.max(1, counts.calls);

/** One finding as a row of a list. */
export function findingRow(finding: Finding): Markup {
  const { counts } = finding;
  const when =
    finding.end === null
      ? html`since ${dateTime(finding.onset)} UTC`
      : html`${dateTime(finding.onset)} UTC, for ${span(msBetween(finding.end, finding.onset))}`;
  return html`<li class="finding ${finding.status}" data-key="${finding.id}">
<span class="code s${mainStatus(finding)}">${mainStatus(finding)}</span>
<div class="what"><a href="/failures/${finding.id}">${finding.title}</a>
<p class="meta">${severityPill(finding)} ${statusPill(finding)} <span>${when}</span> <span>${finding.cause.id}</span>${closedNote(finding)}</p></div>
<div class="impact"><strong>${percent(refusedShare(finding))}</strong><span>${count(counts.refused)} of ${count(counts.calls)} calls</span></div>
</li>`;
}

/** A table that scrolls by itself, by keyboard too. */
export const scrollable = (name: string, table: Markup): Markup =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="${name}">${table}</div>`;

export const blindSpotList = (spots: readonly BlindSpot[]): Markup =>
  html`<ul class="spots">${spots.map(({ says, fix }) => html`<li><p>${says}</p><p class="muted">${fix}</p></li>`)}</ul>`;

const TABLE_ROWS = 60;

/** A canvas with its words and its table; the numbers are fetched by the page's script. Without scripts, only the table. */
export function timeChart(chart: {
  id: string;
  source: string;
  label: string;
  rows: readonly MinuteCount[];
  marks?: string;
  /** A span drawn on it becomes the page's range. */
  brush?: boolean;
}): Markup {
  const shown = chart.rows.filter(({ refused401, refused403 }) => refused401 + refused403 > 0).slice(-TABLE_ROWS);
  const table = html`<table><thead><tr><th>From (UTC)</th><th class="n">401</th><th class="n">403</th><th class="n">Calls</th></tr></thead>
<tbody>${shown.map((row) => html`<tr><td>${dateTime(row.time).slice(5, 16)}</td><td class="n">${count(row.refused401)}</td><td class="n">${count(row.refused403)}</td><td class="n">${count(row.calls)}</td></tr>`)}</tbody></table>`;
  const empty = shown.length === 0 ? emptyChart(chart.rows) : "";
  return html`<div class="chart"><canvas id="${chart.id}" role="img" aria-label="${chart.label}" data-source="${chart.source}" data-marks="${chart.marks ?? "[]"}"${chart.brush === true ? html` data-brush` : ""}></canvas></div>
<noscript><p class="muted">The chart needs scripts; the table has its numbers.</p></noscript>${empty}
<details class="as-table"><summary>Show as table</summary>${shown.length === 0 ? html`<p class="muted">No 401 or 403 in this range.</p>` : scrollable("Refused calls over time", table)}</details>`;
}

function emptyChart(rows: readonly MinuteCount[]): Markup {
  const calls = rows.reduce((sum, row) => sum + row.calls, 0);
  return html`<p class="muted">${calls === 0 ? "No calls in this range." : `No 401 or 403 in this range. ${count(calls)} calls checked.`}</p>`;
}

const SPARK = { width: 120, height: 26 };

/** Refused shares by minute as a line, for a tile; its words stand beside it. */
export function sparkline(rows: readonly MinuteCount[]): Markup {
  if (rows.length < 2) return html``;
  const shares = rows.map((row) => (row.refused401 + row.refused403) / Math.max(1, row.calls));
  const top = shares.reduce((most, share) => Math.max(most, share), 0);
  const points = shares.map((share, i) => {
    const x = (i / (shares.length - 1)) * SPARK.width;
    const y = SPARK.height - 2 - (top === 0 ? 0 : (share / top) * (SPARK.height - 4));
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg class="spark" viewBox="0 0 ${SPARK.width} ${SPARK.height}" width="${SPARK.width}" height="${SPARK.height}" aria-hidden="true"><polyline points="${points.join(" ")}"/></svg>`;
}

/** A dimension's name as words. */
export const words = (dimension: string): string =>
  dimension.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
