import { html } from "hono/html";
import type { Finding, Split } from "../../model/finding.ts";
import { epochMs, msBetween } from "../../model/time.ts";
import { clock, count, dateTime, iso, percent, pValue, shortIds, span } from "../format.ts";
import { findingKql } from "../kql.ts";
import type { ChangeMark, SampleCall, Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { mainStatus, refusedShare, scrollable, severityPill, statusPill, timeChart } from "./parts.ts";

/** One finding: since when, what differs, why, what to do. */
export function findingPage(screen: Screen, finding: Finding): Markup {
  const { view } = screen;
  const changes = view.changes(finding.id).slice(-6);
  const body = html`
<p class="crumbs"><a href="/failures">Failures</a> / ${finding.id}</p>
<div class="columns finding-page">
<div class="wide">
<header class="head" id="head" data-swap><h1><span class="code s${mainStatus(finding)}">${mainStatus(finding)}</span> ${finding.title}</h1>
<p class="pills">${severityPill(finding)} ${statusPill(finding)}</p><p>${headline(finding, screen)}</p></header>
<section class="panel" id="when" data-swap><h2>Since when</h2>
${timeChart({ id: "since", source: `/api/v1/findings/${finding.id}/minutes`, label: chartLabel(finding), rows: view.findingMinutes(finding.id), marks: marks(finding, changes) })}
${changes.length === 0 ? "" : html`<h3>Changes before and during it</h3><ul class="changes">${changes.map(({ time, says }) => html`<li><time datetime="${iso(time)}">${dateTime(time)}</time> ${says}</li>`)}</ul>`}</section>
<section class="panel" id="differs" data-swap><h2>What is different about the refused calls</h2>${splits(finding.splits)}</section>
<section class="panel" id="why" data-swap><h2>Why</h2>${why(finding)}</section>
<section class="panel" id="samples" data-swap><h2>Sample calls</h2>${samples(view.samples(finding.id), finding.layer)}</section>
</div>
<aside class="side" aria-label="What to do, and the finding in short">
<section class="panel" id="act" data-swap><h2>What to do</h2>${act(finding)}</section>
<section class="panel" id="highlights" data-swap><h2>Highlights</h2>${highlights(finding)}</section>
<section class="panel" id="take" data-swap><h2>Take it along</h2>
<p class="buttons"><button type="button" class="primary" data-copy-from="kql">Copy as KQL</button><button type="button" data-copy-link>Copy link</button><a class="button" href="/api/v1/findings/${finding.id}">JSON</a></p>
<details class="as-table"><summary>Show the query</summary><pre id="kql" tabindex="0">${findingKql(finding)}</pre></details></section>
</aside></div>`;
  return layout({ title: finding.title, path: "/failures", screen, chart: true, body });
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

const SPLITS = 8;

function splits(list: readonly Split[]): Markup {
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

const words = (dimension: string): string => dimension.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

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
  return html`<tr data-key="${call.id}"><td class="nowrap"><time datetime="${iso(call.time)}">${dateTime(call.time).slice(5)}</time></td><td class="nowrap"><code title="${call.id}">${shortIds(call.id)}</code> <button type="button" class="copy" data-copy="${call.id}" aria-label="Copy the correlation id ${shortIds(call.id)}">Copy</button></td><td><span title="${call.caller}"${call.caller.includes(" ") ? "" : html` class="nowrap"`}>${shortIds(call.caller)}</span></td><td>${call.operation}</td><td>${outcome}</td></tr>`;
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
