import { html } from "hono/html";
import type { Finding } from "../../model/finding.ts";
import type { MinuteCount } from "../../model/report.ts";
import { epochMs, instantFromMs, msBetween, plusMs } from "../../model/time.ts";
import { azureLink } from "../azure-link.ts";
import { clock, count, dateTime, iso, percent, shortIds, span } from "../format.ts";
import { findingKql } from "../kql.ts";
import { hrefOf } from "../query.ts";
import { bucketsOf, fixedRange, rangeOf, type TimeRange } from "../range.ts";
import type { ChangeMark, SampleCall, Screen } from "../view.ts";
import { activity, decideButtons, decideDialogs } from "./decide.ts";
import { callPath } from "./call-cells.ts";
import { comparison } from "./comparison.ts";
import { layout, type Markup, partialNotice } from "./layout.ts";
import { splits } from "./splits.ts";
import { closedNote, mainStatus, refusedShare, scrollable, severityPill, statusPill, timeChart } from "./parts.ts";

/** One finding: since when, what differs, why, what to do. */
export function findingPage(screen: Screen, finding: Finding): Markup {
  const { view, url } = screen;
  const path = `/failures/${finding.id}`;
  const changes = view.changes(finding.id).slice(-6);
  const minutes = view.findingMinutes(finding.id);
  const range = findingRange(url, minutes);
  const { rows } = bucketsOf(minutes, range);
  const source = hrefOf(`/api/v1/findings/${finding.id}/minutes`, range.moves ? {} : fixedRange(range));
  const body = html`
<p class="crumbs"><a href="/failures">Failures</a> / ${finding.id}</p>
${partialNotice(screen)}
<div class="columns finding-page">
<div class="wide">
<header class="head" id="head" data-swap><h1><span class="code s${mainStatus(finding)}">${mainStatus(finding)}</span> ${finding.title}</h1>
<p class="pills">${severityPill(finding)} ${statusPill(finding)}${closedNote(finding)}</p><p>${headline(finding, screen)}</p></header>
<section class="panel" id="when" data-swap><div class="panel-head"><h2>Since when <span class="muted">401/403 per minute</span></h2>${range.moves ? "" : html`<a class="button step" href="${path}">Show all of it</a>`}</div>
${timeChart({ id: "since", source, label: chartLabel(finding), rows, marks: marks(finding, changes), brush: true })}
${changeList(changes, finding)}</section>
<section class="panel" id="differs" data-swap>${comparison(view.comparison(finding.id))}</section>
<section class="panel" id="splits" data-swap><h2>Which calls are refused</h2>${splits(finding.splits)}</section>
<section class="panel" id="why" data-swap><h2>Why</h2>${why(finding)}</section>
<section class="panel" id="samples" data-swap><h2>Sample calls</h2>${samples(view.samples(finding.id), finding.layer)}</section>
</div>
<aside class="side" aria-label="What to do, and the finding in short">
<section class="panel" id="act" data-swap><h2>What to do</h2>${act(finding)}${decideButtons(finding)}</section>
<section class="panel" id="take" data-swap><h2>Take it along</h2>${takeAlong(screen, finding)}</section>
<section class="panel" id="highlights" data-swap><h2>Highlights</h2>${highlights(finding)}</section>
<section class="panel" id="activity" data-swap><h2>Activity</h2>${activity(screen, finding)}</section>
</aside></div>${decideDialogs(finding)}`;
  const link = hrefOf(path, range.moves ? {} : fixedRange(range));
  return layout({
    title: finding.title,
    path: "/failures",
    screen,
    chart: true,
    scripts: ["decide.js"],
    body,
    link,
    fixed: !range.moves,
  });
}

/** All minutes of the finding, or the part that a brush or an address asks for. */
export function findingRange(url: URL, minutes: readonly MinuteCount[]): TimeRange {
  const first = minutes[0]?.time ?? instantFromMs(0);
  const end = plusMs(minutes.at(-1)?.time ?? first, 60_000);
  const whole = { from: first, to: end, asked: { from: "", to: "" }, moves: true };
  if (!url.searchParams.has("from")) return whole;
  const asked = rangeOf((name) => url.searchParams.get(name) ?? undefined, end, "now-1h");
  if (asked.fault === undefined || asked.problem === undefined) return { ...asked, moves: false };
  return { ...whole, fault: asked.fault, problem: asked.problem };
}

function changeList(changes: readonly ChangeMark[], { onset }: Finding): Markup {
  if (changes.length === 0)
    return html`<p class="muted small">No change of roles, keys, policies or firewalls is in the logs near the onset.</p>`;
  const when = (time: ChangeMark["time"]): string =>
    time <= onset ? `${span(msBetween(onset, time))} before the onset` : `${span(msBetween(time, onset))} after it`;
  return html`<h3>Changes before and during it</h3><ul class="changes">${changes.map(({ time, says }) => html`<li><time datetime="${iso(time)}">${dateTime(time)}</time> <span class="muted">${when(time)}</span> ${says}</li>`)}</ul>`;
}

function takeAlong({ azure }: Screen, finding: Finding): Markup {
  const kql = findingKql(finding);
  const until = finding.end ?? plusMs(finding.onset, 86_400_000);
  const link = azure === undefined ? undefined : azureLink(azure, kql, [plusMs(finding.onset, -900_000), until]);
  const portal =
    link !== undefined
      ? html`<a class="button" href="${link}" rel="noreferrer" target="_blank">Open in Azure ↗</a>`
      : azure !== undefined
        ? html`<p class="muted small">The query is too long for a link: copy it.</p>`
        : html`<p class="muted small">“Open in Azure” needs <code>azure.workspace</code> in the configuration.</p>`;
  return html`<p class="buttons"><button type="button" class="primary" id="copy-kql" data-copy-from="kql">Copy as KQL</button>${link === undefined ? "" : portal}<button type="button" data-copy-link>Copy link</button><a class="button" href="/api/v1/findings/${finding.id}">JSON</a></p>${link === undefined ? portal : ""}
<details class="as-table"><summary>Show the query</summary><pre id="kql" tabindex="0">${kql}</pre></details>`;
}

const chartLabel = ({ onset, end, counts }: Finding): string =>
  `Refused calls of this finding per minute: ${count(counts.refused)} since ${dateTime(onset)} UTC, ${end === null ? "still going on" : `the last at ${dateTime(end)} UTC`}.`;

const marks = ({ onset }: Finding, changes: readonly ChangeMark[]): string =>
  JSON.stringify([
    { time: iso(onset), label: `onset ${clock(onset).slice(0, 5)}`, strong: true },
    ...changes.map(({ time, label }) => ({ time: iso(time), label: label.slice(0, 40) })),
  ]);

function headline(finding: Finding, { now }: Screen): Markup {
  const { counts, onset, end } = finding;
  const succeed = 1 - refusedShare(finding);
  const ended =
    end === null
      ? html`still going on`
      : html`last refused <strong>${dateTime(end)}</strong>, after ${span(msBetween(end, onset))}`;
  return html`First refused <strong>${dateTime(onset)}</strong> UTC (${span(now - epochMs(onset))} ago) · ${ended} · <strong>${count(counts.refused)}</strong> of ${count(counts.calls)} calls refused (<strong>${percent(refusedShare(finding))}</strong>, usually ${percent(counts.usualRate)})${
    succeed > 0.02 ? html` · intermittent: ${percent(succeed)} of the same callers’ same calls succeed` : ""
  }`;
}

function why({ cause }: Finding): Markup {
  return html`<p class="cause"><strong>${cause.id}</strong> <span class="muted">confidence ${cause.confidence.toFixed(2)}</span></p>
<ul class="evidence">${cause.evidence.map(({ says }) => html`<li>${says}</li>`)}</ul>
${cause.rejected.length === 0 ? "" : html`<h3>Ruled out</h3>${causes(cause.rejected.map(({ id, because }) => [id, because]))}`}
${cause.missing.length === 0 ? "" : html`<h3>What would tell more</h3>${causes(cause.missing.map(({ field, fix }) => [field, fix]))}`}`;
}

const causes = (rows: readonly (readonly [string, string])[]): Markup =>
  html`<dl class="rejected">${rows.map(([name, says]) => html`<dt>${name}</dt><dd>${says}</dd>`)}</dl>`;

function samples(list: readonly SampleCall[], layer: Finding["layer"]): Markup {
  if (list.length === 0) return html`<p class="muted">The sample calls are no longer kept.</p>`;
  const rows = (refused: boolean): readonly Markup[] =>
    list.filter((call) => call.refused === refused).map((call) => sampleRow(call, layer));
  const group = (name: string, lines: readonly Markup[]): Markup =>
    html`<tbody><tr class="group"><th colspan="5" scope="rowgroup">${name}</th></tr>${lines.length === 0 ? html`<tr><td colspan="5" class="muted">None is kept.</td></tr>` : lines}</tbody>`;
  return scrollable(
    "Sample calls",
    html`<table class="roomy"><thead><tr><th>Time (UTC)</th><th>Correlation id</th><th>Caller</th><th>Call</th><th>Outcome</th></tr></thead>
${group("Refused", rows(true))}${group("Succeeded, to compare", rows(false))}</table>`,
  );
}

function sampleRow(call: SampleCall, layer: Finding["layer"]): Markup {
  const outcome = call.refused
    ? html`<span class="s${call.status}">${call.status}</span> → ${behind(call, layer)}`
    : html`<span class="fine">${call.status}</span>`;
  return html`<tr data-key="${call.id}"><td class="nowrap"><time datetime="${iso(call.time)}">${dateTime(call.time).slice(5)}</time></td><td class="nowrap"><a href="${callPath(call.id)}" title="${call.id}"><code>${shortIds(call.id)}</code></a> <button type="button" class="copy" data-copy="${call.id}" aria-label="Copy the correlation id ${shortIds(call.id)}">Copy</button></td><td><span title="${call.caller}"${call.caller.includes(" ") ? "" : html` class="nowrap"`}>${shortIds(call.caller)}</span></td><td>${call.operation}</td><td>${outcome}</td></tr>`;
}

/** Who refused the call, seen from the gateway. */
function behind({ status, subStatus }: SampleCall, layer: Finding["layer"]): string {
  switch (layer) {
    case "gateway":
      return "not reached";
    case "backend":
      return `backend ${status}`;
    case "cosmos":
      return `Cosmos DB ${status}${subStatus === undefined ? "" : ` (${subStatus})`}`;
  }
}

function act({ fix }: Finding): Markup {
  return html`<p>${fix.says}</p>${fix.commands.map(
    (command, i) =>
      html`<div class="command"><pre id="command-${i}" tabindex="0">${optionsApart(command)}</pre><button type="button" class="copy" data-copy-from="command-${i}" aria-label="Copy command ${i + 1}">Copy</button></div>`,
  )}${fix.commands.some((command) => command.includes("<")) ? html`<p class="muted small">The logs do not tell what stands in &lt;angle brackets&gt;.</p>` : ""}`;
}

/** The command, unchanged as text, in parts that a line break may stand between: its options, and in them name and value. */
const optionsApart = (command: string): readonly Markup[] =>
  command
    .split(/(?<= )(?=--)/)
    .map(
      (option) =>
        html`<span class="part">${option.split(/(?<=^--[\w-]+ )/).map((part) => html`<span class="part">${part}</span>`)}</span>`,
    );

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
    ["Product", subject.product],
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
