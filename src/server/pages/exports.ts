import { html } from "hono/html";
import { count } from "../format.ts";
import { exportCommand, type ExportForm, FORMATS, formOf, REDACTIONS } from "../export-form.ts";
import type { BundleLine } from "../../model/bundle-line.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { scrollable } from "./parts.ts";

const SHOWN = 200;

/** What was exported, whether it still is as it was signed, and the command that makes an export. */
export function exportsPage(screen: Screen): Markup {
  const form = formOf((name) => screen.url.searchParams.get(name) ?? undefined);
  const body = html`<h1>Exports</h1>
<div class="columns finding-page"><div class="wide">
<section class="panel" id="bundles" data-swap><h2>Bundles</h2>${bundles(screen)}</section>
<section class="panel" id="make"><h2>Make one</h2>${makeOne(form)}</section>
</div><aside class="side" aria-label="How to check an export">
<section class="panel" id="check"><h2>Check one</h2>${checkOne()}</section>
<section class="panel" id="holds"><h2>What a bundle holds</h2>${contents()}</section>
</aside></div>`;
  return layout({ title: "Exports", path: "/exports", screen, body });
}

function bundles({ view }: Screen): Markup {
  const lists = view.bundles?.() ?? [];
  if (lists.length === 0)
    return html`<p class="muted">No folder of exports is known here: the configuration names none. The command below makes one by hand.</p>`;
  return html`${lists.map(({ folder, lines, more, problem }) => html`<h3 class="path">${folder}</h3>${problem === undefined ? "" : html`<p class="notice">${problem}</p>`}${lines.length === 0 ? html`<p class="muted">Nothing was exported yet.</p>` : table(folder, lines)}${more > 0 ? html`<p class="muted small">${count(more)} older ones are in the folder.</p>` : ""}`)}`;
}

const STATES = {
  signed: ["fresh", "as it was signed"],
  broken: ["stale", "wrong"],
} as const;

const table = (folder: string, lines: readonly BundleLine[]): Markup =>
  scrollable(
    `Bundles in ${folder}`,
    html`<table class="roomy"><thead><tr><th>Entry</th><th>Kind</th><th>Made (UTC)</th><th>Of</th><th class="n">Calls</th><th class="n">MB</th><th>Manifest</th><th>SHA-256 of the manifest</th></tr></thead><tbody>${lines.slice(0, SHOWN).map(line)}</tbody></table>`,
  );

function line({ name, kind, madeAt, from, to, calls, bytes, sha256, state, says }: BundleLine): Markup {
  const [look, words] = STATES[state];
  const range = from === null && to === null ? "all calls" : `${from ?? "the first"} to ${to ?? "the last"}`;
  return html`<tr data-key="${name}"><td class="nowrap">${name}</td><td>${kind}</td><td class="nowrap">${madeAt.slice(0, 19).replace("T", " ")}</td><td>${range}</td><td class="n">${count(calls)}</td><td class="n">${(bytes / 1e6).toFixed(1)}</td><td><span class="live ${look}">${words}</span>${says === undefined ? "" : ` ${says}`}</td><td class="nowrap"><code title="${sha256}">${sha256.slice(0, 12)}…</code> <button type="button" class="copy" data-copy="${sha256}" aria-label="Copy the hash of ${name}">Copy</button></td></tr>`;
}

function makeOne(form: ExportForm): Markup {
  const { from, to, principal, container, finding, format, redact } = form;
  const text = (name: string, label: string, value: string, hint: string): Markup =>
    html`<label>${label} <input name="${name}" value="${value}" placeholder="${hint}" autocomplete="off" spellcheck="false" maxlength="200"></label>`;
  return html`<form action="/exports" class="export-form">
${text("from", "From (UTC)", from, "2026-03-01")}${text("to", "To, not included", to, "2026-04-01")}${text("principal", "Principal", principal, "any")}${text("container", "Container", container, "database/container")}${text("finding", "Finding", finding, "F-…")}
<label>Format <select name="format">${FORMATS.map((one) => html`<option${one === format ? html` selected` : ""}>${one}</option>`)}</select></label>
<label>People <select name="redact">${REDACTIONS.map(([value, says]) => html`<option value="${value}"${value === redact ? html` selected` : ""}>${says}</option>`)}</select></label>
<button>Show the command</button></form>
${form.faults.length === 0 ? "" : html`<ul class="problems">${form.faults.map((fault) => html`<li>${fault}</li>`)}</ul>`}
<div class="command"><pre id="export-command" tabindex="0">${exportCommand(form)}</pre><button type="button" class="copy" data-copy-from="export-command" aria-label="Copy the command">Copy</button></div>
<p class="muted small">It reads the calls that are kept beside the state; <code>--in PATH</code> reads files instead.</p>`;
}

const COMMANDS = ["scopetrail export verify evidence/", "node evidence/export-000001/verify.mjs evidence/"] as const;

const checkOne = (): Markup =>
  html`<p>Offline, without this server. Give it the public key that you trust and a hash that you kept elsewhere.</p>${COMMANDS.map((command, i) => html`<div class="command"><pre id="check-${i}" tabindex="0">${command}</pre><button type="button" class="copy" data-copy-from="check-${i}" aria-label="Copy the way to check ${i + 1}">Copy</button></div>`)}<p class="muted small">The second one needs nothing but Node: the script is in each bundle. “As it was signed” above is about the manifest and the chain; the commands check every file and row.</p>`;

const PARTS = [
  ["calls, operations", "a row each, in the same columns in every format"],
  ["manifest.json", "what was asked, the input, conservation, gaps, every file with its hash; signed and chained"],
  ["findings.json", "what was concluded"],
  ["hours.csv", "what the gateway sent and Cosmos DB logged, by hour"],
  ["principals.csv", "who called, with which identity"],
  ["calls.kql", "the query that repeats it in your workspace"],
] as const;

const contents = (): Markup =>
  html`<dl class="facts stacked">${PARTS.map(([name, says]) => html`<dt><code>${name}</code></dt><dd>${says}</dd>`)}</dl>`;
