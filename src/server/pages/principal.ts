import { html } from "hono/html";
import type { Finding } from "../../model/finding.ts";
import type { Privilege } from "../../model/privilege.ts";
import { count, dateTime } from "../format.ts";
import type { PrincipalRow } from "../../privileges/rows.ts";
import type { PrincipalAccount } from "../principals-view.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { closedNote, scrollable, severityPill, statusPill } from "./parts.ts";
import { isSecret } from "./principals.ts";
import { privilegeMatrix, shortAction } from "./privilege-matrix.ts";

/** One principal: what it holds, uses and needs in each account, and the way there and back. */
export function principalPage(screen: Screen, accounts: readonly PrincipalAccount[]): Markup {
  const name = accounts[0]?.row.principal ?? "";
  const body = html`<p class="crumbs"><a href="/principals">Principals</a> / ${name}</p>
<header class="head"><h1>${name}</h1></header>
<div class="stack">${accounts.map((account, i) => accountSection(account, i))}</div>`;
  return layout({ title: name, path: "/principals", screen, body });
}

function accountSection(account: PrincipalAccount, i: number): Markup {
  const { row, privilege, findings } = account;
  const open = findings.find(({ status }) => status !== "resolved") ?? findings[0];
  const shown = open?.privilege ?? privilege;
  return html`<section class="account" id="account-${i}" data-swap aria-label="On ${row.account}">
<h2>${row.account}</h2>
<div class="columns finding-page"><div class="wide">
<section class="panel">${headline(row, shown)}${findings.map(findingLine)}</section>
<section class="panel"><h3>Granted and used</h3>${privilegeMatrix(shown)}</section>
${open === undefined ? "" : html`<section class="panel"><h3>Why</h3>${why(open)}</section>`}
${open === undefined || open.fix.commands.length === 0 ? "" : html`<section class="panel"><h3>The way down</h3>${wayDown(open, shown, i)}</section>`}
${shown.clients.length === 0 ? "" : html`<section class="panel"><h3>Clients</h3>${clients(shown, isSecret(row))}</section>`}
</div><aside class="side" aria-label="What to do on ${row.account}">
<section class="panel"><h3>What it needs</h3>${needs(shown, open)}</section>
<section class="panel"><h3>Take it along</h3><p class="buttons"><a class="button" href="/api/v1/principals/${encodeURIComponent(row.principal)}">JSON</a></p></section>
</aside></div></section>`;
}

function headline(row: PrincipalRow, { exposure }: Privilege): Markup {
  const score = isSecret(row)
    ? ""
    : html` · score <strong>${row.score.toFixed(1)}</strong> of 100 · confidence ${row.confidence.toFixed(2)}`;
  const days =
    exposure.days === 0
      ? "no day of its account's log was observed"
      : html`${count(exposure.days)} days observed, ${dateTime(exposure.from).slice(0, 10)} to ${dateTime(exposure.to).slice(0, 10)}${exposure.enough ? "" : ": not enough to take rights away"}`;
  return html`<p><strong>${row.verdict}</strong>${score} · ${days}</p>
<p class="muted">${count(row.calls)} calls, ${count(row.refused)} of them refused${row.roles.length === 0 ? "" : html` · holds ${row.roles.slice(0, 5).join("; ")}${row.roles.length > 5 ? ` and ${row.roles.length - 5} more` : ""}`}</p>`;
}

const findingLine = (finding: Finding): Markup =>
  html`<p>${severityPill(finding)} ${statusPill(finding)} ${finding.title} <span class="muted">${finding.id}</span>${closedNote(finding)}</p>`;

const why = ({ cause }: Finding): Markup =>
  html`<p class="cause"><strong>${cause.id}</strong> <span class="muted">confidence ${cause.confidence.toFixed(2)}</span></p>
<ul class="evidence">${cause.evidence.map(({ says }) => html`<li>${says}</li>`)}</ul>`;

function needs({ recommended, replay, exposure }: Privilege, finding: Finding | undefined): Markup {
  const isNone = recommended === null || finding?.kind === "grant-never-used";
  const roles = isNone ? [] : [recommended, ...recommended.further];
  const list = roles.map(({ roleDefinition, assignments }) => {
    const actions = roleDefinition.Permissions.flatMap(({ DataActions }) => DataActions.map(shortAction));
    const places = assignments.map(({ scope }) => scope);
    return html`<li><strong>${actions.join(", ")}</strong><br><span class="muted">on ${places.slice(0, 6).join(", ")}${places.length > 6 ? ` and ${places.length - 6} more` : ""}</span></li>`;
  });
  const says =
    replay.calls === 0
      ? "No call of it was let in: there is nothing to replay."
      : `Would have been denied: ${count(replay.wouldBeDenied)} of ${count(replay.calls)} calls in ${count(exposure.days)} observed days.`;
  return html`${list.length === 0 ? html`<p>Nothing that is known.</p>` : html`<ul class="evidence">${list}</ul>`}<p class="muted">${says}</p>`;
}

function wayDown(finding: Finding, { plan, commands, bicep }: Privilege, i: number): Markup {
  const isPlan = finding.kind === "over-privileged-principal";
  return html`<p>${finding.fix.says}</p>
${isPlan ? html`<ol class="plan">${plan.map(({ says, days }) => html`<li>${says}${days === 0 ? "" : html` <span class="muted">${days} ${days === 1 ? "day" : "days"}</span>`}</li>`)}</ol>` : ""}
<h4>There</h4>${finding.fix.commands.map((command, j) => commandLine(command, `there-${i}-${j}`))}
<h4>And back</h4>${commands.rollback.map((command, j) => commandLine(command, `back-${i}-${j}`))}
${finding.fix.commands.some((command) => command.includes("<")) ? html`<p class="muted small">The logs do not tell what stands in &lt;angle brackets&gt;.</p>` : ""}
<details class="as-table"><summary>The same as Bicep</summary><h4>There</h4>${commandLine(bicep.apply, `bicep-there-${i}`)}<h4>And back</h4>${commandLine(bicep.rollback, `bicep-back-${i}`)}</details>`;
}

const commandLine = (command: string, id: string): Markup =>
  html`<div class="command"><pre id="${id}" tabindex="0">${command}</pre><button type="button" class="copy" data-copy-from="${id}" aria-label="Copy ${id.replaceAll("-", " ")}">Copy</button></div>`;

/** `hasKeys`: whether it is told which key a client signed with; of a principal all clients have its token. */
function clients({ clients: list, omitted }: Privilege, hasKeys: boolean): Markup {
  const rows = list
    .slice(0, 20)
    .map(
      ({ network, userAgent, credential, calls, lastUsed }) =>
        html`<tr><td>${network === "" ? "no address" : network}</td><td>${userAgent === "" ? "no user agent" : userAgent}</td>${hasKeys ? html`<td>${credential}</td>` : ""}<td class="n">${count(calls)}</td><td class="nowrap">${dateTime(lastUsed).slice(0, 16)}</td></tr>`,
    );
  const more = Math.max(0, list.length - 20) + omitted.clients;
  return html`${scrollable("Clients", html`<table class="roomy"><thead><tr><th>Network</th><th>User agent</th>${hasKeys ? html`<th>Signed with</th>` : ""}<th class="n">Calls</th><th>Last (UTC)</th></tr></thead><tbody>${rows}</tbody></table>`)}${more === 0 ? "" : html`<p class="muted small">${count(more)} more clients are in the JSON.</p>`}`;
}
