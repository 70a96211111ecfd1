import { kqlText } from "../lib/kql.ts";
import type { CallStory } from "../findings/call-story.ts";
import type { Dimension, DimensionValues } from "../model/call.ts";
import type { Finding } from "../model/finding.ts";
import { plusMs } from "../model/time.ts";
import { iso } from "./format.ts";

const GATEWAY: ReadonlyMap<Dimension, string> = new Map([
  ["region", "Region"],
  ["api", "ApiId"],
  ["operation", "OperationId"],
  ["apiRevision", "ApiRevision"],
  ["product", "ProductId"],
  ["subscription", "ApimSubscriptionId"],
  ["backend", "BackendId"],
]);

const COSMOS: ReadonlyMap<Dimension, string> = new Map([
  ["cosmosAccount", "AccountName"],
  ["cosmosRegion", "RegionName"],
  ["database", "DatabaseName"],
  ["container", "CollectionName"],
  ["cosmosOperation", "CosmosOperation"],
  ["cosmosPrincipal", "AadPrincipalId"],
  ["credential", "AuthTokenType"],
]);

const LEAD_MS = 900_000;

/** The refused and succeeded calls of a finding as a query over the two Log Analytics tables. */
export function findingKql(finding: Finding): string {
  const where = finding.splits[0]?.where ?? {};
  const from = iso(plusMs(finding.onset, -LEAD_MS));
  const to = finding.end === null ? "now()" : `datetime(${iso(plusMs(finding.end, LEAD_MS))})`;
  const all: DimensionValues = { ...(finding.subject.api === undefined ? {} : { api: finding.subject.api }), ...where };
  const network = where.callerNetwork;
  return [
    `let from = datetime(${from}); let until = ${to};`,
    "ApiManagementGatewayLogs",
    "| where TimeGenerated between (from .. until)",
    ...filters(all, GATEWAY),
    ...(network === undefined ? [] : [`| where ipv4_is_in_range(CallerIpAddress, ${kqlText(network)})`]),
    "| join kind=leftouter (",
    "    CDBDataPlaneRequests",
    "    | where TimeGenerated between (from .. until)",
    "    | project ActivityId, CosmosOperation = OperationName, CosmosStatus = StatusCode, AccountName, DatabaseName, CollectionName, RegionName, AadPrincipalId, AuthTokenType, ClientIpAddress",
    "  ) on $left.CorrelationId == $right.ActivityId",
    ...filters(where, COSMOS),
    "| project TimeGenerated, CorrelationId, Region, ApiId, OperationId, ResponseCode, BackendResponseCode, LastErrorSource, LastErrorReason, BackendId, CosmosOperation, CosmosStatus, CollectionName, AadPrincipalId, AuthTokenType, TraceRecords",
    "| order by TimeGenerated asc",
  ].join("\n");
}

const AROUND_MS = 300_000;

/** Everything that two tables of Log Analytics tell of a call, by any of its ids. */
export function callKql({ ids, time }: Pick<CallStory, "ids" | "time">): string {
  const list = ids.map(kqlText).join(", ");
  return [
    `let from = datetime(${iso(plusMs(time, -AROUND_MS))}); let until = datetime(${iso(plusMs(time, AROUND_MS))});`,
    "union withsource=Table",
    `  (ApiManagementGatewayLogs | where TimeGenerated between (from .. until) | where CorrelationId in~ (${list})),`,
    `  (CDBDataPlaneRequests | where TimeGenerated between (from .. until) | where ActivityId in~ (${list}))`,
    "| order by TimeGenerated asc",
  ].join("\n");
}

function filters(where: DimensionValues, columns: ReadonlyMap<Dimension, string>): readonly string[] {
  return [...columns].flatMap(([dimension, column]) => {
    const value = where[dimension];
    return value === undefined ? [] : [`| where ${column} =~ ${kqlText(value)}`];
  });
}
