import { scopeText } from "../model/grant.ts";
import type { Privilege, RecommendedRole } from "../model/privilege.ts";
import { type Instant, instantFromMs } from "../model/time.ts";
import { ACTION_NAMES, bitsOf, namesOf, useName } from "./actions.ts";
import { isEnough } from "./exposure.ts";
import { type Holder, isTried, reachOf } from "./holder.ts";
import { heldAt, type Reach, reachesOf, type Role } from "./least.ts";
import { replayFacts } from "./replay.ts";
import { azCommands, bicepOf, bodyOf, PLAN, type WayDown, wayDown } from "./way-down.ts";

const LISTED = 500;
const CLIENTS = 200;
const DAY_MS = 86_400_000;

const dayStart = (day: number): Instant => instantFromMs(day * DAY_MS);

/** What a finding shows of a holder beside the holder itself. */
export interface Proposal {
  /** The roles that it is to have instead; none takes all away. */
  readonly proposed?: readonly Role[];
  /** What it can do. */
  readonly held?: readonly Reach[];
  /** The way there, where it is not from all of its grants to the proposed roles. */
  readonly way?: WayDown;
}

export function privilegeOf(
  holder: Holder,
  { proposed = holder.roles, held = holder.grants.map(reachOf), way = wayOf(holder, proposed) }: Proposal = {},
): Privilege {
  const unused = unusedOf(holder);
  const used = usedOf(holder);
  const clients = holder.clients();
  return {
    granted: holder.grants.slice(0, LISTED).map(({ assignment, roleName, actions }) => ({
      assignment: assignment.id,
      role: roleName,
      scope: scopeText(assignment.scope),
      actions: namesOf(actions),
    })),
    used: used.slice(0, LISTED),
    unused: unused.slice(0, LISTED),
    recommended: recommendedOf(holder.account, proposed),
    replay: replayOf(holder, { held, proposed: reachesOf(proposed) }),
    exposure: shownExposure(holder),
    abstains: holder.abstains,
    score: holder.score.score,
    confidence: Math.round(1_000 * holder.confidence) / 1_000,
    commands: azCommands(way),
    bicep: bicepOf(way),
    plan: PLAN,
    clients: clients.slice(0, CLIENTS),
    omitted: {
      used: Math.max(0, used.length - LISTED),
      unused: Math.max(0, unused.length - LISTED),
      clients: Math.max(0, clients.length - CLIENTS),
    },
  };
}

export const accountOf = ({ account, grants }: Holder): WayDown["account"] => ({
  name: account,
  id: grants[0]?.assignment.accountId ?? "",
});

const wayOf = (holder: Holder, proposed: readonly Role[]): WayDown =>
  wayDown({ account: accountOf(holder), principal: holder.principal }, holder.grants, proposed);

/** Most successes first. */
function usedOf({ uses }: Holder): Privilege["used"] {
  return uses
    .map(({ action, scope, succeeded, denied, other, last }) => ({
      action: useName(action),
      container: scopeText(scope),
      succeeded,
      denied,
      other,
      lastUsed: last ?? null,
    }))
    .toSorted((a, b) => b.succeeded - a.succeeded || (a.action + a.container < b.action + b.container ? -1 : 1));
}

/** What each grant gives and no use needs: by action, with the places under its scope that do need it. */
function unusedOf({ grants, needs, containers }: Holder): Privilege["unused"] {
  const found = new Map<string, Privilege["unused"][number]>();
  for (const { assignment, actions } of grants) {
    const { scope } = assignment;
    for (const bit of bitsOf(actions & ~heldAt(needs, scope))) {
      const except = scope.container === "" ? neededUnder(needs, scope, bit) : [];
      const isAllNeeded = except.length > 0 && except.length === countUnder(containers, scope) && scope.database !== "";
      const one = { action: ACTION_NAMES[bit] ?? "", scope: scopeText(scope), except };
      if (!isAllNeeded) found.set(`${one.scope}|${bit}`, one);
    }
  }
  return [...found.values()];
}

const neededUnder = (needs: readonly Reach[], scope: Reach["scope"], bit: number): readonly string[] =>
  needs
    .filter((need) => (need.actions & (1 << bit)) !== 0 && heldAt([{ actions: 1, scope }], need.scope) === 1)
    .map((need) => scopeText(need.scope));

const countUnder = (containers: Holder["containers"], scope: Reach["scope"]): number =>
  containers.filter((container) => heldAt([{ actions: 1, scope }], container) === 1).length;

function recommendedOf(account: string, roles: readonly Role[]): Privilege["recommended"] {
  const shown = roles.map(
    (role): RecommendedRole => ({
      roleDefinition: bodyOf(account, role),
      assignments: role.scopes.map((scope) => ({ scope: scopeText(scope) })),
    }),
  );
  const [first, ...further] = shown;
  return first === undefined ? null : { ...first, further };
}

function replayOf(
  holder: Holder,
  grants: { readonly held: readonly Reach[]; readonly proposed: readonly Reach[] },
): Privilege["replay"] {
  const { calls, wouldBeDenied, examples } = replayFacts(holder.uses, grants);
  const facts = new Map(holder.uses.map((use) => [use.use, use]));
  return {
    calls,
    wouldBeDenied,
    examples: examples.flatMap(({ use, calls: denied, firstDay, lastDay }) => {
      const fact = facts.get(use);
      if (fact === undefined) return [];
      const what = { action: useName(fact.action), container: scopeText(fact.scope) };
      return [{ ...what, calls: denied, from: dayStart(firstDay), to: dayStart(lastDay + 1) }];
    }),
  };
}

const NEVER = { from: 0, to: -1, gaps: [], days: 0 };

/** Instants: from the begin of the first observed day to the end of the last. */
function shownExposure({ exposure }: Holder): Privilege["exposure"] {
  const { from, to, gaps, days } = exposure ?? NEVER;
  return {
    from: dayStart(from),
    to: dayStart(to + 1),
    gaps: gaps.slice(0, LISTED).map((gap) => ({ from: dayStart(gap.from), to: dayStart(gap.to + 1) })),
    days,
    enough: exposure !== undefined && isEnough(exposure),
  };
}

/** Calls of a holder that were let in, tried in vain, and refused. */
export function callsOf({ uses }: Holder): {
  readonly calls: number;
  readonly denied401: number;
  readonly denied403: number;
} {
  let [calls, denied401, denied403] = [0, 0, 0];
  for (const use of uses) {
    calls += use.succeeded + use.other + use.denied;
    denied401 += use.denied401;
    denied403 += use.denied - use.denied401;
  }
  return { calls, denied401, denied403 };
}

/** Whether anything that the grants give was tried. */
export const isActive = ({ uses, roles }: Holder): boolean => roles.length > 0 && uses.some(isTried);
