import type { Rendered } from "./operation.ts";

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

const upperFirst = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

const TABLES = {
  GatewayLogs: "ApiManagementGatewayLogs",
  DataPlaneRequests: "CDBDataPlaneRequests",
  ControlPlaneRequests: "CDBControlPlaneRequests",
  Administrative: "AzureActivity",
  AuditEvent: "AZKVAuditLogs",
  ServicePrincipalSignInLogs: "AADServicePrincipalSignInLogs",
} as const;

/** Columns whose names in the table differ from the record's. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["location", "Region"],
  ["region", "RegionName"],
  ["duration", "DurationMs"],
  ["durationMs", "TotalTime"],
  ["callerIpAddress", "CallerIpAddress"],
  ["httpstatusCode", "HttpStatusCode"],
]);

const NUMBERS = new Set([
  "statusCode",
  "duration",
  "requestCharge",
  "requestLength",
  "responseLength",
  "httpstatusCode",
]);

/** The row of the resource-specific Log Analytics table. */
export function tableRow({ category, record }: Rendered): Bag {
  if (category === "Administrative") return activityRow(record);
  if (category === "ServicePrincipalSignInLogs") return signInRow(record);
  const row: Record<string, unknown> = {
    TimeGenerated: record["time"],
    Type: TABLES[category],
    _ResourceId: String(record["resourceId"]).toLowerCase(),
    OperationName: record["operationName"],
  };
  for (const [name, value] of fields(record)) {
    if (name === "lastError" && isBag(value))
      for (const [part, text] of Object.entries(value)) row[`LastError${upperFirst(part)}`] = text;
    else row[RENAMED.get(name) ?? upperFirst(name)] = NUMBERS.has(name) ? Number(value) : value;
  }
  return row;
}

function activityRow(record: Bag): Bag {
  const properties = record["properties"];
  return {
    TimeGenerated: record["time"],
    Type: "AzureActivity",
    OperationNameValue: record["operationName"],
    ActivityStatusValue: record["resultType"],
    CategoryValue: "Administrative",
    CorrelationId: record["correlationId"],
    _ResourceId: String(record["resourceId"]).toLowerCase(),
    Caller: "someone@contoso.example",
    Properties: JSON.stringify(properties),
  };
}

function signInRow(record: Bag): Bag {
  const properties = isBag(record["properties"]) ? record["properties"] : {};
  const named = Object.entries(properties).filter(([, value]) => !isBag(value));
  return {
    ...Object.fromEntries(named.map(([name, value]) => [upperFirst(name), value])),
    TimeGenerated: record["time"],
    Type: TABLES.ServicePrincipalSignInLogs,
    Category: record["category"],
    OperationName: record["operationName"],
    ResultType: record["resultType"],
    IPAddress: record["callerIpAddress"],
  };
}

/** Properties and the few fields of the record that become columns. */
function fields(record: Bag): readonly (readonly [string, unknown])[] {
  const top = [
    ...TOP,
    ...(record["category"] === "AuditEvent" ? ["identity", "resultType", "resultSignature"] : []),
  ].flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]] as const]));
  const properties = record["properties"];
  return [...top, ...(isBag(properties) ? Object.entries(properties) : [])];
}

const TOP = ["durationMs", "callerIpAddress", "correlationId", "location", "isRequestSuccess"];

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const PROVIDERS = {
  GatewayLogs: "MICROSOFT.APIMANAGEMENT",
  DataPlaneRequests: "MICROSOFT.DOCUMENTDB",
  ControlPlaneRequests: "MICROSOFT.DOCUMENTDB",
  AuditEvent: "MICROSOFT.KEYVAULT",
} as const;

/** The row of legacy `AzureDiagnostics`: every property a column with a suffix for its type. */
export function diagnosticsRow(rendered: Rendered): Bag {
  const { category, record } = rendered;
  if (category === "Administrative") return activityRow(record);
  if (category === "ServicePrincipalSignInLogs") return signInRow(record);
  const gateway = category === "GatewayLogs";
  const row: Record<string, unknown> = {
    TimeGenerated: record["time"],
    ResourceId: record["resourceId"],
    Category: category,
    ResourceProvider: PROVIDERS[category],
    OperationName: record["operationName"],
    Type: "AzureDiagnostics",
    ...(gateway
      ? {
          CallerIPAddress: record["callerIpAddress"],
          CorrelationId: record["correlationId"],
          DurationMs: record["durationMs"],
          location_s: record["location"],
        }
      : {}),
  };
  const properties = record["properties"];
  if (isBag(properties)) for (const [name, value] of Object.entries(properties)) addColumns(row, name, value);
  const identity = record["identity"];
  const claims = isBag(identity) && isBag(identity["claim"]) ? identity["claim"] : {};
  for (const [name, value] of Object.entries(claims)) addColumns(row, `identity_claim_${name}`, value);
  return row;
}

function addColumns(row: Record<string, unknown>, name: string, value: unknown): void {
  if (isBag(value) && name === "lastError")
    for (const [part, inner] of Object.entries(value)) addColumns(row, `${name}_${part}`, inner);
  else if (typeof value === "number") row[`${name}_d`] = value;
  else if (typeof value === "boolean") row[`${name}_b`] = value;
  else if (typeof value === "string") row[`${name}${GUID.test(value) ? "_g" : "_s"}`] = value;
  else row[`${name}_s`] = JSON.stringify(value);
}
