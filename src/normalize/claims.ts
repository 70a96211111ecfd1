import { CLAIMS_SOURCE, isOtherVersion } from "../decode/claims-trace.ts";
import type { Claims } from "../model/event.ts";
import { redactedPart } from "../lib/redact.ts";
import { asText, type Fields, index, parseText, readBag } from "./fields.ts";
import { parseInstant } from "./parse-time.ts";
import { idOf, type Mutable, put, subjectOf } from "./values.ts";

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

/** Names in the trace, those of the token too where the fragment's own is another one. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...["st", "iss", "aud", "app", "oid", "tid", "scp", "rol", "exp", "iat", "ver", "kid", "uti"].map(
    (name) => [name, name] as const,
  ),
  ["appid", "app"],
  ["azp", "app"],
  ["roles", "rol"],
]);
const LONGEST = 256;
const CONTROL = /\p{Cc}/gu;

/**
 * Claims that the policy fragment `scopetrail-claims` wrote into `traceRecords`: `metadata` as an object, as a list of
 * names and values, or the message itself as JSON (docs/policies.md). Anything else in a trace is ignored. Values are text of the caller's
 * unless `st` is `validated`. Of several, the one that the gateway wrote after it had validated the token counts.
 */
export function claimsOf(fields: Fields): Claims | undefined {
  const found = tracesOf(fields).flatMap((trace) => readClaims(trace) ?? []);
  return found.find(({ state }) => state === "validated") ?? found[0];
}

/** Records of a trace that are looked at; an entry of the log holds 32 KB. */
const TRACES = 4_096;

function tracesOf(fields: Fields): readonly ReadonlyMap<string, unknown>[] {
  const raw = fields.any("tracerecords");
  const value = typeof raw === "string" ? parseText(raw) : raw;
  const list = Array.isArray(value) ? value : [value];
  return list.slice(0, TRACES).flatMap((entry: unknown) => {
    const trace = readBag(entry);
    return trace === undefined ? [] : [index(trace)];
  });
}

function readClaims(trace: ReadonlyMap<string, unknown>): Claims | undefined {
  if (asText(trace.get("source"))?.toLowerCase() !== CLAIMS_SOURCE) return undefined;
  const message = trace.get("message");
  const inMessage = readBag(message);
  if (inMessage !== undefined) return build(pairs(inMessage));
  const version = asText(message);
  if (version === undefined || version === "" || isOtherVersion(version)) return undefined;
  const metadata = trace.get("metadata");
  return build(pairs(typeof metadata === "string" ? parseText(metadata) : metadata));
}

/** Name → value, from an object or from a list of `{name, value}`. A name that comes twice keeps its first value, but `st` its weaker. */
function pairs(metadata: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const add = (key: unknown, value: unknown): void => {
    const name = typeof key === "string" ? NAMES.get(key.toLowerCase()) : undefined;
    if (name === undefined) return;
    const text = Array.isArray(value) ? value.map((one) => asText(one) ?? "").join(" ") : (asText(value) ?? "");
    if (!found.has(name)) found.set(name, claimText(text));
    else if (name === "st" && text !== found.get(name)) found.set(name, "unverified");
  };
  if (Array.isArray(metadata)) {
    for (const pair of metadata) {
      const entry = isBag(pair) ? index(pair) : undefined;
      add(entry?.get("name") ?? entry?.get("key"), entry?.get("value"));
    }
  } else if (isBag(metadata)) for (const [name, value] of Object.entries(metadata)) add(name, value);
  return found;
}

/** A claim's value, redacted and at most 256 characters. */
export const claimText = (text: string): string => redactedPart(text.replaceAll(CONTROL, ""), LONGEST);

function build(values: ReadonlyMap<string, string>): Claims | undefined {
  if (values.size === 0) return undefined;
  const text = (name: string): string | undefined => values.get(name) || undefined;
  const claims: Mutable<Claims> = {
    state: values.get("st")?.toLowerCase() === "validated" ? "validated" : "unverified",
  };
  put(claims, "issuer", text("iss"));
  put(claims, "audience", text("aud"));
  put(claims, "appId", subjectOf(text("app")));
  put(claims, "objectId", subjectOf(text("oid")));
  put(claims, "tenantId", idOf(text("tid")));
  put(claims, "scopes", text("scp"));
  put(claims, "roles", text("rol"));
  put(claims, "expires", parseInstant(text("exp")));
  put(claims, "issued", parseInstant(text("iat")));
  put(claims, "version", text("ver"));
  put(claims, "keyId", text("kid"));
  put(claims, "tokenId", text("uti"));
  return claims;
}
