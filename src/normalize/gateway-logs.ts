import { redactedPart } from "../lib/redact.ts";
import type { Claims, Event, GatewayError, GatewayRequest } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { claimsOf } from "./claims.ts";
import { asText, type Fields, index, parseText, readBag } from "./fields.ts";
import type { JoinPath } from "./join-path.ts";
import { resourceName, type Row, type Unreadable } from "./normalized.ts";
import { addressOf, canonical, idOf, type Mutable, named, put, shortText } from "./values.ts";

const BODY = 2_000;

/** APIM `GatewayLogs`; fields by https://learn.microsoft.com/azure/api-management/gateway-log-schema-reference. */
export function normalizeGatewayLogs(row: Row): Event | Unreadable {
  const { fields, joinBy } = row;
  const correlationId = idOf(fields.text("correlationid"));
  const status = fields.number("responsecode", "status", "httpstatuscode");
  if (correlationId === undefined)
    return { reason: "no-id", detail: "`correlationId` is missing: the call cannot be told from others." };
  if (status === undefined || status < 0 || status > 999)
    return { reason: "bad-status", detail: "`responseCode` is missing or no HTTP status." };
  const service = resourceName(row.resource);
  const url = fields.text("url", "requesturl");
  const event: Mutable<GatewayRequest> = {
    kind: "gateway-request",
    shape: row.shape,
    time: row.time,
    resource: row.resource,
    dedupKey: `gateway|${service}|${correlationId}|${epochMs(row.time)}|${status}`,
    correlationId,
    service,
    status,
    truncated: fields.bool("truncated") ?? (fields.number("truncated") ?? 0) !== 0,
  };
  putTexts(event, fields);
  put(event, "url", shortText(url, 2_048));
  put(event, "gatewayHost", url === undefined ? undefined : hostPart(url));
  putBackend(event, fields);
  put(event, "callerAddress", addressOf(fields.text("calleripaddress", "clientip")));
  put(event, "totalMs", fields.number("durationms", "totaltime"));
  const error = errorOf(fields);
  put(event, "error", error);
  put(event, "claims", believed(claimsOf(fields), error));
  if (joinBy !== undefined) put(event, "ownId", ownIdOf(fields, joinBy));
  putHeaders(event, fields);
  putBody(event, fields);
  return event;
}

const NAME = 256;

function putTexts(event: Mutable<GatewayRequest>, fields: Fields): void {
  put(event, "region", shortText(fields.text("location", "region"), NAME));
  put(event, "api", shortText(fields.text("apiid"), NAME));
  put(event, "operation", shortText(fields.text("operationid"), NAME));
  put(event, "apiRevision", shortText(fields.text("apirevision"), NAME));
  put(event, "product", shortText(fields.text("productid"), NAME));
  put(event, "subscription", shortText(fields.text("apimsubscriptionid"), NAME));
  put(event, "method", shortText(fields.text("method"), 32));
}

function putBackend(event: Mutable<GatewayRequest>, fields: Fields): void {
  const status = fields.number("backendresponsecode");
  put(event, "backendStatus", status === undefined || status <= 0 ? undefined : status);
  put(event, "backendId", shortText(fields.text("backendid"), NAME));
  put(event, "backendMethod", shortText(fields.text("backendmethod"), 32));
  put(event, "backendUrl", shortText(fields.text("backendurl"), 2_048));
  put(event, "backendMs", fields.number("backendtime"));
}

/** Host that an address names, without user, port and path. */
export function hostPart(url: string): string | undefined {
  const [, host = ""] =
    /^[a-z][a-z0-9+.-]{0,31}:\/\/(?:[^/?#@]{0,1024}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:@]{1,253})/i.exec(url) ?? [];
  return host === "" ? undefined : host.toLowerCase();
}

/** Reasons of https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies. */
const REASONS = named(
  "OperationNotFound SubscriptionKeyNotFound SubscriptionKeyInvalid ClientConnectionFailure BackendConnectionFailure " +
    "ExpressionValueEvaluationFailure RateLimitExceeded QuotaExceeded CallbackParameterInvalid FailedToParseCallerIP " +
    "CallerIpNotAllowed CallerIpBlocked HeaderNotFound HeaderValueNotAllowed TokenNotPresent TokenSignatureInvalid " +
    "TokenAudienceNotAllowed TokenIssuerNotAllowed TokenExpired TokenSignatureKeyNotFound TokenClaimNotFound " +
    "TokenClaimValueNotAllowed JwtInvalid Timeout",
);

/** `lastError` as an object, flattened into columns, or the last of `errors`. */
function errorOf(fields: Fields): GatewayError | undefined {
  const told = fields.bag("lasterror");
  const flat = (name: string): string | undefined => fields.text(`lasterror_${name}`, `lasterror${name}`);
  const isTold = (told?.size ?? 0) > 0 || flat("reason") !== undefined || flat("source") !== undefined;
  const last = isTold ? told : lastOf(fields.list("errors"));
  const read = (name: string): string => (asText(last?.get(name)) ?? flat(name) ?? "").slice(0, 9_216);
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

function lastOf(list: readonly unknown[] | undefined): ReadonlyMap<string, unknown> | undefined {
  const bag = readBag(list?.at(-1));
  return bag === undefined ? undefined : index(bag);
}

/** Reasons for which a token was not accepted at all; one that lacks a claim was. */
const NOT_ACCEPTED =
  /^(?:TokenNotPresent|TokenSignature|TokenExpired|TokenNotYetValid|TokenIssuer|TokenAudience|Jwt|InvalidToken)/i;

/** A trace that calls a token validated which the gateway did not accept is not believed. */
function believed(claims: Claims | undefined, error: GatewayError | undefined): Claims | undefined {
  const isRefused = error !== undefined && /^validate-/i.test(error.source) && NOT_ACCEPTED.test(error.reason);
  return claims !== undefined && isRefused ? { ...claims, state: "unverified" } : claims;
}

interface Headers {
  get(name: string): string | undefined;
}

/**
 * Headers come as an object of texts or of lists, as a list of such objects or of names and values, as JSON text or as
 * lines, in any case, or flattened into columns.
 */
function headersOf(fields: Fields, name: string): Headers {
  const found = new Map<string, string>();
  const add = (key: unknown, value: unknown): void => {
    const text = Array.isArray(value) ? value.map(asText).find((one) => one !== undefined) : asText(value);
    const lower = typeof key === "string" ? key.trim().toLowerCase() : "";
    if (text !== undefined && lower !== "" && !found.has(lower)) found.set(lower, text);
  };
  const raw = fields.any(name);
  const value = typeof raw === "string" ? (parseText(raw) ?? raw.split(/\r?\n/)) : raw;
  for (const entry of Array.isArray(value) ? value : [value]) addHeaders(entry, add);
  return { get: (header) => found.get(header) ?? (fields.nested ? undefined : fields.flattened(name, header)) };
}

function addHeaders(entry: unknown, add: (key: unknown, value: unknown) => void): void {
  if (typeof entry === "string") {
    const colon = entry.indexOf(":");
    if (colon > 0) add(entry.slice(0, colon), entry.slice(colon + 1).trim());
    return;
  }
  const bag = readBag(entry);
  if (bag === undefined) return;
  const pair = index(bag);
  const key = pair.get("name") ?? pair.get("key");
  if (typeof key === "string" && pair.has("value")) add(key, pair.get("value"));
  else for (const [header, value] of Object.entries(bag)) add(header, value);
}

function putHeaders(event: Mutable<GatewayRequest>, fields: Fields): void {
  const request = headersOf(fields, "requestheaders");
  const backend = headersOf(fields, "backendresponseheaders");
  const response = headersOf(fields, "responseheaders");
  const answer = (name: string): string | undefined => backend.get(name) ?? response.get(name);
  put(event, "backendActivityId", idOf(answer("x-ms-activity-id")));
  put(event, "subStatus", subStatusOf(answer("x-ms-substatus")));
  put(event, "challenge", shortText(answer("www-authenticate"), 500));
  put(event, "userAgent", shortText(request.get("user-agent") ?? fields.text("useragent"), NAME));
}

export function subStatusOf(text: string | number | undefined): number | undefined {
  const subStatus = Number(text ?? Number.NaN);
  return Number.isInteger(subStatus) && subStatus > 0 ? subStatus : undefined;
}

const ACTIVITY_ID = /activityid:?"?\s{0,4}:?\s{0,4}"?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i;
const SUB_STATUS = /sub-?status"?\s{0,4}[:=]\s{0,4}"?(\d{1,5})/i;

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i;

/** An id of the user's own; of a `traceparent` (W3C Trace Context) its trace id. */
function ownIdOf(fields: Fields, [field, name]: JoinPath): string | undefined {
  const text = name === undefined ? fields.text(field) : headersOf(fields, field).get(name);
  return idOf(TRACE_PARENT.exec(text ?? "")?.[1] ?? shortText(text, NAME));
}

/** A logged body of a refusal tells its reason, and the activity id and sub-status where headers were not logged. */
function putBody(event: Mutable<GatewayRequest>, fields: Fields): void {
  const raw = event.status < 400 ? undefined : fields.any("backendresponsebody", "responsebody");
  if (raw === undefined) return;
  const body = (typeof raw === "string" ? raw : (JSON.stringify(raw) ?? "")).slice(0, 8_192);
  put(event, "errorBody", redactedPart(body, BODY));
  put(event, "backendActivityId", event.backendActivityId ?? idOf(ACTIVITY_ID.exec(body)?.[1]));
  put(event, "subStatus", event.subStatus ?? subStatusOf(SUB_STATUS.exec(body)?.[1]));
}
