import type { RawRecord } from "../model/record.ts";
import type { Grants } from "./grants.ts";
import { type ManagementOptions, ManagementSession } from "./management-session.ts";

/** https://learn.microsoft.com/rest/api/cosmos-db-resource-provider/sql-resources */
const COSMOS = { "api-version": "2024-11-15" };
/** https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope */
const AUTHORIZATION = { "api-version": "2022-04-01" };
const LISTS = ["sqlRoleDefinitions", "sqlRoleAssignments"] as const;

const nameOf = (account: string): string => account.slice(account.lastIndexOf("/") + 1);

/**
 * Role definitions and assignments of one account from the management interface. Needs
 * `Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions/read` and `…/sqlRoleAssignments/read`, which Reader has.
 */
export function managementGrants(options: ManagementOptions): Grants {
  const name = `management:${nameOf(options.account)}`;
  return {
    name,
    async read(signal) {
      const session = new ManagementSession(name, options, signal);
      const records: RawRecord[] = [];
      for (const list of LISTS) records.push(...recordsOf(name, list, await session.list(list, COSMOS)));
      return records;
    },
  };
}

/**
 * Assignments of Azure's own roles that hold on one account, whatever scope above it they are on, and the definitions of
 * those roles. Needs `Microsoft.Authorization/roleAssignments/read` and `…/roleDefinitions/read`, which Reader has.
 */
export function azureRoleGrants(options: ManagementOptions): Grants {
  const name = `management-roles:${nameOf(options.account)}`;
  const provider = "providers/Microsoft.Authorization";
  return {
    name,
    async read(signal) {
      const session = new ManagementSession(name, options, signal);
      const assignments = await session.list(`${provider}/roleAssignments`, { ...AUTHORIZATION, $filter: "atScope()" });
      const definitions = await session.list(`${provider}/roleDefinitions`, AUTHORIZATION);
      const used = new Set(assignments.map((one) => guidIn(roleOf(one))));
      return [
        ...recordsOf(
          name,
          "roleDefinitions",
          definitions.filter(({ id }) => used.has(guidIn(id))),
        ),
        ...recordsOf(name, "roleAssignments", assignments),
      ];
    },
  };
}

type Bag = Readonly<Record<string, unknown>>;

const recordsOf = (source: string, partition: string, values: readonly Bag[]): readonly RawRecord[] =>
  values.map((value, index) => ({ value, position: { source, partition, sequence: 1, index }, repairs: [] }));

function roleOf({ properties }: Bag): unknown {
  return typeof properties === "object" && properties !== null && "roleDefinitionId" in properties
    ? properties.roleDefinitionId
    : undefined;
}

const guidIn = (id: unknown): string => (typeof id === "string" ? id.slice(id.lastIndexOf("/") + 1).toLowerCase() : "");
