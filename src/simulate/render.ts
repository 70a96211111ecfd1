import type { Draft } from "./draft.ts";
import { type Rendered, renderOperation, ticks } from "./operation.ts";
import { derivedGuid, type Random } from "./random.ts";
import type { Tenant } from "./tenant.ts";

/** All records of one call: the gateway's, and Cosmos DB's where it was asked. */
export function renderCall(tenant: Tenant, draft: Draft, random: Random): readonly Rendered[] {
  const { backend } = draft;
  const activityId = activityIdOf(draft);
  const operations = draft.steps.map((step, i) =>
    renderOperation(
      tenant,
      {
        step,
        at: draft.at + 2 + i * 5,
        activityId,
        account: backend.account,
        userAgent: backend.userAgent,
        roleAssignment: backend.roleAssignment,
      },
      random,
    ),
  );
  return [renderGateway(tenant, draft, random), ...operations];
}

/** Cosmos DB's own where the gateway logs it from the answer; else the gateway's, which the backend was told. */
const activityIdOf = ({ id, api, backend }: Draft): string =>
  api.headers && backend.kind === "rest" ? derivedGuid(id) : id;

function renderGateway(tenant: Tenant, draft: Draft, random: Random): Rendered {
  return {
    at: draft.at,
    category: "GatewayLogs",
    record: {
      Level: 4,
      isRequestSuccess: draft.status < 400,
      time: ticks(draft.at, random.int(0, 9_999)),
      operationName: "Microsoft.ApiManagement/GatewayLogs",
      category: "GatewayLogs",
      durationMs: draft.totalMs,
      callerIpAddress: draft.address,
      correlationId: draft.id,
      location: draft.region,
      properties: gatewayProperties(tenant, draft, random),
      resourceId: tenant.gatewayResource.toUpperCase(),
    },
  };
}

function gatewayProperties(tenant: Tenant, draft: Draft, random: Random): Record<string, unknown> {
  const { api } = draft;
  const path = draft.operation.path.replace("{id}", random.hex(6));
  const key = random.chance(0.05) ? `?subscription-key=${random.hex(32)}` : "";
  return {
    method: draft.operation.method,
    url: `https://${tenant.host}${path}${key}`,
    responseCode: draft.status,
    responseSize: random.int(80, 9_000),
    requestSize: random.int(200, 2_000),
    cache: "none",
    apiId: api.id,
    operationId: draft.operation.id,
    productId: api.product,
    clientProtocol: "HTTP/1.1",
    clientTlsVersion: "1.2",
    apiRevision: draft.revision,
    ...(draft.subscription === undefined ? {} : { apimSubscriptionId: draft.subscription }),
    ...backendProperties(draft, path),
    ...errorProperties(draft, random),
    ...(api.claims && draft.token !== undefined ? { traceRecords: [claimsTrace(tenant, draft, random)] } : {}),
    ...headersOf(draft, random),
    ...bodyOf(draft),
  };
}

function backendProperties(draft: Draft, path: string): Record<string, unknown> {
  const { backend } = draft;
  if (draft.backendStatus === undefined) return {};
  const first = draft.steps[0] ?? draft.operation.steps.at(-1);
  const documents = `${backend.url}/dbs/${backend.account.database}/colls/${first?.container ?? "items"}/docs`;
  const one = first?.operation === "Read" || first?.operation === "Delete";
  const rest = one ? `${documents}/${path.slice(path.lastIndexOf("/") + 1)}` : documents;
  return {
    backendResponseCode: draft.backendStatus,
    backendTime: Math.max(1, draft.totalMs - 8),
    backendId: backend.id,
    backendMethod: draft.operation.method,
    backendUrl: backend.kind === "rest" ? rest : `${backend.url}${path}`,
    backendProtocol: "HTTP/1.1",
  };
}

function errorProperties({ error }: Draft, random: Random): Record<string, unknown> {
  if (error === undefined) return {};
  const lastError = {
    elapsed: random.int(1, 40),
    ...error,
    scope: "api",
    section: "inbound",
    path: `${error.source}[1]`,
  };
  return { lastError };
}

function bodyOf(draft: Draft): Record<string, unknown> {
  const { api, body, status } = draft;
  if (!api.bodies || body === undefined) return {};
  if (draft.steps.length === 0) return { backendResponseBody: JSON.stringify({ error: body }) };
  const message = `${body}\r\nActivityId: ${activityIdOf(draft)}, Microsoft.Azure.Documents.Common/2.14.0`;
  return { backendResponseBody: JSON.stringify({ code: status === 401 ? "Unauthorized" : "Forbidden", message }) };
}

function headersOf(draft: Draft, random: Random): Record<string, unknown> {
  if (!draft.api.headers) return {};
  const list = random.chance(0.3);
  const value = (text: string): string | string[] => (list ? [text] : text);
  const answer = {
    ...(draft.backendStatus !== undefined && draft.steps.length > 0
      ? { "x-ms-activity-id": value(activityIdOf(draft)) }
      : {}),
    ...(draft.subStatus === undefined ? {} : { "X-MS-SubStatus": value(String(draft.subStatus)) }),
    ...(draft.challenge === undefined ? {} : { "WWW-Authenticate": value(draft.challenge) }),
  };
  return {
    requestHeaders: { "User-Agent": value(draft.userAgent) },
    ...(Object.keys(answer).length === 0 ? {} : { backendResponseHeaders: answer }),
  };
}

function claimsTrace(tenant: Tenant, draft: Draft, random: Random): Record<string, unknown> {
  const { token, app } = draft;
  const values: readonly (readonly [string, string])[] = [
    ["st", draft.validated ? "validated" : "unverified"],
    ["iss", token?.issuer ?? ""],
    ["aud", token?.audience ?? ""],
    ["app", app.appId],
    ["oid", app.objectId],
    ["tid", tenant.tenantId],
    ["scp", token?.scopes ?? ""],
    ["rol", token?.roles ?? ""],
    ["exp", new Date(token?.expires ?? 0).toISOString().slice(0, 19)],
    ["iat", String(Math.floor((token?.issued ?? 0) / 1_000))],
    ["ver", token?.version ?? ""],
    ["kid", token?.keyId ?? ""],
    ["uti", `${app.appId.slice(0, 8)}${Math.floor((token?.issued ?? 0) / 1_000)}`],
  ];
  const metadata = random.chance(0.5) ? Object.fromEntries(values) : values.map(([name, value]) => ({ name, value }));
  return { source: "scopetrail-claims", severity: "information", message: "v1", metadata };
}
