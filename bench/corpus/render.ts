import type { Dice } from "./dice.ts";
import type { Draft, OperationDraft } from "./draft.ts";
import type { Tenant } from "./tenant.ts";

const STATES = ["open", "closed", "pending"];
const PRODUCTS = ["starter", "unlimited", "partner", "internal", "gold"];
const SCOPES = [
  "Orders.Read",
  "Orders.ReadWrite",
  "Customers.Read Catalog.Read",
  "Ledger.Write",
  "user_impersonation",
  "Catalog.Read Orders.Read Customers.Read",
];
const KEYS = ["PrimaryMasterKey", "SecondaryMasterKey", "PrimaryReadonlyMasterKey"];
const HOUR_MS = 3_600_000;
/** Text of the minute that was written last, so that a date is not formatted for each record. */
let minute = { start: Number.NaN, text: "" };

/** With seven decimals of a second, as Azure writes them. */
function ticks(ms: number, dice: Dice): string {
  const start = Math.floor(ms / 60_000) * 60_000;
  if (start !== minute.start) minute = { start, text: new Date(start).toISOString().slice(0, 17) };
  const rest = String(Math.floor(ms - start)).padStart(5, "0");
  return `${minute.text}${rest.slice(0, 2)}.${rest.slice(2)}${String(dice.below(10_000)).padStart(4, "0")}Z`;
}

/** A number as text with two to four decimals. */
export const decimal = (value: number, dice: Dice): string => value.toFixed(2 + dice.below(3));

const at = (list: readonly string[], i: number): string => list[i % list.length] ?? "";

/** A record of `GatewayLogs` as a diagnostic setting writes it, one line of JSON. */
export function renderGateway(tenant: Tenant, draft: Draft, dice: Dice): string {
  const { gateway, caller } = draft;
  const text = JSON.stringify({
    time: ticks(draft.at, dice),
    resourceId: gateway.resource,
    operationName: "Microsoft.ApiManagement/GatewayLogs",
    category: "GatewayLogs",
    correlationId: dice.guid(),
    callerIpAddress: draft.address,
    isRequestSuccess: draft.status < 400,
    level: 4,
    durationMs: draft.totalMs,
    location: gateway.region,
    properties: {
      ...requestOf(draft, dice),
      clientTime: dice.below(4),
      apiId: draft.api.id,
      operationId: draft.operation.id,
      productId: at(PRODUCTS, caller),
      apimSubscriptionId: at(tenant.subscriptions, caller),
      ...(caller % 3 === 0 ? {} : { userId: `user-${caller % 400}` }),
      clientProtocol: "HTTP/1.1",
      backendProtocol: "HTTP/1.1",
      apiRevision: draft.api.revision,
      clientTlsVersion: caller % 2 === 0 ? "1.2" : "1.3",
      ...errorOf(draft, dice),
      ...headersOf(tenant, draft, dice),
      traceRecords: [claimsTrace(tenant, draft)],
    },
  });
  // Some writers of JSON escape the ampersand; the text means the same.
  return dice.chance(0.04) ? text.replaceAll("&", String.raw`\u0026`) : text;
}

function requestOf({ gateway, api, container, operation, status, refusal, totalMs }: Draft, dice: Dice) {
  const state = dice.pick(STATES);
  const query = dice.chance(1 / 3)
    ? `?api-version=2024-0${1 + dice.below(9)}-01&filter=status%20eq%20%27${state}%27&top=${dice.below(200)}`
    : "";
  const path = `/${api.id}/${container.name}/${dice.hex8()}${dice.hex8().slice(0, 4)}${query}`;
  return {
    method: operation.method,
    url: `https://${gateway.host}${path}`,
    responseCode: status,
    responseSize: 200 + dice.below(20_000),
    requestSize: dice.below(4_000),
    cache: dice.pick(["none", "none", "none", "miss", "hit"]),
    ...(refusal?.section === "inbound"
      ? {}
      : {
          backendMethod: operation.method,
          backendUrl: `https://${container.account}.azure-api.internal${path}`,
          backendResponseCode: status,
          backendTime: Math.floor(totalMs * (0.6 + dice.real() * 0.35)),
        }),
  };
}

function errorOf({ refusal, totalMs }: Draft, dice: Dice) {
  if (refusal === undefined) return {};
  const { source, section, reason, message } = refusal;
  return { lastError: { elapsed: dice.below(totalMs + 1), source, scope: "api", section, reason, message } };
}

function headersOf(tenant: Tenant, draft: Draft, dice: Dice) {
  const agent = dice.chance(0.001) ? "Çöntöso-Client/1.0 (日本)" : dice.pick(tenant.agents);
  const requestHeaders = {
    "User-Agent": agent,
    "X-Forwarded-For": draft.address,
    ...((draft.caller & 2) === 0 ? {} : { "x-contoso-tenant": `tenant-${draft.caller % 50}` }),
  };
  if (draft.activityId === undefined) return { requestHeaders };
  return { requestHeaders, backendResponseHeaders: { "x-ms-activity-id": draft.activityId } };
}

/** As the policy fragment `scopetrail-claims` traces them. */
function claimsTrace(tenant: Tenant, { at: time, caller, refusal }: Draft) {
  const app = at(tenant.apps, caller);
  const issued = Math.floor(time / HOUR_MS) * HOUR_MS;
  const isAccepted = refusal === undefined || !refusal.source.startsWith("validate-");
  const metadata = {
    st: isAccepted ? "validated" : "unverified",
    iss: `https://login.microsoftonline.com/${tenant.tenantId}/v2.0`,
    aud: "api://contoso",
    app,
    oid: at(tenant.callers, caller),
    tid: tenant.tenantId,
    scp: at(SCOPES, caller),
    exp: new Date(issued + 2 * HOUR_MS).toISOString().slice(0, 19),
    ver: "2.0",
    kid: "nOo3ZDrODXEK1jKWhXslHR_KXEg",
    uti: `${app.slice(0, 8)}${issued / 1_000}`,
  };
  return { source: "scopetrail-claims", severity: "information", message: "v1", metadata };
}

/** A record of `DataPlaneRequests`; numbers are text there. */
export function renderOperation(tenant: Tenant, draft: OperationDraft, dice: Dice): string {
  const { container, operation, caller } = draft;
  const isFeed = ["Query", "ReadFeed"].includes(operation.cosmos);
  const path = `/dbs/${container.database}/colls/${container.name}/docs`;
  return JSON.stringify({
    time: ticks(draft.at, dice),
    resourceId: container.resource,
    category: "DataPlaneRequests",
    operationName: operation.cosmos,
    properties: {
      activityId: draft.activityId,
      requestResourceType: "Document",
      requestResourceId: isFeed ? path : `${path}/${dice.hex8()}`,
      collectionRid: container.rid,
      databaseName: container.database,
      collectionName: container.name,
      statusCode: String(draft.status),
      duration: decimal(dice.real() * 40 + 0.4, dice),
      requestCharge: draft.charge,
      requestLength: String(dice.below(4_000)),
      responseLength: String(dice.below(30_000)),
      resourceTokenPermissionId: "",
      resourceTokenPermissionMode: "",
      resourceTokenUserRid: "",
      clientIpAddress: draft.isDirect ? dice.pick(tenant.addresses) : dice.pick(tenant.backendAddresses),
      ...credentialOf(tenant, draft, dice),
      connectionMode: dice.pick(["Direct", "Gateway"]),
      userAgent: at(tenant.cosmosAgents, caller),
      subStatusCode: "0",
      partitionId: `00000000-0000-4000-8000-${String(caller % 40).padStart(12, "0")}`,
      regionName: "West Europe",
      apiKind: "Sql",
      databaseAccountName: container.account,
      accountOfferType: "Standard",
      requestStatus: "Completed",
      isReplicated: "true",
    },
  });
}

function credentialOf(tenant: Tenant, { caller, isDirect }: OperationDraft, dice: Dice) {
  if (!dice.chance(0.7)) return { authTokenType: "PrimaryMasterKey", keyType: dice.pick(KEYS) };
  return {
    authTokenType: "AadToken",
    aadPrincipalId: at(isDirect ? tenant.callers : tenant.identities, caller),
    aadAppliedRoleAssignmentId: at(tenant.roles, caller),
  };
}
