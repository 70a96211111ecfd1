import { html } from "hono/html";
import type { Finding, Split } from "../../model/finding.ts";
import { msBetween } from "../../model/time.ts";
import { clock, count, dateTime, iso, percent, shortId, span } from "../format.ts";
import { findingKql } from "../kql.ts";
import type { SampleCall, View } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { mainStatus, refusedShare, severityPill, statusPill, timeChart } from "./parts.ts";

/** One finding: since when, what differs, why, what to do. */
export function findingPage(view: View, finding: Finding): Markup {
  const minutes = view.findingMinutes(finding.id);
  const changes = view.changes(finding.id).slice(-6);
  const marks = JSON.stringify([
    { time: iso(finding.onset), label: `onset ${clock(finding.onset).slice(0, 5)}`, strong: true },
    ...changes.map(({ time, says }) => ({ time: iso(time), label: says.split("/").slice(-2).join("/").slice(0, 40) })),
  ]);
  const body = html`
<p class="crumbs"><a href="/failures">Failures</a> / ${finding.id}</p>
<div class="columns">
<div class="wide">
<header class="head" id="head" data-swap><h1><span class="code s${mainStatus(finding)}">${mainStatus(finding)}</span> ${finding.title}</h1>
<p>${severityPill(finding)} ${statusPill(finding)} ${headline(finding)}</p></header>
<section class="panel"><h2>Since when</h2>
${timeChart({ id: "since", source: `/api/v1/findings/${finding.id}/minutes`, label: `Refused calls of this finding per minute; it began at ${dateTime(finding.onset)} UTC.`, rows: minutes, marks })}
${changes.length === 0 ? "" : html`<ul class="changes">${changes.map(({ time, says }) => html`<li><time datetime="${iso(time)}">${dateTime(time)}</time> ${says}</li>`)}</ul>`}</section>
<section class="panel" id="differs" data-swap><h2>What is different about the refused calls</h2>${splits(finding.splits)}</section>
<section class="panel" id="why" data-swap><h2>Why</h2>${why(finding)}</section>
<section class="panel" id="samples" data-swap><h2>Sample calls</h2>${samples(view.samples(finding.id))}</section>
</div>
<aside class="side">
<section class="panel" id="act" data-swap><h2>What to do</h2>${act(finding)}</section>
<section class="panel" id="highlights" data-swap><h2>Highlights</h2>${highlights(finding)}</section>
<section class="panel"><h2>Take it along</h2>
<p class="buttons"><button type="button" class="primary" data-copy-from="kql">Copy as KQL</button><button type="button" data-copy-link>Copy link</button></p>
<details class="as-table"><summary>Show the query</summary><pre id="kql" tabindex="0">${findingKql(finding)}</pre></details></section>
</aside></div>`;
  return layout({ title: finding.title, path: "/failures", view, chart: true, body });
}

function headline(finding: Finding): Markup {
  const { counts } = finding;
  const succeed = 1 - refusedShare(finding);
  const ended =
    finding.end === null
      ? html`still going on`
      : html`last refused <strong>${dateTime(finding.end)}</strong>, after ${span(msBetween(finding.end, finding.onset))}`;
  return html`First refused <strong>${dateTime(finding.onset)}</strong> UTC · ${ended} · <strong>${count(counts.refused)}</strong> of ${count(counts.calls)} calls refused (<strong>${percent(refusedShare(finding))}</strong>, usually ${percent(counts.usualRate)})${
    succeed > 0.02 ? html` · intermittent: ${percent(succeed)} of the same callers’ same calls succeed` : ""
  }`;
}

const SPLITS = 8;

function splits(list: readonly Split[]): Markup {
  if (list.length === 0)
    return html`<p class="muted">Nothing in the logs separates refused from succeeded calls: which call is refused looks random.</p>`;
  const shared =
    list.length > 1
      ? html`<p class="muted">These separate about equally well: which of them is the reason, the logs alone cannot tell.</p>`
      : "";
  return html`${shared}<p class="legend"><span class="key in"></span> refused among calls with it <span class="key out"></span> refused among the others</p>
<ul class="splits">${list.slice(0, SPLITS).map(
    (
      split,
    ) => html`<li><div class="names">${Object.entries(split.where).map(([dimension, value]) => html`<span><b>${words(dimension)}</b> ${value}</span>`)}</div>
<div class="bars">${bar("in", split.refusedInside)}${bar("out", split.refusedOutside)}</div>
<p class="muted small">${count(split.refused)} of ${count(split.calls)} calls · 95${"\u202f"}% interval ${percent(split.interval[0])} to ${percent(split.interval[1])}</p></li>`,
  )}</ul>`;
}

/** A bar in one of 41 widths: styles cannot be written into the page. */
const bar = (kind: "in" | "out", share: number): Markup =>
  html`<div class="bar-row"><span class="track"><span class="fill ${kind} w${Math.ceil(share * 40)}"></span></span><span class="n">${percent(share)}</span></div>`;

const words = (dimension: string): string => dimension.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function why({ cause }: Finding): Markup {
  return html`<p class="cause"><strong>${cause.id}</strong> <span class="muted">confidence ${cause.confidence.toFixed(2)}</span></p>
<ul class="evidence">${cause.evidence.map(({ says }) => html`<li>${says}</li>`)}</ul>
${cause.rejected.length === 0 ? "" : html`<details class="as-table"><summary>Not ${cause.rejected.length === 1 ? "this cause" : `these ${cause.rejected.length} causes`}</summary><dl class="rejected">${cause.rejected.map(({ id, because }) => html`<dt>${id}</dt><dd>${because}</dd>`)}</dl></details>`}
${cause.missing.length === 0 ? "" : html`<h3>What would tell more</h3><dl class="rejected">${cause.missing.map(({ field, fix }) => html`<dt>${field}</dt><dd>${fix}</dd>`)}</dl>`}`;
}

function samples(list: readonly SampleCall[]): Markup {
  if (list.length === 0) return html`<p class="muted">The sample calls are no longer kept.</p>`;
  return html`<div class="scroll"><table><thead><tr><th>Time (UTC)</th><th>Correlation id</th><th>Caller</th><th>Call</th><th>Outcome</th></tr></thead>
<tbody>${list.map(
    (call) =>
      html`<tr><td class="nowrap">${dateTime(call.time).slice(5)}</td><td><code title="${call.id}">${shortId(call.id)}</code> <button type="button" class="copy" data-copy="${call.id}" aria-label="Copy the correlation id">Copy</button></td><td><span title="${call.caller}">${shortId(call.caller)}</span></td><td>${call.operation}</td><td class="nowrap">${call.refused ? html`<span class="s${call.status}">${call.status}</span>${call.subStatus === undefined ? "" : ` (${call.subStatus})`}` : html`<span class="fine">${call.status}</span>`}</td></tr>`,
  )}</tbody></table></div>`;
}

function act({ fix }: Finding): Markup {
  return html`<p>${fix.says}</p>${fix.commands.map((command, i) => html`<div class="command"><pre id="command-${i}" tabindex="0">${command}</pre><button type="button" class="copy" data-copy-from="command-${i}" aria-label="Copy the command">Copy</button></div>`)}`;
}

function highlights(finding: Finding): Markup {
  const { subject, counts, layer } = finding;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["Refused by", { gateway: "the gateway", backend: "the backend", cosmos: "Cosmos DB" }[layer]],
    [
      "Status",
      [
        counts.status["401"] > 0 ? `401 × ${count(counts.status["401"])}` : "",
        counts.status["403"] > 0 ? `403 × ${count(counts.status["403"])}` : "",
      ]
        .filter((text) => text !== "")
        .join(", "),
    ],
    ["API", subject.api],
    ["Operation", subject.operation],
    ["Principal", subject.principal],
    ["Account", subject.account],
    ["Database", subject.database],
    ["Container", subject.container],
    [
      "First raised",
      `${dateTime(finding.detectedAt)} (${span(msBetween(finding.detectedAt, finding.onset))} after the onset)`,
    ],
  ];
  return html`<dl class="facts">${rows.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [html`<dt>${name}</dt><dd>${value}</dd>`]))}</dl>`;
}
