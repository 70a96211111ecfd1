import type { Claims } from "../model/event.ts";
import { asText, type Fields, parseText } from "./fields.ts";
import { parseInstant } from "./parse-time.ts";
import { idOf } from "./values.ts";

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

const SOURCE = "scopetrail-claims";
const LONGEST = 256;
const CONTROL = /\p{Cc}/gu;

/**
 * Claims that the policy fragment `scopetrail-claims` wrote into `traceRecords`: `metadata` as an object, as a list of
 * names and values, or the message itself as JSON. Anything else in a trace is ignored. Values are text of the caller's
 * unless `st` is `validated`.
 */
export function claimsOf(fields: Fields): Claims | undefined {
  for (const trace of tracesOf(fields)) {
    if (asText(trace["source"] ?? trace["Source"])?.toLowerCase() !== SOURCE) continue;
    const claims = readClaims(trace);
    if (claims !== undefined) return claims;
  }
  return undefined;
}

function tracesOf(fields: Fields): readonly Bag[] {
  const raw = fields.any("tracerecords");
  const value = typeof raw === "string" ? parseText(raw) : raw;
  const list = Array.isArray(value) ? value : [value];
  return list.slice(0, 64).flatMap((entry: unknown) => {
    const trace = typeof entry === "string" ? parseText(entry) : entry;
    if (!isBag(trace)) return [];
    const inner = trace["data"];
    return isBag(inner) && trace["source"] === undefined ? [inner] : [trace];
  });
}

function readClaims(trace: Bag): Claims | undefined {
  const message = trace["message"] ?? trace["Message"];
  const inMessage = typeof message === "string" ? parseText(message) : message;
  const values = isBag(inMessage) ? pairs(inMessage) : pairs(metadataOf(trace));
  if (!isBag(inMessage) && asText(message) !== undefined && asText(message)?.toLowerCase() !== "v1") return undefined;
  return values.size === 0 ? undefined : build(values);
}

const metadataOf = (trace: Bag): unknown => {
  const metadata = trace["metadata"] ?? trace["Metadata"];
  return typeof metadata === "string" ? parseText(metadata) : metadata;
};

/** Name → value, from an object or from a list of `{name, value}`. */
function pairs(metadata: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const add = (name: unknown, value: unknown): void => {
    const text = Array.isArray(value) ? value.map(asText).join(" ") : (asText(value) ?? "");
    if (typeof name === "string") found.set(name.toLowerCase(), text.replaceAll(CONTROL, "").slice(0, LONGEST));
  };
  if (Array.isArray(metadata))
    for (const pair of metadata)
      if (isBag(pair)) add(pair["name"] ?? pair["Name"] ?? pair["key"], pair["value"] ?? pair["Value"]);
  if (isBag(metadata)) for (const [name, value] of Object.entries(metadata)) add(name, value);
  return found;
}

function build(values: ReadonlyMap<string, string>): Claims {
  const text = (name: string): string | undefined => values.get(name) || undefined;
  const put = <K extends keyof Claims>(key: K, value: Claims[K] | undefined): Partial<Claims> =>
    value === undefined ? {} : { [key]: value };
  return {
    state: values.get("st")?.toLowerCase() === "validated" ? "validated" : "unverified",
    ...put("issuer", text("iss")),
    ...put("audience", text("aud")),
    ...put("appId", idOf(text("app"))),
    ...put("objectId", idOf(text("oid"))),
    ...put("tenantId", idOf(text("tid"))),
    ...put("scopes", text("scp")),
    ...put("roles", text("rol")),
    ...put("expires", parseInstant(text("exp"))),
    ...put("issued", parseInstant(text("iat"))),
    ...put("version", text("ver")),
    ...put("keyId", text("kid")),
    ...put("tokenId", text("uti")),
  };
}
