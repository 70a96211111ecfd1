import { html } from "hono/html";
import { type Finding, GATEWAY_KINDS } from "../../model/finding.ts";
import type { PrincipalRow } from "../../privileges/rows.ts";
import { count, dateTime, iso, percent, shortIds } from "../format.ts";
import type { PrincipalsView } from "../principals-view.ts";
import type { Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";
import { blindSpotList, scrollable, severityPill } from "./parts.ts";

const PAGE = 100;
const GATEWAY_FINDINGS = 100;
const LONGEST_QUERY = 200;

interface Asked {
  readonly q?: string | undefined;
  readonly page?: string | undefined;
}

/** Everybody who holds or used something, the one that holds most that it does not need first. */
export function principalsPage(screen: Screen, view: PrincipalsView, asked: Asked): Markup {
  const q = (asked.q ?? "").trim().slice(0, LONGEST_QUERY);
  const all = view.rows();
  const rows = all.filter((row) => hasText(row, q.toLowerCase()));
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(asked.page ?? 1)) || 1));
  const shown = rows.slice((page - 1) * PAGE, page * PAGE);
  const spots = view.spots();
  const body = html`<div class="panel-head"><h1>Principals</h1>${screen.reveal === undefined ? "" : html`<a href="/reveals">Who is behind a pseudonym?</a>`}</div>
<p class="muted" id="judged" data-swap>${judgedText(view)}</p>
<div class="stack">
<section class="panel" id="list" data-swap aria-label="Principals">
<form action="/principals" class="narrow"><label for="principal-text">Principal, account, role or verdict</label><input type="search" id="principal-text" name="q" value="${q}" maxlength="${LONGEST_QUERY}"><button>Narrow</button></form>
<p class="muted" role="status">${summary(rows.length, all.length)}${q === "" ? "" : html` <a href="/principals">Show all</a>`}</p>
${shown.length === 0 ? nothing(all.length) : table(shown)}
${pages === 1 ? "" : html`<nav aria-label="Pages of the list"><p>${page > 1 ? html`<a class="button" href="${pageLink(q, page - 1)}">Back</a>` : ""} Page ${page} of ${pages} ${page < pages ? html`<a class="button" href="${pageLink(q, page + 1)}">Next</a>` : ""}</p></nav>`}
</section>
${gatewaySection(view)}
${spots.length === 0 ? "" : html`<section class="panel" id="spots" data-swap><h2>What cannot be judged</h2>${blindSpotList(spots)}</section>`}
</div>`;
  return layout({ title: "Principals", path: "/principals", screen, body });
}

const isGateway = ({ kind, status }: Finding): boolean =>
  status !== "resolved" && GATEWAY_KINDS.some((one) => one === kind);

/** What gateways let in: each finding with its evidence, to be opened. */
function gatewaySection(view: PrincipalsView): Markup {
  const findings = view.findings().filter(isGateway);
  if (findings.length === 0) return html``;
  return html`<section class="panel" id="gateway" data-swap><h2>What gateways let in</h2><ul class="findings">${findings
    .slice(0, GATEWAY_FINDINGS)
    .map(
      (finding) =>
        html`<li id="${finding.id}" data-key="${finding.id}" class="gateway-finding"><details><summary>${severityPill(finding)} ${finding.title}</summary><ul class="evidence">${finding.cause.evidence.map(({ says }) => html`<li>${says}</li>`)}</ul><p>${finding.fix.says}</p><p class="muted small">${finding.cause.id} · confidence ${finding.cause.confidence.toFixed(2)} · since ${dateTime(finding.onset)} UTC · <a href="/api/v1/findings/${finding.id}">JSON</a></p></details></li>`,
    )}</ul>${findings.length > GATEWAY_FINDINGS ? html`<p class="muted">${count(findings.length - GATEWAY_FINDINGS)} more are in the JSON.</p>` : ""}</section>`;
}

function judgedText(view: PrincipalsView): Markup {
  const at = view.judgedAt();
  return at === null
    ? html`Nothing was judged yet: that needs the first records.`
    : html`Who holds which rights on Cosmos DB, and what of them is used. Judged up to <time datetime="${iso(at)}">${dateTime(at)}</time> UTC.`;
}

const hasText = ({ principal, account, verdict, roles, kind }: PrincipalRow, text: string): boolean =>
  text === "" || [principal, account, verdict, kind, ...roles].some((part) => part.toLowerCase().includes(text));

const summary = (asked: number, all: number): string =>
  asked === all
    ? `${count(all)} ${all === 1 ? "principal or key" : "principals and keys"}`
    : `${count(asked)} of ${count(all)}`;

const pageLink = (q: string, page: number): string =>
  `/principals?${new URLSearchParams({ ...(q === "" ? {} : { q }), page: String(page) }).toString()}`;

const nothing = (all: number): Markup =>
  all > 0
    ? html`<p class="muted">None is like that.</p>`
    : html`<p class="muted">No principal, key or role assignment was seen yet. Add <code>DataPlaneRequests</code> to the diagnostic settings, and the accounts to <code>accounts</code> in the configuration.</p>`;

const table = (rows: readonly PrincipalRow[]): Markup =>
  scrollable(
    "Principals and keys",
    html`<table class="roomy"><thead><tr><th class="n">Score</th><th>Principal</th><th>Account</th><th>Holds</th><th class="n">Actions used</th><th class="n">Unused</th><th>Last used (UTC)</th><th class="n">Refused</th><th>Verdict</th></tr></thead>
<tbody>${rows.map(rowOf)}</tbody></table>`,
  );

function rowOf(row: PrincipalRow): Markup {
  const { actionsGranted, actionsUsed, calls, refused, lastUsed, roles, account } = row;
  const unused = actionsGranted === 0 ? "–" : percent((actionsGranted - actionsUsed) / actionsGranted);
  return html`<tr data-key="${account}|${row.kind}|${row.principal}"><td class="n">${isSecret(row) ? "–" : html`<strong>${row.score.toFixed(1)}</strong>`}</td><td class="nowrap">${principalName(row)}</td><td>${account}</td><td>${roles.length === 0 ? html`<span class="muted">no known role</span>` : html`${roles[0]}${roles.length > 1 ? html` <span class="muted">+${roles.length - 1}</span>` : ""}`}</td><td class="n">${actionsGranted === 0 ? "–" : `${actionsUsed} of ${actionsGranted}`}</td><td class="n">${unused}</td><td class="nowrap">${lastUsed === null ? "never" : html`<time datetime="${iso(lastUsed)}">${dateTime(lastUsed).slice(0, 16)}</time>`}</td><td class="n">${calls === 0 ? "–" : percent(refused / calls)}</td><td>${row.verdict}</td></tr>`;
}

/** A key or token: whoever has it has its rights, and nothing says which of them were given to whom. */
export const isSecret = ({ kind }: PrincipalRow): boolean => kind === "key" || kind === "token";

const KINDS = {
  principal: "",
  group: "group",
  key: "key: no identity",
  token: "resource token: no identity",
  unknown: "nothing logged",
} as const;

/** A principal's name as a link, with what it is where that matters. */
function principalName({ principal, kind }: PrincipalRow): Markup {
  const says = KINDS[kind];
  const what = says === "" ? "" : html` <span class="muted">${says}</span>`;
  if (principal === "") return html`<span class="muted">unknown</span>${what}`;
  return html`<a href="/principals/${encodeURIComponent(principal)}" title="${principal}">${shortIds(principal)}</a>${what}`;
}
