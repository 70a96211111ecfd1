import type { ChangeKind, Event } from "../model/event.ts";
import { buildChange, detailsOf, resultOf } from "./change.ts";
import { asText, type Fields } from "./fields.ts";
import type { Row, Unreadable } from "./normalized.ts";
import { idOf } from "./values.ts";

/** Kinds by parts of operation names (learn.microsoft.com/azure/cosmos-db/audit-control-plane-logs), first wins. */
const KINDS: readonly (readonly [RegExp, ChangeKind])[] = [
  [/role.?assignment/i, "role-assignment"],
  [/role.?definition/i, "role-definition"],
  [/regionfailover|failover/i, "failover"],
  [/regionadd|regionremove/i, "region"],
  [/(?:regenerate|rotate|renew|update).{0,20}keys?(?![a-z])|keys?(?:regenerat|rotat|renew|update)/i, "key-regenerated"],
  [/virtualnetwork|firewall|ipr/i, "firewall"],
  [/(?:sql)?(?:containers|databases)(?:create|delete|update)/i, "container"],
  [/account(?:update|create|delete)/i, "account-write"],
];

/** Cosmos DB `ControlPlaneRequests` and `CDBControlPlaneRequests`; who did it is not in this log. */
export function normalizeControlPlaneRequests(row: Row): Event | Unreadable {
  const { fields } = row;
  const operation = asText(fields.top("operationname") ?? fields.any("operationname")) ?? "";
  if (operation === "") return { reason: "no-operation", detail: "`operationName` is missing." };
  const roleAssignment = fields.text("roleassignmentid", "roleassignmentprincipalid");
  const roleDefinition = fields.text("roledefinitionid", "roledefinitionname");
  const subject = `${operation} ${fields.text("resourceuri") ?? ""}`;
  const byName =
    KINDS.find(([pattern]) => pattern.test(operation))?.[1] ??
    KINDS.slice(0, 2).find(([pattern]) => pattern.test(subject))?.[1];
  const told =
    roleAssignment !== undefined ? "role-assignment" : roleDefinition !== undefined ? "role-definition" : byName;
  const change = told === "account-write" || told === undefined ? accountChange(fields, told) : told;
  const details = detailsOf([
    ["principalId", idOf(fields.text("roleassignmentprincipalid"))],
    ["principalType", fields.text("roleassignmentprincipaltype")],
    ["principalType", fields.text("roleassignmentprincipaltype")],
    ["roleDefinitionId", fields.text("associatedroledefinitionid", "roledefinitionid")],
    ["roleAssignmentId", fields.text("roleassignmentid")],
    ["scope", fields.text("roleassignmentscope")],
    ["writeRegion", fields.text("newwriteregion", "currentwriteregion")],
    ["region", fields.text("regionname")],
    ["ipRangeFilter", fields.text("iprangefilter")],
    ["resource", fields.text("resourceuri")],
  ]);
  const result = /start$/i.test(operation)
    ? "started"
    : resultOf(fields.text("result", "resulttype"), fields.number("httpstatuscode"));
  return buildChange(row, { change, operation, result, id: idOf(fields.text("activityid")) ?? "", details });
}

/** `resourceDetails` is JSON whose quotes may be stripped. */
const LOCAL_AUTH_OFF = /disablelocalauth"?\s{0,4}[:=]\s{0,4}"?true/i;

/** What an update of the account changes: keys are switched off, or it carries network rules. */
function accountChange(fields: Fields, told: "account-write" | undefined): ChangeKind {
  if (told === undefined) return "other";
  if (LOCAL_AUTH_OFF.test(fields.text("resourcedetails") ?? "")) return "local-auth-disabled";
  const rules = fields.text("iprangefilter") ?? fields.text("acledsubnets");
  return rules === undefined ? told : "firewall";
}
