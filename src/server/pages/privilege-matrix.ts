import { html } from "hono/html";
import { contains, parseScope, type Scope } from "../../model/grant.ts";
import type { Privilege } from "../../model/privilege.ts";
import { count, dateTime } from "../format.ts";
import type { Markup } from "./layout.ts";
import { scrollable } from "./parts.ts";

/** Places that stand side by side; the others are in the JSON. */
const PLACES = 8;

const PREFIX = "Microsoft.DocumentDB/databaseAccounts/";

/** The end of an action's name: what its beginning says, all share. */
export const shortAction = (action: string): string =>
  action.startsWith(PREFIX) ? action.slice(PREFIX.length).replace("sqlDatabases/containers/", "") : action;

const ANYWHERE: Scope = { database: "", container: "" };
const scopeOf = (text: string): Scope => parseScope(text) ?? ANYWHERE;

/** What is granted and what of it was used: actions down, places across. */
export function privilegeMatrix({ granted, used, recommended }: Privilege): Markup {
  const places = [...new Set([...used.map(({ container }) => container), ...granted.map(({ scope }) => scope)])];
  const shown = places.slice(0, PLACES);
  const actions = [...new Set([...granted.flatMap((grant) => grant.actions), ...used.map(({ action }) => action)])];
  if (actions.length === 0) return html`<p class="muted">It holds and used nothing that is known.</p>`;
  const uses = new Map(used.map((use) => [`${use.action}|${use.container}`, use]));
  const isGranted = (action: string, place: string): boolean =>
    granted.some((grant) => grant.actions.includes(action) && contains(scopeOf(grant.scope), scopeOf(place)));
  const roles = recommended === null ? [] : [recommended, ...recommended.further];
  const isNeeded = (action: string, place: string): boolean =>
    roles.some(
      ({ roleDefinition, assignments }) =>
        roleDefinition.Permissions.some(({ DataActions }) => DataActions.includes(action)) &&
        assignments.some(({ scope }) => contains(scopeOf(scope), scopeOf(place))),
    );
  const state = (action: string, place: string): State =>
    isNeeded(action, place) ? "needed" : isGranted(action, place) ? "granted" : "none";
  const rows = actions.map(
    (action) =>
      html`<tr><th scope="row">${shortAction(action)}</th>${shown.map((place) => html`<td>${cell(uses.get(`${action}|${place}`), state(action, place))}</td>`)}</tr>`,
  );
  return html`${scrollable(
    "Granted and used",
    html`<table class="roomy matrix-rights"><thead><tr><th scope="col">Action</th>${shown.map((place) => html`<th scope="col">${place === "/" ? "/ (whole account)" : place}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
  )}${places.length > PLACES ? html`<p class="muted small">${count(places.length - PLACES)} more places are in the JSON.</p>` : ""}`;
}

/** `needed`: nothing used it by name, but what was used needs it. */
type State = "needed" | "granted" | "none";

/** In words, and with a colour beside: a right that is used, one that is not, a refusal, nothing. */
function cell(use: Privilege["used"][number] | undefined, state: State): Markup {
  const tried = (use?.succeeded ?? 0) + (use?.other ?? 0);
  const refused =
    use === undefined || use.denied === 0 ? "" : html`<span class="s403">${count(use.denied)} refused</span>`;
  if (use !== undefined && tried > 0) {
    const last =
      use.lastUsed === null ? "" : html` <span class="muted">last ${dateTime(use.lastUsed).slice(0, 10)}</span>`;
    return html`<span class="fine">✓ ${count(tried)}</span>${last} ${refused}`;
  }
  if (state === "needed") return html`<span class="fine">● needed with others</span> ${refused}`;
  if (state === "granted") return html`<span class="unused">○ not used</span> ${refused}`;
  return refused === "" ? html`<span class="muted">–</span>` : refused;
}
