import { html } from "hono/html";
import type { CallStory } from "../../findings/call-story.ts";
import { columnWords } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { formatInstant, plusMs } from "../../model/time.ts";
import { azureLink } from "../azure-link.ts";
import { count, dateTime, iso } from "../format.ts";
import { callKql } from "../kql.ts";
import { hrefOf } from "../query.ts";
import type { KeptCall, Screen } from "../view.ts";
import { callPath, cellText, claimsOf } from "./call-cells.ts";
import { comparedCall } from "./compared-call.ts";
import { layout, type Markup } from "./layout.ts";
import { scrollable, severityPill, statusPill } from "./parts.ts";
import { milliseconds, timeline } from "./timeline.ts";

interface Asked {
  /** The id as it was asked for. */
  readonly id: string;
  /** All kept calls of it, newest last; not empty. */
  readonly calls: readonly KeptCall[];
  readonly damages: readonly string[];
  /** Which of them, 1 is the newest. */
  readonly place: number;
}

/** One call: the verdict first, then what happened when, who it was, and what the last one that succeeded had. */
export function callPage(screen: Screen, { id, calls, damages, place }: Asked): Markup {
  const newestFirst = calls.toReversed();
  const shown = newestFirst[place - 1] ?? newestFirst[0];
  if (shown === undefined) return noCallPage(screen, { id, damages });
  const { story, findings } = shown;
  const isBad = story.outcome === "refused";
  const body = html`
<p class="crumbs"><a href="/calls">Calls</a> / ${story.id}</p>
${damageNotice(damages)}
<header class="verdict${isBad ? " bad" : story.outcome === "succeeded" ? "" : " none"}" id="verdict"><h1>${story.verdict}</h1>
<p>${dateTime(story.time)} UTC${story.ids.length > 1 ? html` · also known as ${story.ids.filter((other) => other !== story.id).map((other, i) => html`${i === 0 ? "" : ", "}<code>${other}</code>`)}` : ""}</p></header>
${otherCalls(id, calls.length, place)}
<div class="columns finding-page">
<div class="wide">
<section class="panel" id="happened"><h2>What happened</h2>${timeline(shown)}</section>
<section class="panel" id="compared"><h2>Beside the last call that succeeded</h2>${comparedCall(shown)}</section>
<section class="panel" id="operations"><h2>In Cosmos DB</h2>${operations(story)}</section>
<section class="panel" id="all"><h2>All that the logs tell</h2>${allCells(story)}</section>
</div>
<aside class="side" aria-label="Who it was, and the call in short">
<section class="panel" id="who"><h2>Who</h2>${identity(story)}</section>
<section class="panel" id="among"><h2>Findings</h2>${among(findings)}</section>
<section class="panel" id="unknown"><h2>Not known</h2>${notKnown(story)}</section>
<section class="panel" id="take"><h2>Take it along</h2>${takeAlong(screen, shown, id)}</section>
</aside></div>`;
  return layout({ title: story.verdict, path: "/calls", screen, body, still: true });
}

const damageNotice = (damages: readonly string[]): Markup =>
  damages.length === 0
    ? html``
    : html`<p class="notice">A part of the kept calls cannot be read: ${damages.slice(0, 3).join("; ")}${damages.length > 3 ? ` and ${damages.length - 3} more` : ""}.</p>`;

/** No call has the id, with what to do. */
export function noCallPage(screen: Screen, { id, damages }: Pick<Asked, "id" | "damages">): Markup {
  const body = html`<p class="crumbs"><a href="/calls">Calls</a></p>${damageNotice(damages)}
<div class="empty"><h1>No call with this id is kept</h1><p><code>${id}</code></p>
<p>A call is there a few minutes after its logs arrived, and for as long as <code>retention</code> says. Older ones may be in your files:</p>
<div class="command"><pre id="command-0" tabindex="0">scopetrail call ID --in PATH</pre><button type="button" class="copy" data-copy-from="command-0" aria-label="Copy the command">Copy</button></div>
<p><a href="/calls">Search for another call</a></p></div>`;
  return layout({ title: "No such call", path: "/calls", screen, body });
}

function otherCalls(id: string, all: number, place: number): Markup {
  if (all < 2) return html``;
  const links = Array.from({ length: all }, (_, i) => i + 1).map(
    (n) =>
      html`<a class="button step" href="${hrefOf(callPath(id), n === 1 ? {} : { n: String(n) })}"${n === place ? html` aria-current="page"` : ""}>${n === 1 ? "newest" : String(n)}</a>`,
  );
  return html`<nav class="others" aria-label="Calls of this id"><span>${count(all)} calls have this id:</span> ${links}</nav>`;
}

const LINKS: ReadonlyMap<string, string> = new Map([
  ["caller", "Caller"],
  ["gateway", "Gateway"],
  ["backend", "Backend"],
  ["cosmos", "Cosmos DB"],
]);

const BELIEF: ReadonlyMap<string, readonly [state: string, says: string]> = new Map([
  ["validated", ["low", "validated"]],
  ["key", ["medium", "key: no caller is named"]],
  ["claimed", ["high", "only claimed"]],
  ["unknown", ["medium", "unknown"]],
]);

function identity(story: CallStory): Markup {
  const [state, says] = BELIEF.get(String(story.call["identity"] ?? "")) ?? ["medium", "unknown"];
  const claims = claimsOf(story.call);
  const table =
    claims.length === 0
      ? html`<p class="muted small">The gateway logged no claims.</p>`
      : scrollable(
          "Claims of the caller's token",
          html`<table class="claims"><thead><tr><th class="nowrap">Claim</th><th>Value</th><th>Belief</th></tr></thead><tbody>${claims.map(({ name, value, belief }) => html`<tr><td class="nowrap">${name}</td><td>${value ?? ""}</td><td class="nowrap belief ${belief.replace(" ", "-")}">${belief}</td></tr>`)}</tbody></table>`,
        );
  return html`<p><span class="pill ${state}">identity ${says}</span></p>
<ol class="chain">${story.identity.map((link) => html`<li><b>${LINKS.get(link.who) ?? link.who}</b><span>${link.says}</span></li>`)}</ol>
<h3>The caller’s token</h3>${table}`;
}

const among = (findings: readonly Finding[]): Markup =>
  findings.length === 0
    ? html`<p class="muted">It is not among the calls of a finding.</p>`
    : html`<ul class="among">${findings.slice(0, 10).map((finding) => html`<li><a href="/failures/${finding.id}">${finding.title}</a><p class="meta">${severityPill(finding)} ${statusPill(finding)}</p></li>`)}</ul>${findings.length > 10 ? html`<p class="muted small">and ${findings.length - 10} more</p>` : ""}`;

const notKnown = ({ missing }: CallStory): Markup =>
  missing.length === 0
    ? html`<p class="muted">The logs tell all that they can.</p>`
    : html`<ul class="evidence">${missing.map((says) => html`<li>${says}</li>`)}</ul>`;

const SHOWN_OPERATIONS = 50;
function operations({ operations: rows }: CallStory): Markup {
  if (rows.length === 0)
    return html`<p class="muted">No operation was joined with this call: it did not reach Cosmos DB, or its log has no record of it.</p>`;
  const table = html`<table class="roomy"><thead><tr><th>Time (UTC)</th><th>Operation</th><th>On</th><th>Status</th><th class="n">Took</th><th class="n">RU</th><th>As</th></tr></thead><tbody>${rows.slice(0, SHOWN_OPERATIONS).map(operationRow)}</tbody></table>`;
  const more = rows.length - SHOWN_OPERATIONS;
  return html`${scrollable("Operations in Cosmos DB", table)}${more > 0 ? html`<p class="muted small">${count(more)} more are in the JSON.</p>` : ""}`;
}

function operationRow(row: CallStory["operations"][number]): Markup {
  const text = (name: string): string => cellText(row[name]);
  const status = text("status");
  const place = [text("account"), text("database"), text("container")].filter((part) => part !== "").join("/");
  const took = Number(row["duration_ms"] ?? Number.NaN);
  const refused = status === "401" || status === "403";
  return html`<tr><td class="nowrap" title="${text("activity_id")}">${text("time").slice(11, 23)}</td><td>${text("operation")}</td><td>${place}</td><td>${refused ? html`<span class="s${status}">${status}</span>` : html`<span class="fine">${status}</span>`}</td><td class="n nowrap">${Number.isNaN(took) ? "" : milliseconds(took)}</td><td class="n">${text("request_charge")}</td><td>${text("principal")} ${text("credential")}${row["role_assignment"] === undefined ? "" : html`<br><span class="muted">role assignment ${text("role_assignment")}</span>`}</td></tr>`;
}

const allCells = ({ call }: CallStory): Markup =>
  html`<details class="as-table"><summary>Show every column</summary><dl class="facts">${Object.entries(call).map(([name, cell]) => html`<dt>${columnWords(name)}</dt><dd>${cellText(cell)}</dd>`)}</dl></details>`;

/** What a ticket at Microsoft needs: ids and times, and nobody's name. */
const supportText = ({ story, spans }: KeptCall): string =>
  [
    story.verdict.replaceAll(/\p{Cc}/gu, " "),
    `Time (UTC): ${formatInstant(story.time)}`,
    ...story.ids.map((id) => `Id: ${id}`),
    ...spans.map(({ where, what, status, lasts }) =>
      `${where}: ${what} ${status ?? ""}${lasts === null ? "" : `, ${lasts} ms`}`.trimEnd(),
    ),
  ].join("\n");

const AROUND_MS = 300_000;

function takeAlong({ azure }: Screen, shown: KeptCall, id: string): Markup {
  const { story } = shown;
  const kql = callKql(story);
  const span = [plusMs(story.time, -AROUND_MS), plusMs(story.time, AROUND_MS)] as const;
  const link = azure === undefined ? undefined : azureLink(azure, kql, span);
  return html`<p class="buttons"><button type="button" class="primary" id="copy-kql" data-copy-from="kql">Copy as KQL</button>${link === undefined ? "" : html`<a class="button" href="${link}" rel="noreferrer" target="_blank">Open in Azure ↗</a>`}<button type="button" data-copy-link>Copy link</button><button type="button" data-copy-from="support">Copy for support</button><a class="button" href="/api/v1/calls/${encodeURIComponent(id)}">JSON</a></p>
${link === undefined && azure === undefined ? html`<p class="muted small">“Open in Azure” needs <code>azure.workspace</code> in the configuration.</p>` : ""}
<details class="as-table"><summary>Show the query</summary><pre id="kql" tabindex="0">${kql}</pre></details>
<details class="as-table"><summary>Show the text for support</summary><pre id="support" tabindex="0">${supportText(shown)}</pre></details>
<p class="muted small">Call began <time datetime="${iso(story.time)}">${formatInstant(story.time)}</time></p>`;
}
