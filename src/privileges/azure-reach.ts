import type { AzureDefinition, AzurePermission } from "../model/grant.ts";
import { matches } from "./actions.ts";

/** Operations of management that lead to the data of an account, and what whoever may do them can do; first told first. */
const WAYS = [
  ["microsoft.documentdb/databaseaccounts/listkeys/action", "list the keys"],
  ["microsoft.documentdb/databaseaccounts/listconnectionstrings/action", "list the connection strings"],
  ["microsoft.documentdb/databaseaccounts/readonlykeys/action", "list the read-only keys"],
  ["microsoft.documentdb/databaseaccounts/sqlroleassignments/write", "give itself any data-plane role"],
  ["microsoft.authorization/roleassignments/write", "give itself any of Azure's roles"],
] as const;
/** What the keys that one may list make needless to tell. */
const READ_ONLY = 2;

const all = (...notActions: readonly string[]): readonly AzurePermission[] => [{ actions: ["*"], notActions }];
const only = (...actions: readonly string[]): readonly AzurePermission[] => [{ actions, notActions: [] }];

/**
 * Built-in roles that need no list, as far as their operations are about accounts and assignments.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
const BUILT_IN: ReadonlyMap<string, Pick<AzureDefinition, "name" | "permissions">> = new Map([
  ["8e3af657-a8ff-443c-a75c-2fe8c4bcb635", { name: "Owner", permissions: all() }],
  [
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    {
      name: "Contributor",
      permissions: all(
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
      ),
    },
  ],
  [
    "5bd9cd88-fe45-4216-938b-f97437e15450",
    { name: "DocumentDB Account Contributor", permissions: only("Microsoft.DocumentDb/databaseAccounts/*") },
  ],
  [
    "b78c5d69-af96-48a3-bf8d-a8b4d589de94",
    { name: "Azure AI Administrator", permissions: only("Microsoft.DocumentDB/databaseAccounts/*") },
  ],
  [
    "fbdf93bf-df7d-467e-a4d2-9458aa1360c8",
    {
      name: "Cosmos DB Account Reader Role",
      permissions: only("Microsoft.DocumentDB/*/read", "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action"),
    },
  ],
  [
    "512ef07a-840c-48d2-9be4-9a30a75a5c70",
    {
      name: "Defender Cloud Secrets Posture",
      permissions: only(
        "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
        "Microsoft.DocumentDB/databaseAccounts/listConnectionStrings/action",
      ),
    },
  ],
  [
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    { name: "User Access Administrator", permissions: only("*/read", "Microsoft.Authorization/*") },
  ],
  [
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    {
      name: "Role Based Access Control Administrator",
      permissions: only(
        "*/read",
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
      ),
    },
  ],
  [
    "230815da-be43-4aae-9cb4-875f7bd000aa",
    {
      name: "Cosmos DB Operator",
      permissions: [
        {
          actions: ["Microsoft.DocumentDb/databaseAccounts/*"],
          notActions: [
            "Microsoft.DocumentDB/databaseAccounts/readonlyKeys/*",
            "Microsoft.DocumentDB/databaseAccounts/regenerateKey/*",
            "Microsoft.DocumentDB/databaseAccounts/listKeys/*",
            "Microsoft.DocumentDB/databaseAccounts/listConnectionStrings/*",
            "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions/write",
            "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions/delete",
            "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write",
            "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/delete",
          ],
        },
      ],
    },
  ],
  ["acdd72a7-3385-48ef-bd42-f606fba81ae7", { name: "Reader", permissions: only("*/read") }],
]);

/** What a role of Azure can do with an account's data, in words; undefined where its definition is not known. */
export interface AzureReach {
  readonly name: string;
  /** What whoever holds it may do; empty where it leads to no data. */
  readonly ways: readonly string[];
}

/** A listed definition before what is known of a built-in one. */
export function azureReachOf(
  definitions: ReadonlyMap<string, AzureDefinition>,
  definition: string,
): AzureReach | undefined {
  const known = definitions.get(definition) ?? BUILT_IN.get(definition);
  if (known === undefined) return undefined;
  const open = WAYS.map(([operation]) => permitsAny(known.permissions, operation));
  const hasKeys = open[0] === true;
  const ways = WAYS.filter((_, i) => open[i] === true && !(hasKeys && i > 0 && i <= READ_ONLY)).map(([, says]) => says);
  return { name: known.name, ways };
}

/** `operation` is lower-cased. */
const permitsAny = (permissions: readonly AzurePermission[], operation: string): boolean =>
  permissions.some(
    ({ actions, notActions }) =>
      actions.some((one) => matches(one.toLowerCase(), operation)) &&
      !notActions.some((one) => matches(one.toLowerCase(), operation)),
  );
