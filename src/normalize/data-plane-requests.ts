import type { DataPlaneOperation, Event } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { asText } from "./fields.ts";
import { resourceName, type Row, type Unreadable } from "./normalized.ts";
import { addressOf, canonical, idOf, type Mutable, named, put, shortText, subjectOf } from "./values.ts";

const NAME = 256;

/** `AuthorizationTokenType`. */
const CREDENTIALS = named(
  "PrimaryMasterKey PrimaryReadonlyMasterKey SecondaryMasterKey SecondaryReadonlyMasterKey SystemReadOnly " +
    "SystemReadWrite SystemAll ResourceToken ComputeGatewayKey AadToken CompoundToken SasToken TokenCredential Appki",
);
/** `OperationType`, as far as callers cause it. */
const OPERATIONS = named(
  "Create Update Read ReadFeed Delete Replace Execute ExecuteJavaScript SqlQuery Query JSQuery Head HeadFeed Upsert " +
    "Patch Batch QueryPlan",
);
/** `ResourceType`, as far as callers reach it. */
const RESOURCE_TYPES = named(
  "Database Collection Document Attachment User Permission StoredProcedure Trigger UserDefinedFunction Offer " +
    "DatabaseAccount PartitionKeyRange Conflict Address ClientEncryptionKey RoleDefinition RoleAssignment",
);

/** Cosmos DB `DataPlaneRequests` and `CDBDataPlaneRequests`; numbers come as text in two of the three shapes. */
export function normalizeDataPlaneRequests(row: Row): Event | Unreadable {
  const { fields } = row;
  const activityId = idOf(fields.text("activityid", "correlationid"));
  const status = fields.number("statuscode", "httpstatuscode");
  const operation = operationName(asText(fields.top("operationname") ?? fields.any("operationname")) ?? "");
  const type = fields.text("requestresourcetype") ?? (fields.nested ? fields.text("resourcetype") : undefined);
  const resourceType = resourceTypeName(type ?? "");
  if (activityId === undefined)
    return { reason: "no-id", detail: "`activityId` is missing: the operation cannot be told from others." };
  if (status === undefined || status < 0 || status > 999)
    return { reason: "bad-status", detail: "`statusCode` is missing or no HTTP status." };
  const account = (shortText(fields.text("accountname"), NAME) ?? resourceName(row.resource)).toLowerCase();
  const numbers = {
    durationMs: fields.number("duration", "durationms"),
    requestCharge: fields.number("requestcharge"),
    responseBytes: fields.number("responselength"),
  };
  const path = pathOf(fields.text("requestresourceid"));
  const database = shortText(fields.text("databasename"), NAME) ?? path.database;
  const container = shortText(fields.text("collectionname"), NAME) ?? path.container;
  const same = [
    account,
    activityId,
    epochMs(row.time),
    status,
    operation.toLowerCase(),
    numbers.durationMs ?? "",
    numbers.requestCharge ?? "",
    numbers.responseBytes ?? "",
    resourceType.toLowerCase(),
    database ?? "",
    container ?? "",
  ];
  const event: Mutable<DataPlaneOperation> = {
    kind: "data-plane-operation",
    shape: row.shape,
    time: row.time,
    resource: row.resource,
    dedupKey: `operation|${same.join("|")}`,
    activityId,
    account,
    operation,
    resourceType,
    status,
  };
  put(event, "database", database);
  put(event, "container", container);
  put(event, "durationMs", numbers.durationMs);
  put(event, "requestCharge", numbers.requestCharge);
  put(event, "responseBytes", numbers.responseBytes);
  put(event, "clientAddress", addressOf(fields.text("clientipaddress")));
  put(event, "userAgent", shortText(fields.text("useragent"), NAME));
  put(event, "region", shortText(fields.text("regionname", "region"), NAME));
  put(event, "credential", credentialOf(fields.text("authtokentype"), fields.text("keytype")));
  put(event, "principal", subjectOf(fields.text("aadprincipalid")));
  put(event, "roleAssignment", subjectOf(fields.text("aadappliedroleassignmentid")));
  put(event, "partitionId", shortText(fields.text("partitionid"), NAME));
  return event;
}

export const operationName = (text: string): string => canonical(text, OPERATIONS);
export const resourceTypeName = (text: string): string => canonical(text, RESOURCE_TYPES);

/** `keyType` speaks of direct mode, `authTokenType` of gateway mode and REST: the one that says something counts. */
const credentialOf = (token: string | undefined, key: string | undefined): string | undefined =>
  credentialName(token) ?? credentialName(key);

/** A credential's kind; undefined for what says nothing. */
export function credentialName(text: string | undefined): string | undefined {
  const isNothing = text === undefined || ["invalid", "none", "unknown", "-"].includes(text.toLowerCase());
  return isNothing ? undefined : canonical(text, CREDENTIALS);
}

/** `/dbs/shop/colls/orders/docs/1` names database and container where the record's own fields are empty. */
function pathOf(path: string | undefined): { readonly database?: string; readonly container?: string } {
  const [, database, container] = /^\/?dbs\/([^/]{1,255})(?:\/colls\/([^/]{1,255}))?/i.exec(path ?? "") ?? [];
  return { ...(database === undefined ? {} : { database }), ...(container === undefined ? {} : { container }) };
}
