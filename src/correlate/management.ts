import type { DataPlaneOperation } from "../model/event.ts";

/** Resource types that an Entra token may read, but not create, change or delete. */
const READ_ONLY: ReadonlySet<string> = new Set(["Database", "Collection"]);
/** Resource types that are out of reach of every Entra token. */
const OUT_OF_REACH: ReadonlySet<string> = new Set([
  "Offer",
  "User",
  "Permission",
  "StoredProcedure",
  "Trigger",
  "UserDefinedFunction",
]);
const READS: ReadonlySet<string> = new Set(["Read", "ReadFeed", "Head", "HeadFeed", "Query", "SqlQuery", "QueryPlan"]);

/**
 * Whether an operation manages what no data-plane role can grant, so that an Entra token gets a 403 whatever its roles
 * (learn.microsoft.com/azure/cosmos-db/reference-data-plane-security: there is no data action for it).
 */
export function isManagement({ resourceType, operation }: DataPlaneOperation): boolean {
  if (READ_ONLY.has(resourceType)) return !READS.has(operation);
  return OUT_OF_REACH.has(resourceType) && !(resourceType === "StoredProcedure" && operation === "Execute");
}

/** Whether the operation was authorized, or refused, by a token of Entra. */
export const usesEntraToken = ({ credential, principal }: DataPlaneOperation): boolean =>
  credential === undefined ? principal !== undefined : credential === "AadToken";
