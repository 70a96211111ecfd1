import { redactedPart } from "../lib/redact.ts";
import type { Claims, GatewayError, GatewayRequest } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { canonical, idOf, type Mutable, named, put, shortText } from "./values.ts";

type Optional<K extends keyof GatewayRequest> = { readonly [P in K]: GatewayRequest[P] | undefined };

/** What the log tells of a gateway's request, by whatever way it was read. */
export interface GatewayTold
  extends Pick<GatewayRequest, "shape" | "time" | "resource" | "correlationId" | "service" | "status" | "truncated">,
    Optional<
      | "region"
      | "api"
      | "operation"
      | "apiRevision"
      | "product"
      | "subscription"
      | "method"
      | "gatewayHost"
      | "backendStatus"
      | "backendId"
      | "backendMs"
      | "callerAddress"
      | "totalMs"
      | "error"
      | "claims"
      | "ownId"
      | "backendActivityId"
      | "subStatus"
      | "userAgent"
    > {
  // Texts as they were logged, neither cut nor redacted.
  readonly url: string | undefined;
  readonly backendUrl: string | undefined;
  readonly backendMethod: string | undefined;
  readonly challenge: string | undefined;
  /** The backend's answer, or the gateway's: a text or any value of JSON. */
  readonly body: unknown;
}

const URL = 2_048;

/** The event that is told. */
export function gatewayRequest(told: GatewayTold): GatewayRequest {
  const { resource, service, correlationId, time, status } = told;
  const event: Mutable<GatewayRequest> = {
    kind: "gateway-request",
    shape: told.shape,
    time,
    resource,
    dedupKey: `gateway|${service}|${correlationId}|${epochMs(time)}|${status}`,
    correlationId,
    service,
    status,
    truncated: told.truncated,
  };
  put(event, "region", told.region);
  put(event, "api", told.api);
  put(event, "operation", told.operation);
  put(event, "apiRevision", told.apiRevision);
  put(event, "product", told.product);
  put(event, "subscription", told.subscription);
  put(event, "method", told.method);
  put(event, "url", shortText(told.url, URL));
  put(event, "gatewayHost", told.gatewayHost);
  put(event, "backendStatus", positive(told.backendStatus));
  put(event, "backendId", told.backendId);
  put(event, "backendMethod", shortText(told.backendMethod, 32));
  put(event, "backendUrl", shortText(told.backendUrl, URL));
  put(event, "backendMs", told.backendMs);
  put(event, "callerAddress", told.callerAddress);
  put(event, "totalMs", told.totalMs);
  put(event, "error", told.error);
  put(event, "claims", believed(told.claims, told.error));
  put(event, "ownId", told.ownId);
  put(event, "backendActivityId", told.backendActivityId);
  put(event, "subStatus", told.subStatus);
  put(event, "challenge", shortText(told.challenge, 500));
  put(event, "userAgent", told.userAgent);
  if (status >= 400) putBody(event, told.body);
  return event;
}

const positive = (number: number | undefined): number | undefined =>
  number === undefined || number <= 0 ? undefined : number;

/** Reasons of https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies. */
const REASONS = named(
  "OperationNotFound SubscriptionKeyNotFound SubscriptionKeyInvalid ClientConnectionFailure BackendConnectionFailure " +
    "ExpressionValueEvaluationFailure RateLimitExceeded QuotaExceeded CallbackParameterInvalid FailedToParseCallerIP " +
    "CallerIpNotAllowed CallerIpBlocked HeaderNotFound HeaderValueNotAllowed TokenNotPresent TokenSignatureInvalid " +
    "TokenAudienceNotAllowed TokenIssuerNotAllowed TokenExpired TokenSignatureKeyNotFound TokenClaimNotFound " +
    "TokenClaimValueNotAllowed JwtInvalid Timeout",
);

type ErrorTold = { readonly [K in keyof GatewayError]: string | undefined };

/** The error whose members are told, neither cut nor redacted; undefined where they say nothing. */
export function gatewayError(told: ErrorTold): GatewayError | undefined {
  const read = (name: keyof GatewayError): string => (told[name] ?? "").slice(0, 9_216);
  const error = {
    source: redactedPart(read("source"), 100),
    reason: canonical(read("reason"), REASONS),
    message: redactedPart(read("message"), 1_000),
    scope: redactedPart(read("scope"), 100),
    section: redactedPart(read("section"), 100),
    path: redactedPart(read("path"), 300),
  };
  return error.source === "" && error.reason === "" && error.message === "" ? undefined : error;
}

/** Reasons for which a token was not accepted at all; one that lacks a claim was. */
const NOT_ACCEPTED =
  /^(?:TokenNotPresent|TokenSignature|TokenExpired|TokenNotYetValid|TokenIssuer|TokenAudience|Jwt|InvalidToken)/i;

/** A trace that calls a token validated which the gateway did not accept is not believed. */
export function believed(claims: Claims | undefined, error: GatewayError | undefined): Claims | undefined {
  const isRefused = error !== undefined && /^validate-/i.test(error.source) && NOT_ACCEPTED.test(error.reason);
  return claims !== undefined && isRefused ? { ...claims, state: "unverified" } : claims;
}

/** A sub-status that says something. */
export function subStatusOf(text: string | number | undefined): number | undefined {
  const subStatus = Number(text ?? Number.NaN);
  return Number.isInteger(subStatus) && subStatus > 0 ? subStatus : undefined;
}

const ACTIVITY_ID = /activityid:?"?\s{0,4}:?\s{0,4}"?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i;
const SUB_STATUS = /sub-?status"?\s{0,4}[:=]\s{0,4}"?(\d{1,5})/i;

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i;

/** An id of the user's own; of a `traceparent` (W3C Trace Context) its trace id. */
export const ownId = (text: string | undefined): string | undefined =>
  idOf(TRACE_PARENT.exec(text ?? "")?.[1] ?? shortText(text, 256));

const BODY = 2_000;

/** A logged body of a refusal tells its reason, and the activity id and sub-status where headers were not logged. */
function putBody(event: Mutable<GatewayRequest>, raw: unknown): void {
  if (raw === undefined) return;
  const body = (typeof raw === "string" ? raw : (JSON.stringify(raw) ?? "")).slice(0, 8_192);
  put(event, "errorBody", redactedPart(body, BODY));
  put(event, "backendActivityId", event.backendActivityId ?? idOf(ACTIVITY_ID.exec(body)?.[1]));
  put(event, "subStatus", event.subStatus ?? subStatusOf(SUB_STATUS.exec(body)?.[1]));
}
