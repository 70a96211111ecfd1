import { html } from "hono/html";
import type { Screen } from "../view.ts";
import { layout, type Markup } from "./layout.ts";

/** What was asked, and what came of it. */
export interface Revealed {
  readonly pseudonym: string;
  readonly reason: string;
  /** Why it was not looked up, a sentence each. */
  readonly faults: readonly string[];
  /** Undefined where nothing was looked up, null where nobody known has this pseudonym. */
  readonly name: string | null | undefined;
}

/** For auditors: who is behind a pseudonym that somebody told them of. */
export function revealPage(screen: Screen, revealed: Revealed): Markup {
  const { pseudonym, reason, faults } = revealed;
  const body = html`<p class="crumbs"><a href="/principals">Principals</a> / Pseudonym</p><h1>Who is behind a pseudonym</h1>
<div class="stack"><section class="panel" id="ask"><h2>Look one up</h2>
<p>Viewers see pseudonyms in the place of people and applications. A name is told to auditors only, and each asking is kept on record with its reason, who asked, and when.</p>
${faults.length === 0 ? "" : html`<ul class="problems" role="alert">${faults.map((fault) => html`<li>${fault}</li>`)}</ul>`}
<form action="/reveals" method="post" class="export-form"><label>Pseudonym <input name="pseudonym" value="${pseudonym}" placeholder="~0123456789abcdef" required maxlength="200" autocomplete="off" spellcheck="false"></label>
<label>Why, kept on record <input name="reason" value="${reason}" required maxlength="500" autocomplete="off"></label>
<button class="primary">Look it up</button></form></section>
${answer(revealed, screen)}</div>`;
  return layout({ title: "Pseudonym", path: "/principals", screen, body, still: true });
}

function answer({ pseudonym, reason, name }: Revealed, { view, decisions: { by } }: Screen): Markup {
  if (name === undefined) return html``;
  const hasPage = name !== null && view.principals?.has(name) === true;
  const says =
    name === null
      ? html`<p>Nobody who is known now has the pseudonym <code>${pseudonym}</code>: it may be of another installation, another key, or of somebody whose calls are no longer kept.</p>`
      : html`<p><code>${pseudonym}</code> is ${hasPage ? html`<a href="/principals/${encodeURIComponent(name)}"><strong>${name}</strong></a>` : html`<strong>${name}</strong>`}.</p>`;
  return html`<section class="panel" id="answer" role="status"><h2>Answer</h2>${says}<p class="muted small">On record: asked by ${by}, because “${reason}”. Auditors read the record with <code>scopetrail audit</code> or at <code>/api/v1/audit</code>.</p></section>`;
}
