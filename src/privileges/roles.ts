import type { Change } from "../model/event.ts";
import { parseScope, type RoleAssignment, type RoleDefinition, type RoleRecord, type Scope } from "../model/grant.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { actionsOf, ALL_ACTIONS } from "./actions.ts";

/** Role definitions and assignments that inventories tell, and how logs say that they changed. Plain data. */
export interface Roles {
  /** `account|id` → definition. */
  readonly definitions: Map<string, RoleDefinition>;
  readonly assignments: Map<string, RoleAssignment>;
  readonly changes: RoleChange[];
  /** Accounts of which an inventory lists assignments. */
  readonly listed: Set<string>;
  /** When all roles of an account were listed last, by live listings. */
  readonly listedAt: Map<string, Instant>;
  /** `account|id` of an assignment or definition → the listing that had it as it is for the first time, where an earlier one had not. */
  readonly firstListed: Map<string, Instant>;
  /** Records of one id that did not agree. */
  conflicts: number;
  /** Records and changes beyond what is kept. */
  beyond: number;
}

/** A change of one role assignment or definition, as a control plane logged it. */
interface RoleChange {
  readonly time: Instant;
  readonly account: string;
  readonly accountId: string;
  readonly what: "assignment" | "definition";
  readonly id: string;
  readonly isGone: boolean;
  readonly result: Change["result"];
  readonly principal?: string;
  readonly definition?: string;
  readonly scope?: Scope;
}

/** A role assignment with what it grants. */
export interface Grant {
  readonly assignment: RoleAssignment;
  readonly roleName: string;
  /** Mask of data actions; 0 where the definition is not known. */
  readonly actions: number;
  readonly isKnown: boolean;
  readonly isBuiltIn: boolean;
  /** When it was given or last changed, where a log tells; undefined where it is older than the logs. */
  readonly since: Instant | undefined;
}

const MAX_DEFINITIONS = 20_000;
const MAX_ASSIGNMENTS = 200_000;
const MAX_CHANGES = 50_000;
const TRIED_EVERY = 1_000;

export const createRoles = (): Roles => ({
  definitions: new Map(),
  assignments: new Map(),
  changes: [],
  listed: new Set(),
  listedAt: new Map(),
  firstListed: new Map(),
  conflicts: 0,
  beyond: 0,
});

const keyOf = (account: string, id: string): string => `${account}|${id}`;

/** Adds a record of an inventory. Of two that do not agree, the greater as text stays, whatever their order. */
export function addRole(roles: Roles, record: RoleRecord): void {
  if (record.kind === "assignment") roles.listed.add(record.account);
  const kept = record.kind === "definition" ? roles.definitions : roles.assignments;
  const key = keyOf(record.account, record.id);
  const known = kept.get(key);
  if (known !== undefined) {
    const [old, fresh] = [JSON.stringify(known), JSON.stringify(record)];
    if (old === fresh) return;
    roles.conflicts += 1;
    if (old > fresh) return;
  } else if (kept.size >= (record.kind === "definition" ? MAX_DEFINITIONS : MAX_ASSIGNMENTS)) {
    roles.beyond += 1;
    return;
  }
  if (record.kind === "definition") roles.definitions.set(key, record);
  else roles.assignments.set(key, record);
}

/** All roles of one account, as they are at a time. */
export interface Listing {
  readonly account: string;
  readonly at: Instant;
  readonly records: readonly RoleRecord[];
}

/** A listing takes the place of all that was listed of the account before. */
export function replaceRoles(roles: Roles, { account, at, records }: Listing): void {
  const isFirst = !roles.listedAt.has(account);
  const fresh = new Map(records.map((record) => [keyOf(account, record.id), record]));
  for (const kept of [roles.definitions, roles.assignments])
    for (const [key, old] of kept) {
      if (old.account !== account) continue;
      const now = fresh.get(key);
      if (now === undefined || now.kind !== old.kind) kept.delete(key);
      if (now === undefined) roles.firstListed.delete(key);
    }
  for (const [key, record] of fresh) {
    const kept = record.kind === "definition" ? roles.definitions : roles.assignments;
    const old = kept.get(key);
    const isSame = old !== undefined && JSON.stringify(old) === JSON.stringify(record);
    if (!isSame && !isFirst) roles.firstListed.set(key, at);
    kept.delete(key);
    addRole(roles, record);
  }
  roles.listed.add(account);
  roles.listedAt.set(account, at);
}

const RESOURCE = /^(.{0,300}\/databaseaccounts\/([^/]{1,64}))\/sqlrole(assignment|definition)s\/([^/]{1,64})$/i;
const ACCOUNT = /\/databaseaccounts\/([^/]{1,64})$/i;

/** Remembers a change of a data-plane role; any other change is none of ours. */
export function noteRoleChange(roles: Roles, change: Change): void {
  if (change.change !== "role-assignment" && change.change !== "role-definition") return;
  if (change.operation.startsWith("microsoft.authorization/")) return;
  const read = readChange(change);
  if (read === undefined) return;
  // Where that frees no room it is not tried for each of the next.
  if (roles.changes.length >= MAX_CHANGES && roles.beyond % TRIED_EVERY === 0) compactChanges(roles);
  if (roles.changes.length >= MAX_CHANGES) roles.beyond += 1;
  else roles.changes.push(read);
}

/** Of each assignment and definition the last change stays, with what those before it told, and one that only began after it. */
function compactChanges({ changes }: Roles): void {
  const last = new Map<string, RoleChange>();
  const begun = new Map<string, RoleChange>();
  for (const change of changes.toSorted((a, b) => a.time - b.time)) {
    const key = `${change.what}|${keyOf(change.account, change.id)}`;
    if (change.result === "started") begun.set(key, change);
    if (change.result !== "succeeded") continue;
    last.set(key, { ...last.get(key), ...begun.get(key), ...change });
    begun.delete(key);
  }
  changes.splice(0, changes.length, ...last.values(), ...begun.values());
}

function readChange(change: Change): RoleChange | undefined {
  const { details, time, result, resource } = change;
  const path = RESOURCE.exec(details.get("resource") ?? "") ?? RESOURCE.exec(resource);
  const [, accountId = resource, account = ACCOUNT.exec(resource)?.[1], kind = change.change.slice(5)] = path ?? [];
  const what = kind.toLowerCase() === "assignment" ? "assignment" : "definition";
  const logged = details.get(what === "assignment" ? "roleAssignmentId" : "roleDefinitionId");
  const id = path?.[4] ?? lastPart(logged ?? "");
  if (account === undefined || id === "") return undefined;
  const principal = details.get("principalId");
  const role = details.get("roleDefinitionId");
  const scope = parseScope(details.get("scope") ?? "");
  return {
    time,
    account: account.toLowerCase(),
    accountId,
    what,
    id: id.toLowerCase(),
    isGone: change.action === "delete",
    result,
    ...(principal === undefined ? {} : { principal }),
    ...(role === undefined || what === "definition" ? {} : { definition: lastPart(role).toLowerCase() }),
    ...(scope === undefined ? {} : { scope }),
  };
}

const lastPart = (text: string): string => text.slice(text.lastIndexOf("/") + 1);

/** Built-in definitions need no inventory (learn.microsoft.com/azure/cosmos-db/reference-data-plane-security). */
const BUILT_IN: ReadonlyMap<string, { readonly name: string; readonly dataActions: readonly string[] }> = new Map([
  [
    "00000000-0000-0000-0000-000000000001",
    {
      name: "Cosmos DB Built-in Data Reader",
      dataActions: ["readMetadata", "items/read", "executeQuery", "readChangeFeed"].map(dataAction),
    },
  ],
  [
    "00000000-0000-0000-0000-000000000002",
    { name: "Cosmos DB Built-in Data Contributor", dataActions: ["readMetadata", "*", "items/*"].map(dataAction) },
  ],
]);

function dataAction(name: string): string {
  const account = "Microsoft.DocumentDB/databaseAccounts";
  return name === "readMetadata" ? `${account}/${name}` : `${account}/sqlDatabases/containers/${name}`;
}

/** Roles as they are after all that was told: what inventories list and logs gave, less what logs took away since. */
export function grantsOf(roles: Roles): readonly Grant[] {
  const assignments = new Map(roles.assignments);
  const since = new Map<string, Instant>();
  const changed = new Map<string, Instant>();
  const gone = new Set<string>();
  const begun = new Map<string, RoleChange>();
  for (const change of roles.changes.toSorted((a, b) => a.time - b.time)) {
    if (change.result === "failed") continue;
    const key = keyOf(change.account, change.id);
    if (change.result === "started") begun.set(key, change);
    else if (change.what === "definition") changed.set(key, change.time);
    else {
      const isOld = change.time <= (roles.listedAt.get(change.account) ?? BEFORE_ALL);
      const full = { ...begun.get(key), ...change };
      // What a later listing tells is so, whatever was logged before it; when it was changed, only the log tells.
      if (!isOld) follow(full, key, { assignments, since, gone, listed: roles.assignments });
      else if (!change.isGone && assignments.has(key)) since.set(key, change.time);
    }
  }
  return [...assignments]
    .filter(([key]) => !gone.has(key))
    .map(([key, assignment]) => {
      const role = keyOf(assignment.account, assignment.definition);
      const logged = [since.get(key), changed.get(role)];
      const times = [...logged, ...unlogged(roles, [key, role], logged)].filter((time) => time !== undefined);
      const last = times.length === 0 ? undefined : times.reduce((a, b) => (a > b ? a : b));
      return grantOf(assignment, roles.definitions.get(role), last);
    });
}

/** When a listing first had something new; a log that tells of the same change is more exact. */
const unlogged = (
  { firstListed }: Roles,
  keys: readonly string[],
  logged: readonly (Instant | undefined)[],
): readonly (Instant | undefined)[] =>
  keys.map((key, i) => (logged[i] === undefined ? firstListed.get(key) : undefined));

const BEFORE_ALL = instantFromTicks(Number.NEGATIVE_INFINITY);

interface Following {
  readonly assignments: Map<string, RoleAssignment>;
  readonly since: Map<string, Instant>;
  readonly gone: Set<string>;
  readonly listed: ReadonlyMap<string, RoleAssignment>;
}

function follow(change: RoleChange, key: string, { assignments, since, gone, listed }: Following): void {
  if (change.isGone) {
    gone.add(key);
    return;
  }
  gone.delete(key);
  since.set(key, change.time);
  const { account, accountId, id, principal, definition, scope } = change;
  // An inventory is newer than what the logs tell of the same assignment.
  if (listed.has(key) || principal === undefined || definition === undefined || scope === undefined) return;
  assignments.set(key, { kind: "assignment", account, accountId, id, principal, definition, scope });
}

function grantOf(assignment: RoleAssignment, listed: RoleDefinition | undefined, since: Instant | undefined): Grant {
  const builtIn = BUILT_IN.get(assignment.definition);
  const definition = listed ?? builtIn;
  const isBuiltIn = builtIn !== undefined;
  if (definition === undefined)
    return {
      assignment,
      roleName: `(not listed) ${assignment.definition}`,
      actions: 0,
      isKnown: false,
      isBuiltIn,
      since,
    };
  const actions = actionsOf(definition.dataActions) & ALL_ACTIONS;
  return { assignment, roleName: definition.name, actions, isKnown: true, isBuiltIn, since };
}
