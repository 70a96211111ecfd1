import { kqlText } from "../lib/kql.ts";
import type { Scope } from "./manifest.ts";

/** The calls of an export as a query over the two Log Analytics tables: whoever has the workspace can repeat it. */
export function exportKql({ from, to, principal, container }: Scope): string {
  const who = principal === null ? [] : [principalFilter(kqlText(principal))];
  const what = container === null ? [] : [containerFilter(container)];
  return [
    "// The calls of this export, from the two tables that it was made of.",
    `let from = ${from === null ? "datetime(null)" : `datetime(${from})`};`,
    `let until = ${to === null ? "now()" : `datetime(${to})`};`,
    "ApiManagementGatewayLogs",
    "| where (isnull(from) or TimeGenerated >= from) and TimeGenerated < until",
    "| join kind=fullouter (",
    "    CDBDataPlaneRequests",
    "    | where (isnull(from) or TimeGenerated >= from) and TimeGenerated < until",
    "    | project OperationTime = TimeGenerated, ActivityId, AccountName, DatabaseName, CollectionName, CosmosOperation = OperationName, CosmosStatus = StatusCode, AadPrincipalId, AuthTokenType, ClientIpAddress",
    "  ) on $left.CorrelationId == $right.ActivityId",
    ...who,
    ...what,
    "| project Time = coalesce(TimeGenerated, OperationTime), Id = coalesce(CorrelationId, ActivityId), Region, ApiId, OperationId, ResponseCode, BackendResponseCode, LastErrorReason, ApimSubscriptionId, TraceRecords, DatabaseName, CollectionName, CosmosOperation, CosmosStatus, AadPrincipalId, AuthTokenType",
    "| order by Time asc",
    "",
  ].join("\n");
}

const principalFilter = (principal: string): string =>
  `| where AadPrincipalId =~ ${principal} or ApimSubscriptionId =~ ${principal} or tostring(TraceRecords) contains ${principal}`;

function containerFilter(path: string): string {
  const [database = "", container] = path.split("/");
  return container === undefined
    ? `| where CollectionName =~ ${kqlText(database)}`
    : `| where DatabaseName =~ ${kqlText(database)} and CollectionName =~ ${kqlText(container)}`;
}
