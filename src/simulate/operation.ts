import type { CosmosStep } from "./draft.ts";
import type { Random } from "./random.ts";
import type { Account, Tenant } from "./tenant.ts";

/** A log record in one of the three shapes, with the time at which it is delivered (Unix milliseconds). */
export interface Rendered {
  readonly at: number;
  readonly category:
    | "GatewayLogs"
    | "DataPlaneRequests"
    | "ControlPlaneRequests"
    | "Administrative"
    | "AuditEvent"
    | "ServicePrincipalSignInLogs";
  /** What Event Hubs would carry; the other shapes are made from it. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Seven fraction digits, as Azure's logs have them; the last four from `sub`. */
export function ticks(at: number, sub: number): string {
  const iso = new Date(Math.floor(at)).toISOString();
  return `${iso.slice(0, -1)}${String(sub % 10_000).padStart(4, "0")}Z`;
}

/** An operation at Cosmos DB, whoever asked for it. */
export interface CosmosCall {
  readonly step: CosmosStep;
  readonly at: number;
  readonly activityId: string;
  readonly account: Account;
  readonly userAgent: string;
  readonly roleAssignment: string;
}

/** A record of `DataPlaneRequests`: texts throughout, no sub-status; a refused key or token names no principal. */
export function renderOperation(tenant: Tenant, call: CosmosCall, random: Random): Rendered {
  const { step, account, at } = call;
  const denied = step.status === 401 || step.status === 403;
  const known = step.principal !== undefined && step.status !== 401;
  return {
    at,
    category: "DataPlaneRequests",
    record: {
      time: ticks(at, random.int(0, 9_999)),
      resourceId: `/SUBSCRIPTIONS/${tenant.subscriptionId.toUpperCase()}/RESOURCEGROUPS/RG-DATA/PROVIDERS/MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/${account.name.toUpperCase()}`,
      category: "DataPlaneRequests",
      operationName: step.operation,
      properties: {
        activityId: call.activityId,
        requestResourceType: step.resourceType,
        requestResourceId: `/dbs/${account.database}/colls/${step.container}`,
        collectionRid: "",
        databaseName: account.database,
        collectionName: step.container,
        statusCode: String(step.status),
        duration: (1 + random.next() * 9).toFixed(4),
        requestCharge: (denied ? 0 : 1 + random.next() * 6).toFixed(6),
        requestLength: String(random.int(0, 900)),
        responseLength: String(random.int(100, 5_000)),
        userAgent: call.userAgent,
        clientIpAddress: step.client,
        region: step.region,
        partitionId: "",
        keyType: "",
        authTokenType: step.credential,
        aadPrincipalId: known ? step.principal : "",
        aadAppliedRoleAssignmentId: known && !denied ? call.roleAssignment : "",
        resourceTokenUserRid: "",
      },
    },
  };
}
