import { redact } from "../lib/redact.ts";
import type { Event, GatewayError, GatewayRequest } from "../model/event.ts";
import { epochMs } from "../model/time.ts";
import { claimsOf } from "./claims.ts";
import { asText, type Fields, index, readBag } from "./fields.ts";
import { resourceName, type Row, type Unreadable } from "./normalized.ts";
import { addressOf, idOf } from "./values.ts";

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
  const text: Partial<GatewayRequest> = textFields(fields);
  return {
    kind: "gateway-request",
    shape: row.shape,
    time: row.time,
    resource: row.resource,
    dedupKey: `gateway|${service}|${correlationId}|${epochMs(row.time)}|${status}`,
    correlationId,
    service,
    status,
    truncated: fields.bool("truncated") ?? false,
    ...text,
    ...put("url", url === undefined ? undefined : redact(url.slice(0, 2_048))),
    ...put("gatewayHost", url === undefined ? undefined : hostPart(url)),
    ...backendFields(fields),
    ...put("callerAddress", addressOf(fields.text("calleripaddress", "clientip"))),
    ...put("totalMs", fields.number("durationms", "totaltime")),
    ...put("error", errorOf(fields)),
    ...put("claims", claimsOf(fields)),
    ...put("ownId", joinBy === undefined ? undefined : ownIdOf(asText(fields.at(joinBy)))),
    ...headerFields(fields),
    ...bodyFields(fields, status),
  };
}

function put<K extends keyof GatewayRequest>(key: K, value: GatewayRequest[K] | undefined): Partial<GatewayRequest> {
  return value === undefined ? {} : { [key]: value };
}

function textFields(fields: Fields): Partial<GatewayRequest> {
  return {
    ...put("region", fields.text("location", "region")),
    ...put("api", fields.text("apiid")),
    ...put("operation", fields.text("operationid")),
    ...put("apiRevision", fields.text("apirevision")),
    ...put("product", fields.text("productid")),
    ...put("subscription", fields.text("apimsubscriptionid")),
    ...put("method", fields.text("method")),
  };
}

function backendFields(fields: Fields): Partial<GatewayRequest> {
  const status = fields.number("backendresponsecode");
  const url = fields.text("backendurl");
  return {
    ...put("backendStatus", status === undefined || status <= 0 ? undefined : status),
    ...put("backendId", fields.text("backendid")),
    ...put("backendMethod", fields.text("backendmethod")),
    ...put("backendUrl", url === undefined ? undefined : redact(url.slice(0, 2_048))),
    ...put("backendMs", fields.number("backendtime")),
  };
}

function hostPart(url: string): string | undefined {
  const start = url.indexOf("://");
  if (start < 0) return undefined;
  const rest = url.slice(start + 3);
  const end = rest.search(/[/?#:]/);
  const host = (end < 0 ? rest : rest.slice(0, end)).toLowerCase();
  return host === "" ? undefined : host.slice(0, 253);
}

/** `lastError` as an object, flattened into columns, or the last of `errors`. */
function errorOf(fields: Fields): GatewayError | undefined {
  const last = fields.bag("lasterror") ?? lastOf(fields.list("errors"));
  const read = (name: string): string =>
    asText(last?.get(name)) ?? fields.text(`lasterror_${name}`, `lasterror${name}`) ?? "";
  const error = {
    source: read("source"),
    reason: read("reason"),
    message: redact(read("message").slice(0, 1_000)),
    scope: read("scope"),
    section: read("section"),
    path: read("path"),
  };
  return error.source === "" && error.reason === "" && error.message === "" ? undefined : error;
}

function lastOf(list: readonly unknown[] | undefined): ReadonlyMap<string, unknown> | undefined {
  const bag = readBag(list?.at(-1));
  return bag === undefined ? undefined : index(bag);
}

/** Headers come as an object of texts or of lists, in any case, or as JSON text; or as a list of names and values. */
function headersOf(fields: Fields, name: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const list = fields.list(name);
  const bag = fields.bag(name);
  const add = (key: unknown, value: unknown): void => {
    const text = asText(Array.isArray(value) ? value[0] : value);
    if (typeof key === "string" && text !== undefined) found.set(key.toLowerCase(), text);
  };
  for (const pair of list ?? []) {
    const entry = readBag(pair);
    if (entry !== undefined) add(entry["name"] ?? entry["Name"] ?? entry["Key"], entry["value"] ?? entry["Value"]);
  }
  for (const [key, value] of bag ?? []) add(key, value);
  return found;
}

function headerFields(fields: Fields): Partial<GatewayRequest> {
  const request = headersOf(fields, "requestheaders");
  const answers = [headersOf(fields, "backendresponseheaders"), headersOf(fields, "responseheaders")];
  const answer = (name: string): string | undefined =>
    answers.map((headers) => headers.get(name)).find((value) => value !== undefined);
  const subStatus = Number(answer("x-ms-substatus") ?? Number.NaN);
  const agent = request.get("user-agent") ?? fields.text("useragent");
  const challenge = answer("www-authenticate");
  return {
    ...put("backendActivityId", idOf(answer("x-ms-activity-id"))),
    ...put("subStatus", Number.isInteger(subStatus) && subStatus > 0 ? subStatus : undefined),
    ...put("challenge", challenge === undefined ? undefined : redact(challenge.slice(0, 500))),
    ...put("userAgent", agent === undefined ? undefined : redact(agent.slice(0, 256))),
  };
}

const ACTIVITY_ID = /activityid:?"?\s{0,4}:?\s{0,4}"?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i;
const SUB_STATUS = /sub-?status"?\s{0,4}[:=]\s{0,4}"?(\d{1,5})/i;

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i;

/** An id of the user's own; of a `traceparent` (W3C Trace Context) its trace id. */
const ownIdOf = (text: string | undefined): string | undefined => idOf(TRACE_PARENT.exec(text ?? "")?.[1] ?? text);

/** A logged body of a refusal tells its reason, and the activity id and sub-status where headers were not logged. */
function bodyFields(fields: Fields, status: number): Partial<GatewayRequest> {
  if (status < 400) return {};
  const raw = fields.any("backendresponsebody", "responsebody");
  const body =
    typeof raw === "string"
      ? raw.slice(0, 8_192)
      : raw === undefined
        ? undefined
        : JSON.stringify(raw)?.slice(0, 8_192);
  if (body === undefined) return {};
  const headers = headerFields(fields);
  const subStatus = headers.subStatus ?? Number(SUB_STATUS.exec(body)?.[1] ?? Number.NaN);
  return {
    ...put("errorBody", redact(body.slice(0, BODY))),
    ...put("backendActivityId", headers.backendActivityId ?? idOf(ACTIVITY_ID.exec(body)?.[1])),
    ...put("subStatus", Number.isInteger(subStatus) && subStatus > 0 ? subStatus : undefined),
  };
}
