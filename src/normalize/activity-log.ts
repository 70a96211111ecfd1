import type { ChangeKind, Event } from "../model/event.ts";
import { buildChange, detailsOf, resultOf } from "./change.ts";
import { asText, type Fields, index, readBag } from "./fields.ts";
import type { Row, Unreadable } from "./normalized.ts";
import { idOf, shortText } from "./values.ts";

/** Operations worth keeping, lower-cased, and what they change; first match wins. */
const KINDS: readonly (readonly [RegExp, ChangeKind])[] = [
  [
    /^microsoft\.(?:authorization|documentdb\/databaseaccounts)\/(?:sql)?roleassignments\/(?:write|delete)$/,
    "role-assignment",
  ],
  [
    /^microsoft\.(?:authorization|documentdb\/databaseaccounts)\/(?:sql)?roledefinitions\/(?:write|delete)$/,
    "role-definition",
  ],
  [
    /^microsoft\.documentdb\/databaseaccounts\/[a-z]{3,20}role(?:assignments|definitions)\/(?:write|delete)$/,
    "role-assignment",
  ],
  [/databaseaccounts\/regeneratekey\/action$/, "key-regenerated"],
  [/databaseaccounts\/(?:listkeys|readonlykeys|listconnectionstrings)\/action$/, "keys-listed"],
  [/databaseaccounts\/(?:failoverprioritychange|offlineregion|onlineregion)\/action$/, "failover"],
  [/databaseaccounts\/(?:sqldatabases|sqldatabases\/containers)\/(?:write|delete)$/, "container"],
  [/databaseaccounts\/write$/, "account-write"],
  [/^microsoft\.apimanagement\/service\/(?:.{1,120}\/)?policies\/(?:write|delete)$/, "gateway-policy"],
  [/^microsoft\.apimanagement\/service\/.{0,120}\/(?:list|get|read)[a-z]{0,40}\/action$/, "other"],
  [/^microsoft\.apimanagement\/service\/(?:.{1,120}\/)?namedvalues\//, "named-value"],
  [/^microsoft\.apimanagement\/service\/(?:.{1,120}\/)?subscriptions\//, "subscription"],
  [/^microsoft\.apimanagement\/service\//, "gateway-write"],
  [/^microsoft\.keyvault\/vaults\/secrets\/write$/, "secret-version"],
];

/** Providers whose other operations are kept as `other`: they may stand before a refusal. */
const PROVIDERS = /^microsoft\.(?:documentdb|apimanagement|authorization|keyvault|managedidentity)\//;

/** Operation of an Activity log record, lower-cased; the REST form has an object. */
export function activityOperation(fields: Fields): string {
  return localized(fields, "operationnamevalue", "operationname")?.toLowerCase() ?? "";
}

/** A text, or the `value` of the object that the REST form has for it. */
export function localized(fields: Fields, ...names: readonly string[]): string | undefined {
  const raw = fields.top(...names);
  return asText(readBag(raw)?.["value"]) ?? asText(raw);
}

export const isWatched = (operation: string): boolean => PROVIDERS.test(operation);

/** Activity log (`Administrative`), `AzureActivity`. */
export function normalizeActivityLog(row: Row): Event | Unreadable {
  const { fields } = row;
  const operation = activityOperation(fields);
  const body = bodyOf(fields);
  const told = KINDS.find(([pattern]) => pattern.test(operation))?.[1] ?? "other";
  const change = told === "account-write" ? accountChange(body) : told;
  const properties = bagAt(body, "properties") ?? body;
  const details = detailsOf([
    ["principalId", idOf(textAt(properties, "principalid"))],
    ["principalType", textAt(properties, "principaltype")],
    ["roleDefinitionId", textAt(properties, "roledefinitionid")],
    ["scope", textAt(properties, "scope")],
    ["keyKind", textAt(body, "keykind")],
    ["state", textAt(properties, "state")],
    ["disableLocalAuth", textAt(properties, "disablelocalauth")],
    ["resource", fields.text("entity", "_resourceid", "resourceid")],
  ]);
  return buildChange(row, {
    change,
    operation,
    result: resultOf(localized(fields, "activitystatusvalue", "activitystatus", "resulttype", "status")),
    id: idOf(fields.text("correlationid", "eventdataid")) ?? "",
    by: callerOf(fields),
    details,
  });
}

function bodyOf(fields: Fields): ReadonlyMap<string, unknown> {
  const direct = readBag(fields.any("requestbody"));
  const properties = readBag(fields.any("properties_d", "properties"));
  const inner = direct ?? readBag(properties?.["requestbody"] ?? properties?.["requestBody"]);
  return index(inner ?? {});
}

const bagAt = (bag: ReadonlyMap<string, unknown>, name: string): ReadonlyMap<string, unknown> | undefined => {
  const inner = readBag(bag.get(name));
  return inner === undefined ? undefined : index(inner);
};
const textAt = (bag: ReadonlyMap<string, unknown>, name: string): string | undefined => asText(bag.get(name));

const NETWORK = [
  "iprules",
  "iprangefilter",
  "publicnetworkaccess",
  "isvirtualnetworkfilterenabled",
  "virtualnetworkrules",
  "networkaclbypass",
];

/** What a write of the account changes, as far as the request body tells. */
function accountChange(body: ReadonlyMap<string, unknown>): ChangeKind {
  const properties = bagAt(body, "properties") ?? body;
  if (textAt(properties, "disablelocalauth")?.toLowerCase() === "true") return "local-auth-disabled";
  if (NETWORK.some((name) => properties.has(name))) return "firewall";
  return properties.has("locations") || properties.has("failoverpolicies") ? "region" : "account-write";
}

/** Object id of who did it, from the claims of the token that Azure Resource Manager validated; else the name logged. */
function callerOf(fields: Fields): string | undefined {
  const identity = fields.bag("identity");
  const claims = readBag(identity?.get("claims")) ?? readBag(fields.any("claims_d", "claims"));
  const oid =
    asText(claims?.["http://schemas.microsoft.com/identity/claims/objectidentifier"]) ?? asText(claims?.["oid"]);
  return idOf(oid) ?? shortText(fields.text("caller"), 200);
}
