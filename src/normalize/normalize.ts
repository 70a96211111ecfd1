import { plainText } from "../lib/plain-text.ts";
import type { Event } from "../model/event.ts";
import type { RawRecord } from "../model/record.ts";
import { activityOperation, isWatched, normalizeActivityLog } from "./activity-log.ts";
import { normalizeControlPlaneRequests } from "./control-plane-requests.ts";
import { normalizeDataPlaneRequests } from "./data-plane-requests.ts";
import { asText, Fields } from "./fields.ts";
import { normalizeGatewayLogs } from "./gateway-logs.ts";
import type { JoinPath } from "./join-path.ts";
import { normalizeKeyVaultAudit } from "./key-vault-audit.ts";
import { isUnreadable, type Normalized, normalizeReject, readRow, type Row, type Unreadable } from "./normalized.ts";
import { normalizeSignIns } from "./sign-ins.ts";

export type { Normalized } from "./normalized.ts";

interface Category {
  /** The name that is counted. */
  readonly name: string;
  readonly normalize: (row: Row) => Event | Unreadable;
}

const GATEWAY: Category = { name: "GatewayLogs", normalize: normalizeGatewayLogs };
const DATA_PLANE: Category = { name: "DataPlaneRequests", normalize: normalizeDataPlaneRequests };
const CONTROL_PLANE: Category = { name: "ControlPlaneRequests", normalize: normalizeControlPlaneRequests };
const MANAGED_IDENTITY: Category = {
  name: "ManagedIdentitySignInLogs",
  normalize: (row) => normalizeSignIns(row, "managed-identity"),
};
const SERVICE_PRINCIPAL: Category = {
  name: "ServicePrincipalSignInLogs",
  normalize: (row) => normalizeSignIns(row, "service-principal"),
};
const KEY_VAULT: Category = { name: "AuditEvent", normalize: normalizeKeyVaultAudit };
const ACTIVITY: Category = { name: "Administrative", normalize: normalizeActivityLog };

/** Categories and table names, lower-cased: the table of what Scopetrail reads. */
const CATEGORIES: ReadonlyMap<string, Category> = new Map([
  ["gatewaylogs", GATEWAY],
  ["apimanagementgatewaylogs", GATEWAY],
  ["dataplanerequests", DATA_PLANE],
  ["cdbdataplanerequests", DATA_PLANE],
  ["controlplanerequests", CONTROL_PLANE],
  ["cdbcontrolplanerequests", CONTROL_PLANE],
  ["managedidentitysigninlogs", MANAGED_IDENTITY],
  ["aadmanagedidentitysigninlogs", MANAGED_IDENTITY],
  ["serviceprincipalsigninlogs", SERVICE_PRINCIPAL],
  ["aadserviceprincipalsigninlogs", SERVICE_PRINCIPAL],
  ["auditevent", KEY_VAULT],
  ["azkvauditlogs", KEY_VAULT],
  ["administrative", ACTIVITY],
  ["azureactivity", ACTIVITY],
]);

/** Old Activity log records name the verb as their category. */
const VERBS: ReadonlySet<string> = new Set(["write", "delete", "action"]);

/**
 * Turns a record into an event, whatever shape it has. Never throws: any input has one of three outcomes.
 * `joinBy` leads to an id of the user's own in a gateway's record.
 */
export function normalize(record: RawRecord, joinBy?: JoinPath): Normalized {
  const fields = new Fields(record);
  const category = categoryOf(fields);
  if (typeof category === "string") return { kind: "filtered", category };
  if (category === ACTIVITY && !isWatched(activityOperation(fields)))
    return { kind: "filtered", category: category.name };
  const row = readRow(record, fields, joinBy);
  if (isUnreadable(row)) return { kind: "reject", reject: normalizeReject(record, row) };
  if (fields.brokenProperties) {
    const detail = "`properties` is neither an object nor a text that holds one.";
    return { kind: "reject", reject: normalizeReject(record, { reason: "bad-properties", detail }) };
  }
  const event = category.normalize(row);
  if (isUnreadable(event)) return { kind: "reject", reject: normalizeReject(record, event) };
  return { kind: "event", event, category: category.name };
}

const LONGEST_NAME = 80;

/** The category that reads the record, or the name under which it is counted as filtered. */
function categoryOf(fields: Fields): Category | string {
  const named = asText(fields.top("category")) ?? asText(fields.top("categoryvalue")) ?? asText(fields.any("category"));
  const table = asText(fields.top("type"));
  for (const name of [table, named]) {
    const known = name === undefined ? undefined : CATEGORIES.get(name.toLowerCase());
    if (known !== undefined) return known;
  }
  if (named !== undefined && VERBS.has(named.toLowerCase()) && activityOperation(fields).includes("/")) return ACTIVITY;
  const guessed = guessByColumns(fields);
  if (guessed !== undefined) return guessed;
  const name = named ?? (table === undefined || table === "AzureDiagnostics" ? undefined : inventoryName(table));
  return name === undefined ? "unrecognised" : plainText(name).slice(0, LONGEST_NAME);
}

const inventoryName = (type: string): string => type.slice(type.lastIndexOf("/") + 1);

/** Rows exported without their table's name are told by columns that only one table has. */
function guessByColumns(fields: Fields): Category | undefined {
  const operation = asText(fields.top("operationname"))?.toLowerCase();
  if (operation === "microsoft.apimanagement/gatewaylogs") return GATEWAY;
  if (fields.has("apiid") && fields.has("responsecode") && fields.has("correlationid")) return GATEWAY;
  if (fields.has("activityid") && fields.has("statuscode") && fields.has("requestcharge")) return DATA_PLANE;
  if (fields.has("activityid") && (fields.has("apikind") || fields.has("roleassignmentid"))) return CONTROL_PLANE;
  if (fields.has("operationnamevalue") && fields.has("activitystatusvalue")) return ACTIVITY;
  return undefined;
}
