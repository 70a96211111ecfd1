import type { GatewayRecord } from "./gateway-inventory.ts";

/**
 * A role of Cosmos DB's own access control (NoSQL API), as an inventory or the management interface gives it.
 * Source: https://learn.microsoft.com/rest/api/cosmos-db-resource-provider/sql-resources
 */
export interface RoleDefinition {
  readonly kind: "definition";
  /** Account name, lower-cased. */
  readonly account: string;
  /** ARM id of the account as it was written; "" where only its name is known. */
  readonly accountId: string;
  /** GUID, lower-cased. */
  readonly id: string;
  readonly name: string;
  /** Data actions and wildcards, as written. */
  readonly dataActions: readonly string[];
}

/** A role definition given to a principal on a scope. */
export interface RoleAssignment {
  readonly kind: "assignment";
  readonly account: string;
  readonly accountId: string;
  readonly id: string;
  /** Object id of a service principal, managed identity, user or group; lower-cased. */
  readonly principal: string;
  /** GUID of the role definition, lower-cased. */
  readonly definition: string;
  readonly scope: Scope;
}

/** An assignment of one of Azure's own roles, which are for management. */
export interface AzureAssignment {
  readonly kind: "azure-assignment";
  readonly id: string;
  readonly principal: string;
  /** As written, `User` or `Group` for instance; "" where it is not told. */
  readonly principalType: string;
  /** GUID of the role definition, lower-cased. */
  readonly definition: string;
  /** ARM id, lower-cased: a subscription, a group, a resource; or `/`. */
  readonly scope: string;
}

/** One of Azure's own roles: what it permits to manage. */
export interface AzureDefinition {
  readonly kind: "azure-definition";
  /** GUID, lower-cased. */
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly AzurePermission[];
}

/** Operations of management, with wildcards, as written: the first less the second. */
export interface AzurePermission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export type RoleRecord = RoleDefinition | RoleAssignment;
export type AzureRecord = AzureAssignment | AzureDefinition;

/** A record of a list of who may do what, as it is now. */
export type InventoryRecord = RoleRecord | AzureRecord | GatewayRecord;

/** A place in an account: the whole account without a database, a whole database without a container. */
export interface Scope {
  /** As written: names of databases and containers tell cases apart. */
  readonly database: string;
  readonly container: string;
}

export const ACCOUNT_SCOPE: Scope = { database: "", container: "" };

const NAME = 255;
const ACCOUNT_PART =
  /^\/subscriptions\/[^/]{1,64}\/resourcegroups\/[^/]{1,128}\/providers\/microsoft\.documentdb\/databaseaccounts\/[^/]{1,64}/i;
const INNER_PART = /^\/(?:dbs|sqldatabases)\/([^/]+)(?:\/(?:colls|containers)\/([^/]+))?$/i;

/** `/`, `/dbs/shop`, `/dbs/shop/colls/orders`, each also behind the account's ARM id; undefined for anything else. */
export function parseScope(text: string): Scope | undefined {
  const inner = text.trim().replace(ACCOUNT_PART, "").replace(/\/$/, "");
  if (inner === "") return text.trim() === "" ? undefined : ACCOUNT_SCOPE;
  const [, database, container = ""] = INNER_PART.exec(inner) ?? [];
  if (database === undefined || database.length > NAME || container.length > NAME) return undefined;
  return { database, container };
}

/** As `az cosmosdb sql role assignment create --scope` takes it. */
export function scopeText({ database, container }: Scope): string {
  if (database === "") return "/";
  return container === "" ? `/dbs/${database}` : `/dbs/${database}/colls/${container}`;
}

/** Whether a grant on `outer` reaches `inner`. */
export function contains(outer: Scope, inner: Scope): boolean {
  if (outer.database === "") return true;
  if (outer.database !== inner.database) return false;
  return outer.container === "" || outer.container === inner.container;
}

export const isSameScope = (a: Scope, b: Scope): boolean => a.database === b.database && a.container === b.container;
