import { COLUMN, SPAN } from "../decode/scan/columns.ts";
import { type RawRefusal, unescaped } from "../decode/scan/scanner.ts";
import type { Claims, GatewayError, GatewayRequest } from "../model/event.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, timeOf, WORDS } from "../model/event-table.ts";
import { keyText, writeKey } from "../model/key128.ts";
import { nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { claimText } from "./claims.ts";
import { isPlainStatus, SHAPES } from "./event-row.ts";
import { believed, gatewayError, gatewayRequest, ownId, subStatusOf } from "./gateway-request.ts";
import { type ErrorMemo, isSet, numberOf, type Putting, rawOf } from "./putting.ts";
import { idOf, type Mutable, put } from "./values.ts";

type Span = (typeof SPAN)[keyof typeof SPAN];

/** Puts beside a row that was put what only a refusal tells: the event that the general way would give. */
export function putRefusal(putting: Putting, refusal: RawRefusal): void {
  const { target, place, names } = putting;
  const { words } = target;
  const at = WORDS * place;
  const status = words[at + row.STATUS] ?? 0;
  const error = errorOf(refusal, putting.errors);
  const ownText = spanOf(refusal, SPAN.ownId);
  if (ownText !== undefined) putOwnKey(putting, ownId(ownText));
  const isPlain = isPlainStatus(status) && (traitsOf(putting) & row.KEY_IS_HASH) === 0;
  if (isPlain) {
    const claims = believed(claimsOf(putting, refusal), error);
    if (claims?.state === "unverified") words[at + row.TRAITS] = traitsOf(putting) & ~row.CLAIMS_VALIDATED;
    return;
  }
  const event = requestOf(putting, refusal, error);
  target.objects.set(place, event);
  let traits = traitsOf(putting) | row.HAS_OBJECT;
  if (event.claims?.state !== "validated") traits &= ~row.CLAIMS_VALIDATED;
  if (event.backendActivityId !== undefined && (traits & row.HAS_BACKEND_KEY) === 0) {
    writeKey(words, at + row.BACKEND_KEY, event.backendActivityId, names.seed);
    traits |= row.HAS_BACKEND_KEY;
  }
  words[at + row.SUB_STATUS] = event.subStatus ?? 0;
  words[at + row.TRAITS] = traits;
}

/** The key of an id that the scan has not read as a GUID. */
function putOwnKey({ target, place, names }: Putting, id: string | undefined): void {
  if (id === undefined) return;
  const { words } = target;
  const at = WORDS * place;
  const isGuid = writeKey(words, at + row.OWN_KEY, id, names.seed);
  words[at + row.TRAITS] = (words[at + row.TRAITS] ?? 0) | row.HAS_OWN_KEY | (isGuid ? 0 : row.KEY_IS_HASH);
}

function ownIdOf(putting: Putting, refusal: RawRefusal): string | undefined {
  if ((traitsOf(putting) & row.HAS_OWN_KEY) === 0) return undefined;
  const text = spanOf(refusal, SPAN.ownId);
  return text === undefined ? keyText(putting.target.words, WORDS * putting.place + row.OWN_KEY) : ownId(text);
}

const traitsOf = ({ target, place }: Putting): number => target.words[WORDS * place + row.TRAITS] ?? 0;

function spanOf({ texts }: RawRefusal, { word }: Span): string | undefined {
  const raw = texts[word];
  return raw === undefined ? undefined : unescaped(raw);
}

function bodyOf({ texts }: RawRefusal): unknown {
  const json = texts[SPAN.backendBody.word] ?? texts[SPAN.body.word];
  return json === undefined ? undefined : JSON.parse(json);
}

const MOST_ERRORS = 1_024;
const LONGEST_ERROR = 1_024;

function errorOf({ texts }: RawRefusal, memo: ErrorMemo): GatewayError | undefined {
  const raw = texts.slice(SPAN.source.word, SPAN.path.word + 1);
  // No text of a line holds the end of one.
  const key = raw.join("\n");
  if (memo.has(key)) return memo.get(key);
  const [source, reason, message, scope, section, path] = raw.map((text) => text && unescaped(text));
  const error = gatewayError({ source, reason, message, scope, section, path });
  if (memo.size >= MOST_ERRORS) memo.clear();
  if (key.length <= LONGEST_ERROR) memo.set(key, error);
  return error;
}

const told = (number: number): number | undefined => (Number.isNaN(number) ? undefined : number);

function requestOf(putting: Putting, refusal: RawRefusal, error: GatewayError | undefined): GatewayRequest {
  const { target, place, names, lookups } = putting;
  const { words } = target;
  const at = WORDS * place;
  const text = (word: number): string | undefined => nameText(names, words[at + word] ?? 0);
  const hasBackendKey = (traitsOf(putting) & row.HAS_BACKEND_KEY) !== 0;
  return gatewayRequest({
    shape: SHAPES[traitsOf(putting) >>> row.SHAPE_SHIFT] ?? "table",
    time: timeOf(target, place),
    resource: text(row.RESOURCE) ?? "",
    correlationId: keyText(words, at + row.KEY),
    service: text(row.OWNER) ?? "",
    status: words[at + row.STATUS] ?? 0,
    truncated: (traitsOf(putting) & row.TRUNCATED) !== 0,
    region: text(row.REGION),
    api: text(row.API),
    operation: text(row.OPERATION),
    apiRevision: text(row.API_REVISION),
    product: text(row.PRODUCT),
    subscription: text(row.SUBSCRIPTION),
    method: text(row.METHOD),
    url: spanOf(refusal, SPAN.url),
    gatewayHost: text(row.GATEWAY_HOST),
    backendStatus: told(numberOf(putting, COLUMN.backendCode)),
    backendId: nameText(names, lookups.plain.of(rawOf(putting, COLUMN.backendId))),
    backendMethod: spanOf(refusal, SPAN.backendMethod),
    backendUrl: spanOf(refusal, SPAN.backendUrl),
    backendMs: told(numberOf(putting, COLUMN.backendTime)),
    callerAddress: text(row.ADDRESS),
    totalMs: told(numberOf(putting, COLUMN.durationMs)),
    error,
    claims: claimsOf(putting, refusal),
    ownId: ownIdOf(putting, refusal),
    backendActivityId: hasBackendKey ? keyText(words, at + row.BACKEND_KEY) : undefined,
    subStatus: isSet(putting, COLUMN.subStatus) ? subStatusOf(numberOf(putting, COLUMN.subStatus)) : undefined,
    challenge: spanOf(refusal, SPAN.backendChallenge) ?? spanOf(refusal, SPAN.challenge),
    userAgent: text(row.USER_AGENT),
    body: bodyOf(refusal),
  });
}

/** The claims that the row has, and those that have no column. */
function claimsOf(putting: Putting, refusal: RawRefusal): Claims | undefined {
  const { target, place, names } = putting;
  const traits = traitsOf(putting);
  if ((traits & row.HAS_CLAIMS) === 0) return undefined;
  const at = WORDS * place;
  const text = (word: number): string | undefined => nameText(names, target.words[at + word] ?? 0);
  const idIn = (span: Span): string | undefined => claimText(spanOf(refusal, span) ?? "") || undefined;
  const claims: Mutable<Claims> = {
    state: (traits & row.CLAIMS_VALIDATED) === 0 ? "unverified" : "validated",
  };
  put(claims, "issuer", text(row.ISSUER));
  put(claims, "audience", text(row.AUDIENCE));
  put(claims, "appId", text(row.APP_ID));
  put(claims, "objectId", text(row.OBJECT_ID));
  put(claims, "tenantId", idOf(idIn(SPAN.tenantId)));
  put(claims, "scopes", text(row.SCOPES));
  put(claims, "roles", text(row.ROLES));
  put(claims, "expires", timeIn(putting, row.EXPIRES_D));
  put(claims, "issued", timeIn(putting, row.ISSUED_D));
  put(claims, "version", text(row.TOKEN_VERSION));
  put(claims, "keyId", text(row.KEY_ID));
  put(claims, "tokenId", idIn(SPAN.tokenId));
  return claims;
}

function timeIn({ target, place }: Putting, double: number): Instant | undefined {
  const ticks = target.doubles[DOUBLES * place + double] ?? Number.NaN;
  return Number.isNaN(ticks) ? undefined : instantFromTicks(ticks);
}
