import type { Change, Claims, DataPlaneOperation, GatewayError, GatewayRequest } from "../src/model/event.ts";
import { type Instant, instantFromMs } from "../src/model/time.ts";

/** 2026-11-25T12:00:00Z and so many seconds. */
export const at = (seconds: number): Instant => instantFromMs(1_795_608_000_000 + Math.round(seconds * 1000));

let serial = 0;
/** A GUID that no other call of this function gives. */
export const guid = (): string => `00000000-0000-4000-8000-${String(++serial).padStart(12, "0")}`;

export function gatewayRequest(over: Partial<GatewayRequest> = {}): GatewayRequest {
  const correlationId = over.correlationId ?? guid();
  const time = over.time ?? at(0);
  return {
    kind: "gateway-request",
    shape: "event-hub",
    resource: "/subscriptions/s/resourcegroups/g/providers/microsoft.apimanagement/service/apim-test",
    service: "apim-test",
    dedupKey: `g|${correlationId}|${time}|${over.status ?? 200}`,
    correlationId,
    time,
    region: "West Europe",
    api: "orders",
    operation: "get-order",
    method: "GET",
    status: 200,
    callerAddress: "203.0.113.7",
    truncated: false,
    ...over,
  };
}

export const claims = (over: Partial<Claims> = {}): Claims => ({
  state: "validated",
  appId: "11111111-1111-4111-8111-111111111111",
  objectId: "22222222-2222-4222-8222-222222222222",
  issuer: "https://login.microsoftonline.com/tenant/v2.0",
  audience: "api://orders",
  version: "2.0",
  keyId: "key-1",
  ...over,
});

export const gatewayError = (reason: string, source = "validate-jwt"): GatewayError => ({
  source,
  reason,
  message: reason,
  scope: "api",
  section: "inbound",
  path: "",
});

export function operation(over: Partial<DataPlaneOperation> = {}): DataPlaneOperation {
  const activityId = over.activityId ?? guid();
  const time = over.time ?? at(0);
  return {
    kind: "data-plane-operation",
    shape: "event-hub",
    resource: "/subscriptions/s/resourcegroups/g/providers/microsoft.documentdb/databaseaccounts/shop",
    account: "shop",
    dedupKey: `d|${activityId}|${time}|${over.operation ?? "Read"}|${over.status ?? 200}`,
    activityId,
    time,
    operation: "Read",
    resourceType: "Document",
    database: "shop",
    container: "orders",
    status: 200,
    clientAddress: "198.51.100.9",
    credential: "AadToken",
    principal: "33333333-3333-4333-8333-333333333333",
    ...over,
  };
}

export function change(over: Partial<Change> = {}): Change {
  const time = over.time ?? at(0);
  return {
    kind: "change",
    shape: "event-hub",
    resource: "/subscriptions/s/resourcegroups/g/providers/microsoft.documentdb/databaseaccounts/shop",
    dedupKey: `c|${over.operation ?? ""}|${time}`,
    time,
    change: "other",
    operation: "microsoft.documentdb/databaseaccounts/write",
    action: "write",
    result: "succeeded",
    details: new Map(),
    ...over,
  };
}
