import { plainText } from "../lib/plain-text.ts";
import type { Event } from "../model/event.ts";
import type { RawRecord } from "../model/record.ts";
import { redactedPart } from "../lib/redact.ts";
import { activityOperation, isWatched, localized, normalizeActivityLog } from "./activity-log.ts";
import { normalizeControlPlaneRequests } from "./control-plane-requests.ts";
import { normalizeDataPlaneRequests } from "./data-plane-requests.ts";
import { asText, Fields } from "./fields.ts";
import { normalizeGatewayLogs } from "./gateway-logs.ts";
import type { JoinPath } from "./join-path.ts";
import { normalizeKeyVaultAudit } from "./key-vault-audit.ts";
import { isUnreadable, type Normalized, normalizeReject, readRow, type Row, type Unreadable } from "./normalized.ts";
import { normalizeRole, type RoleCategory, roleCategoryOf } from "./role-inventory.ts";
import { normalizeSignIns } from "./sign-ins.ts";
import { normalizeUseTotal } from "./use-totals.ts";

export type { Normalized } from "./normalized.ts";

interface Category {
  /** The name that is counted. */
  readonly name: string;
  readonly normalize: (row: Row) => Event | Unreadable;
}

/** Names under which the two large categories are counted. */
export const GATEWAY_LOGS = "GatewayLogs";
export const DATA_PLANE_REQUESTS = "DataPlaneRequests";

const GATEWAY: Category = { name: GATEWAY_LOGS, normalize: normalizeGatewayLogs };
const DATA_PLANE: Category = { name: DATA_PLANE_REQUESTS, normalize: normalizeDataPlaneRequests };
/** Rows of the aggregated tables are no events: they count many operations. */
const TOTALS: Category = {
  name: "DataPlaneRequestTotals",
  normalize: () => ({ reason: "not-an-event", detail: "An aggregated row is no single operation." }),
};
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
  ["dataplanerequests5m", TOTALS],
  ["dataplanerequests15m", TOTALS],
  ["cdbdataplanerequests5m", TOTALS],
  ["cdbdataplanerequests15m", TOTALS],
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
  const roles = roleCategoryOf(record);
  if (roles !== undefined) return roleOf(record, fields, roles);
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
  if (category === TOTALS) return totalOf(record, row);
  const event = category.normalize(row);
  if (isUnreadable(event)) return { kind: "reject", reject: normalizeReject(record, event) };
  return { kind: "event", event, category: category.name };
}

function roleOf(record: RawRecord, fields: Fields, category: RoleCategory): Normalized {
  const role = normalizeRole(fields);
  if (isUnreadable(role)) return { kind: "reject", reject: normalizeReject(record, role) };
  return { kind: "role", role, category };
}

function totalOf(record: RawRecord, row: Row): Normalized {
  const total = normalizeUseTotal(row);
  if (isUnreadable(total)) return { kind: "reject", reject: normalizeReject(record, total) };
  return { kind: "total", total, category: TOTALS.name };
}

const LONGEST_NAME = 80;

/** The category that reads the record, or the name under which it is counted as filtered. */
function categoryOf(fields: Fields): Category | string {
  const table = nameIn(fields, "type") ?? nameIn(fields, "tablename", "$table");
  const named = nameIn(fields, "category") ?? nameIn(fields, "categoryvalue") ?? asText(fields.any("category"));
  const known = knownAs(table) ?? knownAs(named);
  if (known === ACTIVITY && named !== undefined && knownAs(named) !== ACTIVITY && !isVerb(named)) return shown(named);
  if (known !== undefined) return known;
  if (named !== undefined) {
    const isOldActivity = isVerb(named) && activityOperation(fields).includes("/");
    return isOldActivity ? ACTIVITY : shown(named);
  }
  const isShared = table === undefined || SHARED.has(table.toLowerCase()) || /_cl$/i.test(table);
  const guessed = isShared ? guessByColumns(fields) : undefined;
  if (guessed !== undefined) return guessed;
  return isShared && !/_cl$/i.test(table ?? "") ? "unrecognised" : shown(inventoryName(table ?? ""));
}

/** Names of tables that do not tell what a row is. */
const SHARED: ReadonlySet<string> = new Set(["azurediagnostics", "primaryresult"]);

const nameIn = (fields: Fields, ...names: readonly string[]): string | undefined => localized(fields, ...names)?.trim();
const knownAs = (name: string | undefined): Category | undefined => CATEGORIES.get((name ?? "").toLowerCase());
const isVerb = (name: string): boolean => VERBS.has(name.toLowerCase());
const shown = (name: string): string => plainText(redactedPart(name, LONGEST_NAME)).slice(0, LONGEST_NAME);
const inventoryName = (type: string): string => type.slice(type.lastIndexOf("/") + 1);

/**
 * Rows exported without their table's name are told by columns that only one table fills, or by whose log they are. A
 * union's rows have the columns of all its tables, empty.
 */
function guessByColumns(fields: Fields): Category | undefined {
  const has = (...names: readonly string[]): boolean => names.every((name) => fields.any(name) !== undefined);
  const resource = asText(fields.top("_resourceid", "resourceid"))?.toLowerCase() ?? "";
  const operation = asText(fields.top("operationname"))?.toLowerCase();
  if (operation === "microsoft.apimanagement/gatewaylogs") return GATEWAY;
  const isGateway =
    has("apiid") || has("isrequestsuccess") || has("lasterrorreason") || resource.includes("/microsoft.apimanagement/");
  if (has("responsecode", "correlationid") && isGateway) return GATEWAY;
  if (has("activityid", "statuscode") && (has("requestcharge") || has("requestresourcetype"))) return DATA_PLANE;
  if (has("activityid") && (has("apikind") || has("roleassignmentid"))) return CONTROL_PLANE;
  if (has("operationname", "httpstatuscode") && resource.includes("/microsoft.keyvault/vaults/")) return KEY_VAULT;
  if (has("operationnamevalue", "activitystatusvalue")) return ACTIVITY;
  return undefined;
}
