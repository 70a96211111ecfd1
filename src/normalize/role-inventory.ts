import { plainText } from "../lib/plain-text.ts";
import { redactedPart } from "../lib/redact.ts";
import {
  type AzureAssignment,
  type AzureDefinition,
  type InventoryRecord,
  parseScope,
  type RoleRecord,
} from "../model/grant.ts";
import type { RawRecord } from "../model/record.ts";
import { asText, type Fields, readBag } from "./fields.ts";
import { type GatewayCategory, gatewayCategoryOf, normalizeGatewayRecord } from "./gateway-inventory.ts";
import { resourceText, type Unreadable } from "./normalized.ts";
import { idOf } from "./values.ts";

const ID =
  /^((?:\/subscriptions\/[^/]{1,64}\/resourcegroups\/[^/]{1,128}\/providers\/microsoft\.documentdb)?\/databaseaccounts\/([^/]{1,64}))\/sqlrole(definitions|assignments)\/([^/]{1,64})$/i;

/** Names under which lists of roles, and of what a gateway's keys open, are counted. */
export type RoleCategory =
  | "sqlRoleDefinitions"
  | "sqlRoleAssignments"
  | "roleDefinitions"
  | "roleAssignments"
  | GatewayCategory;

/** Azure's own roles, as `az role definition|assignment list` or a GET gives them. */
const AZURE_ID =
  /^((?:\/[^/]{1,128}){0,10})\/providers\/microsoft\.authorization\/role(definitions|assignments)\/([^/]{1,64})$/i;

/**
 * A role definition or assignment of Cosmos DB or of Azure, or what a gateway's lists tell, as the lists of `az` or a GET of
 * the management interface give it; undefined for any other record. Told by its id: no log has such a one for its own.
 */
export function roleCategoryOf({ value }: RawRecord): RoleCategory | undefined {
  const id = Object.hasOwn(value, "id") ? value["id"] : undefined;
  if (typeof id !== "string" || id.length > 1_024) return undefined;
  const kind = ID.exec(id)?.[3];
  if (kind !== undefined) return kind.toLowerCase() === "definitions" ? "sqlRoleDefinitions" : "sqlRoleAssignments";
  const azure = AZURE_ID.exec(id)?.[2];
  if (azure === undefined) return gatewayCategoryOf(id);
  return azure.toLowerCase() === "definitions" ? "roleDefinitions" : "roleAssignments";
}

export function normalizeRole(fields: Fields): InventoryRecord | Unreadable {
  const text = asText(fields.top("id")) ?? "";
  if (gatewayCategoryOf(text) !== undefined) return normalizeGatewayRecord(fields);
  const [azureId, within = "", azureKind = "", azureName = ""] = AZURE_ID.exec(text) ?? [];
  if (azureId !== undefined)
    return azureKind.toLowerCase() === "definitions"
      ? azureDefinition(fields, azureName)
      : azureAssignment(fields, azureId, within);
  const [, accountId = "", account = "", kind = "", id = ""] = ID.exec(text) ?? [];
  const owner = { account: account.toLowerCase(), accountId, id: idOf(id) ?? "" };
  return kind.toLowerCase() === "definitions" ? definition(fields, owner) : assignment(fields, owner);
}

interface Owner {
  readonly account: string;
  readonly accountId: string;
  readonly id: string;
}

const PERMISSIONS = 100;
const DATA_ACTIONS = 200;
const ACTION_TEXT = 200;
/** Built-in roles have up to some three hundred. */
const AZURE_ACTIONS = 2_000;

function definition(fields: Fields, owner: Owner): RoleRecord | Unreadable {
  const permissions = fields.list("permissions");
  if (permissions === undefined)
    return { reason: "no-permissions", detail: "`permissions` is missing: what the role grants is not known." };
  const lists = permissions.map((one) => readBag(one)?.["dataActions"] ?? []);
  if (lists.length > PERMISSIONS || lists.some((list) => !Array.isArray(list) || list.length > DATA_ACTIONS))
    return { reason: "bad-permissions", detail: "`permissions` holds no lists of `dataActions` that a role can have." };
  const dataActions = lists.flat().flatMap((action: unknown) => asText(action)?.slice(0, ACTION_TEXT) ?? []);
  const name = plainText(redactedPart(fields.text("rolename") ?? owner.id, 100));
  return { kind: "definition", ...owner, name, dataActions };
}

function assignment(fields: Fields, owner: Owner): RoleRecord | Unreadable {
  const principal = idOf(fields.text("principalid"));
  const role = fields.text("roledefinitionid") ?? "";
  const scope = parseScope(fields.text("scope") ?? "");
  if (principal === undefined)
    return { reason: "no-principal", detail: "`principalId` is missing: nobody holds this role assignment." };
  if (scope === undefined)
    return { reason: "bad-scope", detail: "`scope` is none of an account, a database or a container." };
  return { kind: "assignment", ...owner, principal, definition: definitionId(role), scope };
}

function azureDefinition(fields: Fields, id: string): AzureDefinition | Unreadable {
  const permissions = (fields.list("permissions") ?? []).map(readBag);
  const isLong = (list: unknown): boolean => Array.isArray(list) && list.length > AZURE_ACTIONS;
  const isOdd = permissions.some((one) => one === undefined || isLong(one["actions"]) || isLong(one["notActions"]));
  if (permissions.length === 0 || permissions.length > PERMISSIONS || isOdd)
    return { reason: "no-permissions", detail: "`permissions` is missing: what the role grants is not known." };
  const texts = (list: unknown): readonly string[] =>
    (Array.isArray(list) ? list : []).flatMap((action: unknown) => asText(action)?.slice(0, ACTION_TEXT) ?? []);
  return {
    kind: "azure-definition",
    id: idOf(id) ?? "",
    name: plainText(redactedPart(fields.text("rolename") ?? id, 100)),
    permissions: permissions.map((one) => ({
      actions: texts(one?.["actions"]),
      notActions: texts(one?.["notActions"]),
    })),
  };
}

function azureAssignment(fields: Fields, id: string, within: string): AzureAssignment | Unreadable {
  const principal = idOf(fields.text("principalid"));
  if (principal === undefined)
    return { reason: "no-principal", detail: "`principalId` is missing: nobody holds this role assignment." };
  const scope = resourceText(fields.text("scope") ?? within);
  return {
    kind: "azure-assignment",
    id: resourceText(id),
    principal,
    principalType: plainText(redactedPart(fields.text("principaltype") ?? "", 40)),
    definition: definitionId(fields.text("roledefinitionid") ?? ""),
    scope: scope === "" ? "/" : scope,
  };
}

/** GUID of a role definition, of its ARM id too. */
export const definitionId = (text: string): string => idOf(text.slice(text.lastIndexOf("/") + 1)) ?? "";
