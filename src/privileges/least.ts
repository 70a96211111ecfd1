import { contains, type Scope, scopeText } from "../model/grant.ts";
import { needOf } from "./actions.ts";

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

/** What the uses need of what is granted, by place; a place that a wider one covers needs only what that lacks. */
export function needsOf(grants: readonly Reach[], uses: readonly Use[]): readonly Reach[] {
  const needs = new Map<string, { actions: number; scope: Scope }>();
  for (const { action, scope } of uses) {
    const need = needOf(action, heldAt(grants, scope));
    if (need === 0) continue;
    const key = scopeText(scope);
    const known = needs.get(key);
    if (known === undefined) needs.set(key, { actions: need, scope });
    else known.actions |= need;
  }
  return [...needs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { actions, scope }]) => ({ actions: actions & ~widerNeeds(needs, scope), scope }))
    .filter(({ actions }) => actions !== 0);
}

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
