import { html } from "hono/html";
import type { BlindSpot, Finding } from "../../model/finding.ts";
import type { MinuteCount, Report } from "../../model/report.ts";
import { count, iso, percent } from "../format.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { blindSpotList, findingRow, timeChart } from "./parts.ts";

export const OVERVIEW_MINUTES = 180;

/** "Is somebody being refused who should not be?", answered at a glance. */
export function overviewPage(screen: Screen): Markup {
  const { view } = screen;
  const report = view.report();
  const minutes = view.minutes(OVERVIEW_MINUTES);
  const open = report.findings.filter(({ status }) => status === "open");
  const body = html`
<section id="verdict" data-swap class="verdict ${open.length > 0 ? "bad" : "good"}">${verdict(report, open)}</section>
<section id="tiles" data-swap class="tiles" aria-label="Figures">${tiles(report, minutes, open)}</section>
<div class="columns">
<div class="wide">
<section class="panel" id="minutes" data-swap><h2>Refused calls per minute</h2>
${timeChart({ id: "refused", source: "/api/v1/minutes", label: chartLabel(minutes), rows: minutes, marks: marks(report.findings) })}</section>
<section class="panel" id="attention" data-swap><h2>Needs attention</h2>${attention(report, open)}</section>
${ended(report)}
</div>
<div class="side">
<section class="panel" id="blind" data-swap><h2>Blind spots</h2>${blindSpots(report.blindSpots)}</section>
<section class="panel" id="input" data-swap><h2>Input</h2>${input(report)}</section>
</div></div>`;
  return layout({ title: "Overview", path: "/", screen, chart: true, body });
}

function verdict({ correlation, findings }: Report, open: readonly Finding[]): Markup {
  if (correlation.calls === 0) {
    return html`<h1>No gateway logs received yet.</h1><p>Diagnostic settings need about 15 minutes until records flow, for a new workspace up to 2 hours.</p>`;
  }
  if (open.length === 0) {
    const before =
      findings.length === 0
        ? ""
        : ` ${count(findings.length)} earlier ${findings.length === 1 ? "finding has" : "findings have"} ended.`;
    return html`<h1>Nobody is refused who should not be.</h1><p>${count(correlation.calls)} calls checked.${before}</p>`;
  }
  const worst = open[0];
  return html`<h1>${open.length === 1 ? "One fault is refusing calls" : html`${count(open.length)} faults are refusing calls`} that should succeed.</h1><p>${worst === undefined ? "" : html`Worst now: <a href="/failures/${worst.id}">${worst.title}</a>`}</p>`;
}

const HOUR = 60;

function tiles(report: Report, minutes: readonly MinuteCount[], open: readonly Finding[]): Markup {
  const now = share(minutes.slice(-HOUR));
  const before = share(minutes.slice(0, -HOUR));
  const calls = Math.max(1, report.correlation.calls);
  const named = report.identity.validated + report.identity.key;
  const bySeverity = (["high", "medium", "low"] as const).flatMap((severity) => {
    const n = open.filter((finding) => finding.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}`];
  });
  return html`${tile("Calls refused, last hour", percent(now), minutes.length <= HOUR ? "no earlier hour to compare" : compare(now, before))}
${tile("Open findings", count(open.length), bySeverity.join(" · ") || "none")}
${tile("Callers known", percent(named / calls), `${count(report.identity.claimed)} claimed only, ${count(report.identity.unknown)} unknown`)}
${tile("Joined with Cosmos DB", percent(report.correlation.exact / calls), `${count(report.correlation.gatewayOnly)} gateway only, ${count(report.correlation.dataPlaneOnly)} Cosmos DB only`)}`;
}

const tile = (name: string, value: string, says: string): Markup =>
  html`<div class="tile"><h2>${name}</h2><p class="value">${value}</p><p class="muted">${says}</p></div>`;

function share(minutes: readonly MinuteCount[]): number {
  const calls = minutes.reduce((sum, minute) => sum + minute.calls, 0);
  const refused = minutes.reduce((sum, minute) => sum + minute.refused401 + minute.refused403, 0);
  return calls === 0 ? 0 : refused / calls;
}

function compare(now: number, before: number): string {
  if (before === 0) return now === 0 ? "as before" : "none before";
  const ratio = now / before;
  return ratio > 1.3
    ? `${ratio.toFixed(1)}× the time before (${percent(before)})`
    : ratio < 0.75
      ? `down from ${percent(before)}`
      : `as before (${percent(before)})`;
}

function chartLabel(minutes: readonly MinuteCount[]): string {
  const refused = minutes.reduce((sum, minute) => sum + minute.refused401 + minute.refused403, 0);
  return `Calls refused with 401 and 403 in each of the last ${minutes.length} minutes: ${refused} in all.`;
}

const marks = (findings: readonly Finding[]): string =>
  JSON.stringify(
    findings
      .filter(({ status }) => status === "open")
      .slice(0, 6)
      .map(({ onset, cause }) => ({ time: iso(onset), label: cause.id })),
  );

const ATTENTION = 10;
const ENDED = 5;

function attention({ correlation }: Report, open: readonly Finding[]): Markup {
  if (open.length === 0)
    return html`<p class="muted">No intermittent refusals now. ${count(correlation.calls)} calls checked.</p>`;
  const more =
    open.length > ATTENTION ? html`<p><a href="/failures">All ${count(open.length)} open findings</a></p>` : "";
  return html`<ul class="findings">${open.slice(0, ATTENTION).map(findingRow)}</ul>${more}`;
}

/** The last findings that ended, latest first. */
function ended({ findings }: Report): Markup {
  const over = findings
    .filter(({ status }) => status !== "open")
    .toSorted((a, b) => Number(b.end ?? b.onset) - Number(a.end ?? a.onset));
  const more = over.length > ENDED ? html`<p><a href="/failures">All ${count(over.length)} that ended</a></p>` : "";
  return html`<section class="panel" id="ended" data-swap${over.length === 0 ? html` hidden` : ""}><h2>Ended</h2><ul class="findings">${over.slice(0, ENDED).map(findingRow)}</ul>${more}</section>`;
}

const SPOTS = 8;

function blindSpots(spots: readonly BlindSpot[]): Markup {
  if (spots.length === 0) return html`<p class="muted">None: callers, reasons and joins are all in the logs.</p>`;
  const more =
    spots.length > SPOTS
      ? html`<p class="muted">${count(spots.length - SPOTS)} more on <a href="/health">Health</a>.</p>`
      : "";
  return html`${blindSpotList(spots.slice(0, SPOTS))}${more}`;
}

function input({ input: counts }: Report): Markup {
  return html`<dl class="facts"><dt>Records</dt><dd>${count(counts.records)}</dd><dt>Accepted</dt><dd>${count(counts.accepted)}</dd><dt>Duplicate</dt><dd>${count(counts.duplicate)}</dd><dt>Filtered</dt><dd>${count(counts.filtered)}</dd><dt>Rejected</dt><dd>${counts.rejected === 0 ? "0" : html`<a href="/health">${count(counts.rejected)}</a>`}</dd></dl>`;
}
