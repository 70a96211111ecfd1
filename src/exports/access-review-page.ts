import { html } from "hono/html";
import { epochMs } from "../model/time.ts";
import type { PrincipalRow } from "../privileges/rows.ts";
import { pageHtml } from "./page.ts";
import { type Pseudonyms, redactValue } from "./redaction.ts";
import type { Profile } from "../model/redaction-profile.ts";

/** Principals on one page; the others are in access-review.csv. */
const MOST = 2_000;

const STYLE = `
main, footer { max-width: 76rem; }
.review { font-size: .85rem; table-layout: fixed; }
.review td, .review th { overflow-wrap: anywhere; hyphens: auto; }
.review .who { width: 21%; border-top: 0; margin: 0; padding-top: .35rem; } .review .roles { width: 23%; } .review .use { width: 15%; } .review .verdict { width: 15%; }
.review .decide { border: 1px solid var(--line); padding: .35rem .5rem; }
.review .box { display: inline-block; width: .8em; height: .8em; border: 1px solid var(--text); vertical-align: -.05em; margin: 0 .25em 0 .9em; } .review .box:first-child { margin-left: 0; }
.review .choices { display: block; white-space: nowrap; }
.review .few { color: var(--medium); }
.sign { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2rem; margin-top: 2.5rem; break-inside: avoid; }
.sign div { border-top: 1px solid var(--text); padding-top: .25rem; color: var(--soft); font-size: .8rem; }
@media print { :root { --medium: #8a4500; } @page { size: A4 landscape; margin: 12mm; } .review { font-size: 8.5pt; } thead { display: table-header-group; } }
@media (max-width: 50rem) { .review { table-layout: auto; } main { overflow-x: auto; } }
`;

type Html = ReturnType<typeof html>;

export interface AccessReview {
  readonly rows: readonly PrincipalRow[];
  readonly profile: Profile;
  readonly names: Pseudonyms;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly version: string;
}

/** Who holds what and uses what of it, with room for who decides: one page that needs nothing else, for paper as well. */
export async function accessReviewHtml(review: AccessReview): Promise<string> {
  const { rows, madeAt, version } = review;
  const shown = rows.slice(0, MOST);
  const some = rows.filter(({ enough, actionsGranted, actionsUsed }) => enough && actionsGranted > actionsUsed).length;
  const main = html`<header><h1>Access review</h1>
<p>${rows.length} principals on Cosmos DB, ${some} of which hold data actions that they did not use in a time that is long enough to tell.</p></header>
<table class="review"><thead><tr><th class="who">Principal</th><th class="roles">Holds</th><th class="use">Uses</th><th class="verdict">Recommendation</th><th>Decision, reviewer, date</th></tr></thead>
<tbody>${shown.map((row) => rowOf(row, review))}</tbody></table>
${rows.length > MOST ? html`<p>${rows.length - MOST} more are in access-review.csv.</p>` : ""}
<div class="sign"><div>Reviewer</div><div>Signature</div><div>Date</div></div>`;
  return await pageHtml({
    title: `Access review of ${madeAt.slice(0, 10)}`,
    style: STYLE,
    main,
    footer: `Made ${madeAt} by Scopetrail ${version} from what was exported beside it. Times are UTC.`,
  });
}

function rowOf(row: PrincipalRow, { profile, names }: AccessReview): Html {
  const { kind, account, roles, actionsGranted, actionsUsed, calls, refused, lastUsed, enough, verdict, findings } =
    row;
  const isKey = kind === "key" || kind === "token";
  const who = isKey ? row.principal : (redactValue(row.principal, "identity", profile, names) ?? "(dropped)");
  const last = lastUsed === null ? "never used" : `last ${new Date(epochMs(lastUsed)).toISOString().slice(0, 10)}`;
  return html`<tr>
<td class="who"><b>${who}</b><small>${kind} · ${account}</small></td>
<td class="roles">${roles.length === 0 ? html`<small>no known role</small>` : roles.map((role) => html`<div>${role}</div>`)}</td>
<td class="use">${actionsUsed} of ${actionsGranted} actions<small>${calls} calls, ${refused} refused</small><small>${last}</small></td>
<td class="verdict">${verdict}${enough ? "" : html`<small class="few">not enough was seen to tell</small>`}${findings.map((id) => html`<small>${id}</small>`)}</td>
<td class="decide"><span class="choices"><span class="box"></span>keep <span class="box"></span>reduce <span class="box"></span>remove</span></td>
</tr>`;
}
