import { html } from "hono/html";
import type { Matrix, MatrixRow } from "../../findings/matrix.ts";
import { msBetween } from "../../model/time.ts";
import { clock, count, percent, shortIds, span } from "../format.ts";
import { hrefOf, parametersOf } from "../query.ts";
import type { Markup } from "./layout.ts";
import { scrollable } from "./parts.ts";

const BY = [
  ["api", "API"],
  ["caller", "Caller"],
] as const;

/** Who is refused when: a row an API or caller, a column a slice of time, darker where more of the calls are refused. */
export function matrixTable(matrix: Matrix, url: URL): Markup {
  const { by, times, rows, more } = matrix;
  const [first, second, ...rest] = times;
  const last = rest.at(-1);
  const slice = first === undefined || second === undefined ? "" : `, ${span(msBetween(second, first))} a column`;
  const switches = BY.map(
    ([value, name]) =>
      html`<a href="${hrefOf("/", { ...parametersOf(url), by: value })}#matrix"${value === by ? html` aria-current="true"` : ""}>${name}</a>`,
  );
  const head = html`<div class="panel-head"><h2>Who is refused when</h2><p class="switch" role="group" aria-label="Rows are">${switches}</p></div>`;
  if (rows.length === 0) return html`${head}<p class="muted">No refusals among the compared calls of this range.</p>`;
  const table = html`<table class="heat"><thead><tr><th scope="col">${by === "api" ? "API" : "Caller"}</th><th scope="col" class="when" colspan="${times.length - 1}"><span>${first === undefined ? "" : clock(first).slice(0, 5)}</span><span>${last === undefined ? "" : clock(last).slice(0, 5)} UTC</span></th><th scope="col" class="n">Refused</th></tr></thead><tbody>${rows.map((row) => heatRow(row, times))}</tbody></table>`;
  return html`${head}${scrollable("Who is refused when", table)}
<p class="muted small">Share of the calls that is refused: <span class="swatch h1"></span> some <span class="swatch h2"></span> over 5${"\u202f"}% <span class="swatch h3"></span> over 20${"\u202f"}% <span class="swatch h4"></span> over 60${"\u202f"}%${slice}. From the compared calls of the last 12 hours.${more > 0 ? ` ${count(more)} more not shown.` : ""}</p>`;
}

function heatRow({ name, cells, refused, calls }: MatrixRow, times: Matrix["times"]): Markup {
  return html`<tr><th scope="row"><span title="${name}">${shortIds(name)}</span></th>${cells.map((cell, i) => {
    const at = times[i];
    const when = at === undefined ? "" : clock(at).slice(0, 5);
    if (cell.calls === 0) return html`<td class="h"></td>`;
    const says = `${when}: ${count(cell.refused)} of ${count(cell.calls)} refused`;
    return html`<td class="h h${level(cell.refused / cell.calls)}" title="${says}">${cell.refused === 0 ? "" : html`<span class="visually-hidden">${says}</span>`}</td>`;
  })}<td class="n">${percent(refused / Math.max(1, calls))}</td></tr>`;
}

const level = (share: number): number =>
  share === 0 ? 0 : share <= 0.05 ? 1 : share <= 0.2 ? 2 : share <= 0.6 ? 3 : 4;
