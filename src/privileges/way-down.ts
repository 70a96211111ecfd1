import { guidOf } from "../lib/guid-of.ts";
import { shellQuoted } from "../lib/shell-quote.ts";
import { ACCOUNT_SCOPE, isSameScope, type Scope, scopeText } from "../model/grant.ts";
import type { RoleBody } from "../model/privilege.ts";
import { namesOf } from "./actions.ts";
import type { Role } from "./least.ts";
import type { Grant } from "./roles.ts";

/** A change of role assignments in one account. */
export interface WayDown {
  readonly account: Account;
  readonly definitions: readonly RoleBody[];
  readonly add: readonly Assigned[];
  readonly remove: readonly Assigned[];
}

interface Account {
  readonly name: string;
  /** ARM id; "" where only the name is known. */
  readonly id: string;
}

interface Assigned {
  readonly id: string;
  readonly principal: string;
  readonly definition: string;
  readonly scope: Scope;
}

/** The definition that grants a role: the same for the same actions and scopes, so that making it again changes nothing. */
export function bodyOf(account: string, { actions, scopes }: Role): RoleBody {
  const names = namesOf(actions);
  const places = scopes.map(scopeText);
  const id = guidOf(`role|${account}|${names.join(",")}|${places.join(",")}`);
  return {
    Id: id,
    RoleName: `Scopetrail least ${id.slice(0, 8)}`,
    Type: "CustomRole",
    AssignableScopes: places,
    Permissions: [{ DataActions: names }],
  };
}

/** From the grants that are held to the roles that are needed; a grant that is needed as it is stays. */
export function wayDown(
  { account, principal }: { readonly account: Account; readonly principal: string },
  grants: readonly Grant[],
  roles: readonly Role[],
): WayDown {
  const isNeeded = ({ actions, isKnown, assignment }: Grant): boolean =>
    isKnown &&
    roles.some((role) => role.actions === actions && role.scopes.some((scope) => isSameScope(scope, assignment.scope)));
  const isLike = (a: Grant, b: Grant): boolean =>
    a.actions === b.actions && isSameScope(a.assignment.scope, b.assignment.scope);
  const needed = grants.filter(isNeeded);
  // Of several that give the same, one is enough.
  const kept = needed.filter((grant, i) => !needed.slice(0, i).some((before) => isLike(before, grant)));
  const missing = roles
    .map(({ actions, scopes }): Role => {
      const isHeld = (scope: Scope): boolean =>
        kept.some((grant) => grant.actions === actions && isSameScope(grant.assignment.scope, scope));
      return { actions, scopes: scopes.filter((scope) => !isHeld(scope)) };
    })
    .filter(({ scopes }) => scopes.length > 0);
  const bodies = missing.map((role) => bodyOf(account.name, role));
  return {
    account,
    definitions: bodies,
    add: missing.flatMap(({ scopes }, i) =>
      scopes.map((scope) => {
        const definition = bodies[i]?.Id ?? "";
        return {
          id: guidOf(`assignment|${account.name}|${principal}|${definition}|${scopeText(scope)}`),
          principal,
          definition,
          scope,
        };
      }),
    ),
    remove: grants.filter((grant) => !kept.includes(grant)).map(({ assignment }) => assignment),
  };
}

const GROUP = /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\//i;

/** The option of `az` that names the account's resource group, and its subscription where that is known. */
export function groupOption({ id }: Account): string {
  const [, subscription, group] = GROUP.exec(id) ?? [];
  if (subscription === undefined || group === undefined) return "--resource-group <resource-group>";
  return `--resource-group ${shellQuoted(group)} --subscription ${shellQuoted(subscription)}`;
}

/** Commands of the Azure command line: what is needed comes before what is too much goes. */
export function azCommands(way: WayDown): { readonly apply: readonly string[]; readonly rollback: readonly string[] } {
  const options = `--account-name ${shellQuoted(way.account.name)} ${groupOption(way.account)}`;
  const define = (body: RoleBody): string =>
    `az cosmosdb sql role definition create ${options} --body ${shellQuoted(JSON.stringify(body))}`;
  const assign = ({ id, principal, definition, scope }: Assigned): string =>
    `az cosmosdb sql role assignment create ${options} --role-assignment-id ${shellQuoted(id)} --role-definition-id ${shellQuoted(definition)} --principal-id ${shellQuoted(principal)} --scope ${shellQuoted(scopeText(scope))}`;
  const unassign = ({ id }: Assigned): string =>
    `az cosmosdb sql role assignment delete ${options} --role-assignment-id ${shellQuoted(id)} --yes`;
  return {
    apply: [...way.definitions.map(define), ...way.add.map(assign), ...way.remove.map(unassign)],
    rollback: [
      ...way.remove.map(assign),
      ...way.add.map(unassign),
      ...way.definitions.map(
        ({ Id }) => `az cosmosdb sql role definition delete ${options} --id ${shellQuoted(Id)} --yes`,
      ),
    ],
  };
}

const CONTROL = /\p{Cc}/gu;
const text = (value: string): string =>
  `'${value.replaceAll(CONTROL, "").replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("${", "\\${")}'`;

/** The same as Bicep. A deployment removes nothing: what is too much goes by the commands in the first lines. */
export function bicepOf(way: WayDown): { readonly apply: string; readonly rollback: string } {
  const commands = azCommands(way);
  const deletes = (lines: readonly string[]): string[] =>
    lines.filter((line) => line.includes(" delete ")).map((line) => `// afterwards: ${line}`);
  return {
    apply: module(way, { definitions: way.definitions, assignments: way.add, notes: deletes(commands.apply) }),
    rollback: module(way, { definitions: [], assignments: way.remove, notes: deletes(commands.rollback) }),
  };
}

const VERSION = "2024-11-15";
const TYPE = "Microsoft.DocumentDB/databaseAccounts";

function module(
  { account }: WayDown,
  {
    definitions,
    assignments,
    notes,
  }: {
    readonly definitions: readonly RoleBody[];
    readonly assignments: readonly Assigned[];
    readonly notes: readonly string[];
  },
): string {
  const at = (scope: Scope): string =>
    isSameScope(scope, ACCOUNT_SCOPE) ? "account.id" : `'\${account.id}${text(scopeText(scope)).slice(1, -1)}'`;
  const place = (written: string): string =>
    written === "/" ? "account.id" : `'\${account.id}${text(written).slice(1, -1)}'`;
  const symbols = new Map(definitions.map(({ Id }, i) => [Id, `role${i + 1}`]));
  return [
    ...notes,
    `resource account '${TYPE}@${VERSION}' existing = {`,
    `  name: ${text(account.name)}`,
    "}",
    ...definitions.flatMap(({ Id, RoleName, AssignableScopes, Permissions }) => [
      `resource ${symbols.get(Id) ?? ""} '${TYPE}/sqlRoleDefinitions@${VERSION}' = {`,
      "  parent: account",
      `  name: ${text(Id)}`,
      "  properties: {",
      `    roleName: ${text(RoleName)}`,
      "    type: 'CustomRole'",
      `    assignableScopes: [${AssignableScopes.map(place).join(", ")}]`,
      `    permissions: [{ dataActions: [${Permissions.flatMap(({ DataActions }) => DataActions.map(text)).join(", ")}] }]`,
      "  }",
      "}",
    ]),
    ...assignments.flatMap(({ id, principal, definition, scope }, i) => [
      `resource assignment${i + 1} '${TYPE}/sqlRoleAssignments@${VERSION}' = {`,
      "  parent: account",
      `  name: ${text(id)}`,
      "  properties: {",
      `    principalId: ${text(principal)}`,
      `    roleDefinitionId: ${symbols.get(definition)?.concat(".id") ?? `'\${account.id}/sqlRoleDefinitions/${text(definition).slice(1, -1)}'`}`,
      `    scope: ${at(scope)}`,
      "  }",
      "}",
    ]),
    "",
  ].join("\n");
}

/** Days between two steps are those in which a forgotten job shows itself. */
export const PLAN = [
  { step: "announce", says: "Tell the owner what goes and when; let seasonal work be named.", days: 7 },
  {
    step: "add",
    says: "Create the narrow role and its assignments; nothing is taken away yet. Wait until they apply.",
    days: 1,
  },
  {
    step: "remove",
    says: "Delete the wide assignments. Watch for 403 with sub-status 5302 of this principal; each is a use that the rollback brings back.",
    days: 14,
  },
  { step: "done", says: "No 5302 came: the way down is over. Keep the rollback commands.", days: 0 },
] as const;
