import { contains, type Scope, scopeText } from "../model/grant.ts";
import { ACCOUNT_READ, needOf, READ_METADATA } from "./actions.ts";

/** Data actions on a scope: a grant, or a part of one. */
export interface Reach {
  readonly actions: number;
  readonly scope: Scope;
}

/** An action that was used, and where. */
export interface Use {
  readonly action: number;
  readonly scope: Scope;
}

/** Data actions that are needed on the same scopes: one role definition, assigned on each of them. */
export interface Role {
  readonly actions: number;
  readonly scopes: readonly Scope[];
}

/** What the grants permit at a place. */
export function heldAt(grants: readonly Reach[], place: Scope): number {
  let held = 0;
  for (const { actions, scope } of grants) if (contains(scope, place)) held |= actions;
  return held;
}

type Needs = Map<string, { actions: number; readonly scope: Scope }>;

/** What the uses need of what is granted, by place; a place that a wider one covers needs only what that lacks. */
export function needsOf(grants: readonly Reach[], uses: readonly Use[]): readonly Reach[] {
  const needs: Needs = new Map();
  if (grants.length === 0) return [];
  for (const { action, scope } of uses) {
    const need = action === ACCOUNT_READ ? 0 : needOf(action, heldAt(grants, scope));
    if (need === 0) continue;
    const key = scopeText(scope);
    const known = needs.get(key);
    if (known === undefined) needs.set(key, { actions: need, scope });
    else known.actions |= need;
  }
  if (uses.some(({ action }) => action === ACCOUNT_READ)) needMetadata(needs, grants);
  return [...needs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { actions, scope }]) => ({ actions: actions & ~widerNeeds(needs, scope), scope }))
    .filter(({ actions }) => actions !== 0);
}

/** `readMetadata` anywhere lets the account be read: where nothing else needs it, on the narrowest scope that has it. */
function needMetadata(needs: Needs, grants: readonly Reach[]): void {
  const metadata = 1 << READ_METADATA;
  if ([...needs.values()].some(({ actions }) => (actions & metadata) !== 0)) return;
  const [narrowest] = grants
    .filter(({ actions }) => (actions & metadata) !== 0)
    .map(({ scope }) => ({ scope, key: scopeText(scope) }))
    .toSorted((a, b) => depthOf(b.scope) - depthOf(a.scope) || (a.key < b.key ? -1 : 1));
  if (narrowest === undefined) return;
  const known = needs.get(narrowest.key);
  if (known === undefined) needs.set(narrowest.key, { actions: metadata, scope: narrowest.scope });
  else known.actions |= metadata;
}

const depthOf = ({ database, container }: Scope): number => Number(database !== "") + Number(container !== "");

/** Needs of the account and the database that hold a place. */
function widerNeeds(needs: ReadonlyMap<string, Reach>, { database, container }: Scope): number {
  if (database === "") return 0;
  const ofAccount = needs.get("/")?.actions ?? 0;
  return container === "" ? ofAccount : ofAccount | (needs.get(scopeText({ database, container: "" }))?.actions ?? 0);
}

/**
 * The roles that grant what the uses need of the grants and not one (action, place) more: places that need the same share a
 * role. Never more than is granted; taking any action or any scope away denies a use.
 */
export function leastRoles(grants: readonly Reach[], uses: readonly Use[]): readonly Role[] {
  if (grants.length === 0) return [];
  const roles = new Map<number, Scope[]>();
  for (const { actions, scope } of needsOf(grants, uses)) {
    const scopes = roles.get(actions);
    if (scopes === undefined) roles.set(actions, [scope]);
    else scopes.push(scope);
  }
  return [...roles]
    .map(([actions, scopes]) => ({ actions, scopes }))
    .toSorted((a, b) => b.scopes.length - a.scopes.length || a.actions - b.actions);
}

/** The same roles as grants. */
export const reachesOf = (roles: readonly Role[]): readonly Reach[] =>
  roles.flatMap(({ actions, scopes }) => scopes.map((scope) => ({ actions, scope })));
