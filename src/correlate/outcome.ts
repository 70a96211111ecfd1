import type { Layer, Outcome } from "../model/call.ts";
import type { DataPlaneOperation, GatewayRequest } from "../model/event.ts";
import { type CosmosReason, cosmosReason, isLookAlike } from "./cosmos-refusal.ts";
import { isCosmosBackend } from "../normalize/cosmos-backend.ts";
import { isManagement, usesEntraToken } from "./management.ts";

const isRefusal = (status: number | undefined): status is 401 | 403 => status === 401 || status === 403;

/** Cosmos answered, so it let the caller in: a missing or conflicting item is not about authorization. */
export const passedAuthorization = (status: number): boolean =>
  (status > 0 && status < 400) || status === 404 || status === 409 || status === 412;

/** What became of one data-plane operation; `gateway` is the request that caused it, where it is known. */
export function operationOutcome(operation: DataPlaneOperation, gateway?: GatewayRequest): Outcome {
  if (passedAuthorization(operation.status)) return { kind: "succeeded" };
  if (!isRefusal(operation.status)) return { kind: "other", status: operation.status };
  return cosmosOutcome(operation.status, gateway ?? {}, operation);
}

/** What became of a whole call, as its caller saw it. */
export function callOutcome(gateway: GatewayRequest, operations: readonly DataPlaneOperation[]): Outcome {
  const refusedOperation = operations.find((operation) => isRefusal(operation.status));
  if (gateway.status > 0 && gateway.status < 400) return { kind: "succeeded" };
  const backendRefused = isRefusal(gateway.backendStatus);
  const clientRefused = isRefusal(gateway.status);
  if (refusedOperation !== undefined && (clientRefused || backendRefused || gateway.status >= 500)) {
    return cosmosOutcome(refusedOperation.status === 401 ? 401 : 403, gateway, refusedOperation);
  }
  if (isRefusal(gateway.backendStatus)) return backendOutcome(gateway, gateway.backendStatus, operations);
  if (!isRefusal(gateway.status)) return { kind: "other", status: gateway.status };
  if (gateway.backendStatus !== undefined && gateway.backendStatus >= 400) {
    const { status } = gateway;
    return { kind: "refused", layer: "backend", status, symptom: `backend:${status}`, reason: String(status) };
  }
  return gatewayOutcome(gateway, gateway.status);
}

/** Reasons that one fault shows side by side are one symptom; the reason itself stays in the gateway's record. */
const FAMILIES: ReadonlyMap<string, string> = new Map([
  ["TokenSignatureKeyNotFound", "TokenSignature"],
  ["TokenSignatureInvalid", "TokenSignature"],
  ["TokenClaimNotFound", "TokenClaim"],
  ["TokenClaimValueNotAllowed", "TokenClaim"],
  ["SubscriptionKeyNotFound", "SubscriptionKey"],
  ["SubscriptionKeyInvalid", "SubscriptionKey"],
  ["CallerIpNotAllowed", "CallerIp"],
  ["CallerIpBlocked", "CallerIp"],
  ["FailedToParseCallerIP", "CallerIp"],
]);

const familyOf = (reason: string): string => FAMILIES.get(reason) ?? reason;

function gatewayOutcome(gateway: GatewayRequest, status: 401 | 403): Outcome {
  const reason = gateway.error?.reason;
  const told = reason === undefined || reason === "" ? String(status) : familyOf(reason);
  return { kind: "refused", layer: "gateway", status, symptom: `gateway:${told}`, reason: told };
}

function backendOutcome(
  gateway: GatewayRequest,
  status: 401 | 403,
  operations: readonly DataPlaneOperation[],
): Outcome {
  if (isCosmosBackend(gateway) || gateway.subStatus !== undefined || operations.length > 0) {
    return cosmosOutcome(status, gateway, operations.at(-1));
  }
  const reason = cosmosReason(undefined, gateway.errorBody);
  if (reason !== "untold") return cosmosOutcome(status, gateway, undefined);
  const told = challengeReason(gateway.challenge);
  const said = told === "" ? String(status) : familyOf(told);
  return { kind: "refused", layer: "backend", status, symptom: `backend:${said}`, reason: said };
}

function cosmosOutcome(
  status: 401 | 403,
  told: { readonly subStatus?: number; readonly errorBody?: string },
  operation: DataPlaneOperation | undefined,
): Outcome {
  const reason = reasonOf(status, told, operation);
  const layer: Layer = "cosmos";
  if (isLookAlike(reason)) return { kind: "look-alike", layer, status, symptom: `cosmos:${status}`, reason };
  // Of all refusals, those of management can be told from the others without a sub-status: they are no one's missing role.
  const symptom = reason === "management-operation" ? `cosmos:${reason}` : `cosmos:${status}`;
  return { kind: "refused", layer, status, symptom, reason: reason === "untold" ? String(status) : reason };
}

function reasonOf(
  status: 401 | 403,
  { subStatus, errorBody }: { readonly subStatus?: number; readonly errorBody?: string },
  operation: DataPlaneOperation | undefined,
): CosmosReason {
  const told = cosmosReason(subStatus, errorBody);
  if (told !== "untold" || operation === undefined || status !== 403) return told;
  return usesEntraToken(operation) && isManagement(operation) ? "management-operation" : told;
}

/** Reasons that a backend's `WWW-Authenticate` names (RFC 6750 §3, as Entra's middlewares fill it). */
const CHALLENGES: readonly (readonly [string, string])[] = [
  ["expired", "TokenExpired"],
  ["signature key was not found", "TokenSignatureKeyNotFound"],
  ["signature is invalid", "TokenSignatureInvalid"],
  ["issuer", "TokenIssuerNotAllowed"],
  ["audience", "TokenAudienceNotAllowed"],
  ["insufficient_scope", "TokenClaimNotFound"],
];

function challengeReason(challenge: string | undefined): string {
  if (challenge === undefined) return "";
  const text = challenge.toLowerCase();
  return CHALLENGES.find(([part]) => text.includes(part))?.[1] ?? "";
}
