import { html } from "hono/html";
import type { BlindSpot, Finding } from "../../model/finding.ts";
import type { MinuteCount, Report } from "../../model/report.ts";
import { count, iso, percent } from "../format.ts";
import { hrefOf, parametersOf } from "../query.ts";
import { instantFromMs, plusMs } from "../../model/time.ts";
import { bucketsOf, fixedRange, rangeOf, type TimeRange } from "../range.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup, partialNotice } from "./layout.ts";
import { matrixTable } from "./matrix.ts";
import { blindSpotList, findingRow, sparkline, timeChart } from "./parts.ts";
import { rangeBar } from "./range-bar.ts";

/** Minutes that calls are counted by. */
export const KEPT_MINUTES = 2_880;
const USUAL_RANGE = "now-3h";

/** The range that an address of the overview, or of the minutes, asks for. */
export const overviewRange = ({ view, now, url }: Pick<Screen, "view" | "now" | "url">): TimeRange =>
  rangeOf((name) => url.searchParams.get(name) ?? undefined, newestOf(view, now), USUAL_RANGE);

/** `now` of the data: the end of the newest minute, as what is not there yet cannot be shown. */
export function newestOf(view: Screen["view"], now: Screen["now"]): TimeRange["to"] {
  const last = view.minutes(1).at(-1)?.time ?? view.watermark();
  return last === null ? instantFromMs(now) : plusMs(last, 60_000);
}

/** "Is somebody being refused who should not be?", answered at a glance. */
export function overviewPage(screen: Screen): Markup {
  const { view, url } = screen;
  const report = view.report();
  const kept = view.minutes(KEPT_MINUTES);
  const range = overviewRange(screen);
  const { rows, bucketMinutes } = bucketsOf(kept, range);
  const open = report.findings.filter(({ status }) => status === "open");
  const source = hrefOf("/api/v1/minutes", { from: range.asked.from, to: range.asked.to });
  const by = url.searchParams.get("by") === "caller" ? "caller" : "api";
  const body = html`
<section id="verdict" data-swap class="verdict ${open.length > 0 ? "bad" : report.correlation.calls === 0 ? "none" : "good"}">${verdict(report, open)}</section>
${partialNotice(screen)}
<section id="tiles" data-swap class="tiles" aria-label="Figures">${tiles(report, kept, open)}</section>
<div class="columns">
<div class="wide">
<section class="panel" id="minutes" data-swap><div class="panel-head"><h2>Refused calls ${bucketMinutes === 1 ? "per minute" : `per ${bucketMinutes} minutes`}</h2>${rangeBar("/", parametersOf(url), { range, isAsked: true })}</div>
${timeChart({ id: "refused", source, label: chartLabel(rows), rows, marks: marks(report.findings), brush: true })}</section>
<section class="panel" id="attention" data-swap><h2>Needs attention</h2>${attention(report, open)}</section>
<section class="panel" id="matrix" data-swap>${matrixTable(view.matrix({ by, from: range.from, to: range.to }), url)}</section>
${ended(report)}
</div>
<div class="side">
<section class="panel" id="blind" data-swap><h2>Blind spots</h2>${blindSpots(report.blindSpots)}</section>
<section class="panel" id="input" data-swap><h2>Input</h2>${input(report)}</section>
</div></div>`;
  const link = hrefOf("/", { ...parametersOf(url), ...fixedRange(range) });
  return layout({ title: "Overview", path: "/", screen, chart: true, body, link, fixed: !range.moves });
}

function verdict({ correlation, input: { records }, findings }: Report, open: readonly Finding[]): Markup {
  if (correlation.calls === 0) return nothingYet(records);
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

const nothingYet = (records: number): Markup =>
  records === 0
    ? html`<h1>No gateway logs received yet.</h1><p>Diagnostic settings need about 15 minutes until records flow, for a new workspace up to 2 hours. Run <code>scopetrail doctor</code> to see what is missing.</p>`
    : html`<h1>No calls yet.</h1><p>${count(records)} records came, none of them is a call of the gateway or an operation in Cosmos DB. <a href="/health">Health</a> says what they are.</p>`;

const HOUR = 60;

function tiles(report: Report, kept: readonly MinuteCount[], open: readonly Finding[]): Markup {
  const lastHour = kept.slice(-HOUR);
  const now = share(lastHour);
  const calls = Math.max(1, report.correlation.calls);
  const named = report.identity.validated + report.identity.key;
  const bySeverity = (["high", "medium", "low"] as const).flatMap((severity) => {
    const n = open.filter((finding) => finding.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}`];
  });
  const refused = open.reduce((sum, { counts }) => sum + counts.refused, 0);
  const compared = open.reduce((sum, { counts }) => sum + counts.calls, 0);
  return html`${tile({ name: "Calls refused, last hour", value: percent(now), says: comparedToBefore(now, kept), href: hrefOf("/", { from: "now-1h", to: "now" }), extra: sparkline(lastHour) })}
${tile({ name: "Open findings", value: count(open.length), says: bySeverity.join(" · ") || "none", href: hrefOf("/failures", { status: "open" }) })}
${tile({ name: "Calls that open findings are about", value: count(refused), says: open.length === 0 ? "none" : `refused, of ${count(compared)} that the same callers made`, href: hrefOf("/failures", { status: "open" }) })}
${tile({ name: "Callers known", value: percent(named / calls), says: `${count(report.identity.claimed)} claimed only, ${count(report.identity.unknown)} unknown · ${percent(report.correlation.exact / calls)} joined with Cosmos DB`, href: "/health#ledger" })}`;
}

const tile = (it: { name: string; value: string; says: string; href: string; extra?: Markup }): Markup =>
  html`<a class="tile" href="${it.href}"><h2>${it.name}</h2><p class="value">${it.value}${it.extra ?? ""}</p><p class="muted">${it.says}</p></a>`;

function share(minutes: readonly MinuteCount[]): number {
  const calls = minutes.reduce((sum, minute) => sum + minute.calls, 0);
  const refused = minutes.reduce((sum, minute) => sum + minute.refused401 + minute.refused403, 0);
  return calls === 0 ? 0 : refused / calls;
}

const DAY = 1_440;

/** The last hour beside the same hour yesterday, or beside all before it while there was no yesterday. */
function comparedToBefore(now: number, kept: readonly MinuteCount[]): string {
  if (kept.length <= HOUR) return "no earlier hour to compare";
  const yesterday = kept.slice(-DAY - HOUR, -DAY);
  return yesterday.length === HOUR
    ? compare(now, share(yesterday), "the same hour yesterday")
    : compare(now, share(kept.slice(0, -HOUR)), "the time before");
}

function compare(now: number, then: number, when: string): string {
  if (then === 0) return now === 0 ? `as in ${when}` : `none in ${when}`;
  const ratio = now / then;
  if (ratio > 1.3) return `${ratio.toFixed(1)}× ${when} (${percent(then)})`;
  return ratio < 0.75 ? `down from ${percent(then)} in ${when}` : `as in ${when} (${percent(then)})`;
}

function chartLabel(rows: readonly MinuteCount[]): string {
  const refused = rows.reduce((sum, minute) => sum + minute.refused401 + minute.refused403, 0);
  const calls = rows.reduce((sum, minute) => sum + minute.calls, 0);
  const worst = rows.reduce<MinuteCount | undefined>(
    (most, row) => (most === undefined || refusedIn(row) > refusedIn(most) ? row : most),
    undefined,
  );
  const peak =
    worst === undefined || refused === 0
      ? ""
      : ` Most at ${iso(worst.time).slice(11, 16)} UTC: ${count(refusedIn(worst))}.`;
  return `Calls refused with 401 and 403 over time: ${count(refused)} of ${count(calls)} in this range.${peak}`;
}

const refusedIn = ({ refused401, refused403 }: MinuteCount): number => refused401 + refused403;

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
    open.length > ATTENTION
      ? html`<p><a href="/failures?status=open">All ${count(open.length)} open findings</a></p>`
      : "";
  return html`<ul class="findings">${open.slice(0, ATTENTION).map((finding) => findingRow(finding))}</ul>${more}`;
}

/** The last findings that ended, latest first. */
function ended({ findings }: Report): Markup {
  const over = findings
    .filter(({ status }) => status === "resolved")
    .toSorted((a, b) => Number(b.end ?? b.onset) - Number(a.end ?? a.onset));
  const more =
    over.length > ENDED
      ? html`<p><a href="/failures?status=resolved">All ${count(over.length)} that ended</a></p>`
      : "";
  return html`<section class="panel" id="ended" data-swap${over.length === 0 ? html` hidden` : ""}><h2>Ended</h2><ul class="findings">${over.slice(0, ENDED).map((finding) => findingRow(finding))}</ul>${more}</section>`;
}

const SPOTS = 8;

function blindSpots(spots: readonly BlindSpot[]): Markup {
  if (spots.length === 0) return html`<p class="muted">None: callers, reasons and joins are all in the logs.</p>`;
  const more =
    spots.length > SPOTS
      ? html`<p class="muted">${count(spots.length - SPOTS)} more on <a href="/health#spots">Health</a>.</p>`
      : "";
  return html`${blindSpotList(spots.slice(0, SPOTS))}${more}`;
}

function input({ input: counts }: Report): Markup {
  return html`<dl class="facts"><dt>Records</dt><dd>${count(counts.records)}</dd><dt>Accepted</dt><dd>${count(counts.accepted)}</dd><dt>Duplicate</dt><dd>${count(counts.duplicate)}</dd><dt>Filtered</dt><dd>${count(counts.filtered)}</dd><dt>Rejected</dt><dd>${counts.rejected === 0 ? "0" : html`<a href="/health#rejects">${count(counts.rejected)}</a>`}</dd></dl>`;
}
