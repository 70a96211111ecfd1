import type { Event, GatewayError } from "../model/event.ts";
import { claimsOf } from "./claims.ts";
import { asText, type Fields, index, parseText, readBag } from "./fields.ts";
import { gatewayError, gatewayRequest, ownId, subStatusOf } from "./gateway-request.ts";
import type { JoinPath } from "./join-path.ts";
import { resourceName, type Row, type Unreadable } from "./normalized.ts";
import { addressOf, idOf, shortText } from "./values.ts";

/** APIM `GatewayLogs`; fields by https://learn.microsoft.com/azure/api-management/gateway-log-schema-reference. */
export function normalizeGatewayLogs(row: Row): Event | Unreadable {
  const { fields, joinBy } = row;
  const correlationId = idOf(fields.text("correlationid"));
  const status = fields.number("responsecode", "status", "httpstatuscode");
  if (correlationId === undefined)
    return { reason: "no-id", detail: "`correlationId` is missing: the call cannot be told from others." };
  if (status === undefined || status < 0 || status > 999)
    return { reason: "bad-status", detail: "`responseCode` is missing or no HTTP status." };
  const url = fields.text("url", "requesturl");
  return gatewayRequest({
    shape: row.shape,
    time: row.time,
    resource: row.resource,
    correlationId,
    service: resourceName(row.resource),
    status,
    truncated: fields.bool("truncated") ?? (fields.number("truncated") ?? 0) !== 0,
    region: shortText(fields.text("location", "region"), NAME),
    api: shortText(fields.text("apiid"), NAME),
    operation: shortText(fields.text("operationid"), NAME),
    apiRevision: shortText(fields.text("apirevision"), NAME),
    product: shortText(fields.text("productid"), NAME),
    subscription: shortText(fields.text("apimsubscriptionid"), NAME),
    method: shortText(fields.text("method"), METHOD),
    url,
    gatewayHost: url === undefined ? undefined : hostPart(url),
    backendStatus: fields.number("backendresponsecode"),
    backendId: shortText(fields.text("backendid"), NAME),
    backendMethod: fields.text("backendmethod"),
    backendUrl: fields.text("backendurl"),
    backendMs: fields.number("backendtime"),
    callerAddress: addressOf(fields.text("calleripaddress", "clientip")),
    totalMs: fields.number("durationms", "totaltime"),
    error: errorOf(fields),
    claims: claimsOf(fields),
    ownId: joinBy === undefined ? undefined : ownIdOf(fields, joinBy),
    ...toldByHeaders(fields),
    body: fields.any("backendresponsebody", "responsebody"),
  });
}

const NAME = 256;
const METHOD = 32;

/** Host that an address names, without user, port and path. */
export function hostPart(url: string): string | undefined {
  const [, host = ""] =
    /^[a-z][a-z0-9+.-]{0,31}:\/\/(?:[^/?#@]{0,1024}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:@]{1,253})/i.exec(url) ?? [];
  return host === "" ? undefined : host.toLowerCase();
}

/** `lastError` as an object, flattened into columns, or the last of `errors`. */
function errorOf(fields: Fields): GatewayError | undefined {
  const told = fields.bag("lasterror");
  const flat = (name: string): string | undefined => fields.text(`lasterror_${name}`, `lasterror${name}`);
  const isTold = (told?.size ?? 0) > 0 || flat("reason") !== undefined || flat("source") !== undefined;
  const last = isTold ? told : lastOf(fields.list("errors"));
  const read = (name: string): string | undefined => asText(last?.get(name)) ?? flat(name);
  return gatewayError({
    source: read("source"),
    reason: read("reason"),
    message: read("message"),
    scope: read("scope"),
    section: read("section"),
    path: read("path"),
  });
}

function lastOf(list: readonly unknown[] | undefined): ReadonlyMap<string, unknown> | undefined {
  const bag = readBag(list?.at(-1));
  return bag === undefined ? undefined : index(bag);
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

function toldByHeaders(fields: Fields) {
  const request = headersOf(fields, "requestheaders");
  const backend = headersOf(fields, "backendresponseheaders");
  const response = headersOf(fields, "responseheaders");
  const answer = (name: string): string | undefined => backend.get(name) ?? response.get(name);
  return {
    backendActivityId: idOf(answer("x-ms-activity-id")),
    subStatus: subStatusOf(answer("x-ms-substatus")),
    challenge: answer("www-authenticate"),
    userAgent: shortText(request.get("user-agent") ?? fields.text("useragent"), NAME),
  };
}

const ownIdOf = (fields: Fields, [field, name]: JoinPath): string | undefined =>
  ownId(name === undefined ? fields.text(field) : headersOf(fields, field).get(name));
