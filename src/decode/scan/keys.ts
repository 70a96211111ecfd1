import { CLAIMS_SOURCE, isOtherVersion } from "../claims-trace.ts";
import { nameOf } from "../field-name.ts";
import { COLUMN, column, type Column, NO_COLUMN, SPAN } from "./columns.ts";

// Actions and contexts; the same numbers are in `assembly/actions.ts`.
const SKIP = 0;
const TEXT = 1;
const GUID = 2;
const TIME = 3;
const NUMBER = 4;
const TRUTH = 5;
const HOST = 6;
const CATEGORY = 7;
const NESTED = 8;
const TRACES = 9;
const UNREAD = 10;
const STRANGE = 11;
const MARK = 12;
const SOURCE = 13;
const MESSAGE = 14;
const METADATA = 15;
const CLAIM_TIME = 16;
const CLAIM_NAME = 17;
const CLAIM_VALUE = 18;
const PRESENCE = 19;
const CLAIM_SPAN = 20;
const SPAN_TEXT = 21;
const SPAN_RAW = 22;
const OWN = 23;

const IN_RECORD = 0;
const IN_PROPERTIES = 1;
const IN_TRACE = 2;
const IN_CLAIMS = 3;
const IN_CLAIM = 4;
const IN_REQUEST_HEADERS = 5;
const IN_BACKEND_HEADERS = 6;
const IN_RESPONSE_HEADERS = 7;
const IN_ERROR = 8;

const answer = (action: number, { bit, word }: Column = column(NO_COLUMN, 0), context = 0): number =>
  (action | (bit << 8) | (context << 16) | (word << 24)) >>> 0;

type Answers = ReadonlyMap<string, number>;

const texts = (named: Readonly<Record<string, Column>>): readonly (readonly [string, number])[] =>
  Object.entries(named).map(([name, one]) => [name, answer(TEXT, one)] as const);

/** Fields of a gateway request or an operation, wherever they stand. */
const FIELDS: readonly (readonly [string, number])[] = [
  ["correlationid", answer(GUID, COLUMN.correlation)],
  ["activityid", answer(GUID, COLUMN.activity)],
  ["responsecode", answer(NUMBER, COLUMN.responseCode)],
  ["statuscode", answer(NUMBER, COLUMN.statusCode)],
  ["backendresponsecode", answer(NUMBER, COLUMN.backendCode)],
  ["backendtime", answer(NUMBER, COLUMN.backendTime)],
  ["durationms", answer(NUMBER, COLUMN.durationMs)],
  ["duration", answer(NUMBER, COLUMN.duration)],
  ["requestcharge", answer(NUMBER, COLUMN.charge)],
  ["responselength", answer(NUMBER, COLUMN.responseLength)],
  ["truncated", answer(TRUTH, COLUMN.truncated)],
  ["url", answer(HOST, COLUMN.url, SPAN.url.word)],
  ["backendurl", answer(HOST, COLUMN.backendUrl, SPAN.backendUrl.word)],
  ["backendmethod", answer(SPAN_TEXT, SPAN.backendMethod)],
  ["backendresponsebody", answer(SPAN_RAW, SPAN.backendBody)],
  ["responsebody", answer(SPAN_RAW, SPAN.body)],
  ["lasterror", answer(NESTED, COLUMN.lastError, IN_ERROR)],
  ["requestresourceid", answer(PRESENCE, COLUMN.path)],
  ["resourcetype", answer(PRESENCE, COLUMN.otherType)],
  ["tracerecords", answer(TRACES, COLUMN.traces)],
  ["requestheaders", answer(NESTED, COLUMN.requestHeaders, IN_REQUEST_HEADERS)],
  ["backendresponseheaders", answer(NESTED, COLUMN.backendHeaders, IN_BACKEND_HEADERS)],
  ["responseheaders", answer(NESTED, COLUMN.responseHeaders, IN_RESPONSE_HEADERS)],
  ["requesturl", answer(UNREAD)],
  ["clientip", answer(UNREAD)],
  ["totaltime", answer(UNREAD)],
  ["errors", answer(PRESENCE, COLUMN.errors)],
  ...texts({
    location: COLUMN.location,
    region: COLUMN.region,
    regionname: COLUMN.regionName,
    useragent: COLUMN.userAgent,
    calleripaddress: COLUMN.callerAddress,
    clientipaddress: COLUMN.clientAddress,
    operationid: COLUMN.operationId,
    apiid: COLUMN.api,
    apirevision: COLUMN.apiRevision,
    productid: COLUMN.product,
    apimsubscriptionid: COLUMN.subscription,
    method: COLUMN.method,
    backendid: COLUMN.backendId,
    operationname: COLUMN.operationName,
    requestresourcetype: COLUMN.resourceType,
    databasename: COLUMN.database,
    collectionname: COLUMN.container,
    authtokentype: COLUMN.authToken,
    keytype: COLUMN.keyType,
    aadprincipalid: COLUMN.principal,
    aadappliedroleassignmentid: COLUMN.roleAssignment,
    partitionid: COLUMN.partition,
    accountname: COLUMN.account,
  }),
];

/** Names that are read of the record itself only. */
const TOP: readonly (readonly [string, number])[] = [
  ["time", answer(TIME, COLUMN.time)],
  ["timegenerated", answer(TIME, COLUMN.timeGenerated)],
  ["properties", answer(NESTED, COLUMN.properties, IN_PROPERTIES)],
  ["category", answer(CATEGORY, COLUMN.category)],
  ["type", answer(CATEGORY, COLUMN.type)],
  ["resourceprovider", answer(MARK, COLUMN.resourceProvider)],
  ["tablename", answer(UNREAD)],
  ["$table", answer(UNREAD)],
  ["categoryvalue", answer(UNREAD)],
  ["additionalfields", answer(UNREAD)],
  // What may be an envelope, or the answer of a query.
  ["records", answer(STRANGE)],
  ["tables", answer(STRANGE)],
  ["rows", answer(STRANGE)],
  ...texts({ resourceid: COLUMN.resource, _resourceid: COLUMN.resource, resource: COLUMN.resource }),
];

const ERROR: readonly (readonly [string, number])[] = [
  ["source", answer(SPAN_TEXT, SPAN.source)],
  ["reason", answer(SPAN_TEXT, SPAN.reason)],
  ["message", answer(SPAN_TEXT, SPAN.message)],
  ["scope", answer(SPAN_TEXT, SPAN.scope)],
  ["section", answer(SPAN_TEXT, SPAN.section)],
  ["path", answer(SPAN_TEXT, SPAN.path)],
];
const IN_AN_ERROR: Answers = new Map(ERROR);
/** Members of the error in columns of their own: `lastError_reason_s`, `LastErrorReason`. */
const FLAT_ERROR = ERROR.flatMap(([name, told]) => [
  [`lasterror_${name}`, told] as const,
  [`lasterror${name}`, told] as const,
]);

const IN_A_RECORD: Answers = new Map([...FIELDS, ...FLAT_ERROR, ...TOP]);
const IN_ITS_PROPERTIES: Answers = new Map([...FIELDS, ...FLAT_ERROR]);
/** Columns that hold a header each. */
const FLATTENED = /^(?:request|response|backendresponse)headers_/;

const IN_A_TRACE: Answers = new Map([
  ["source", answer(SOURCE, COLUMN.source)],
  ["message", answer(MESSAGE, COLUMN.message)],
  ["metadata", answer(METADATA, COLUMN.metadata)],
]);

const CLAIMS: Answers = new Map([
  ...texts({
    st: COLUMN.state,
    iss: COLUMN.issuer,
    aud: COLUMN.audience,
    app: COLUMN.appId,
    appid: COLUMN.appId,
    azp: COLUMN.appId,
    oid: COLUMN.objectId,
    scp: COLUMN.scopes,
    rol: COLUMN.roles,
    roles: COLUMN.roles,
    ver: COLUMN.version,
    kid: COLUMN.keyId,
  }),
  ["exp", answer(CLAIM_TIME, COLUMN.expires)],
  ["iat", answer(CLAIM_TIME, COLUMN.issued)],
  ["tid", answer(CLAIM_SPAN, SPAN.tenantId)],
  ["uti", answer(CLAIM_SPAN, SPAN.tokenId)],
]);

const IN_A_CLAIM: Answers = new Map([
  ["name", answer(CLAIM_NAME, COLUMN.claimName)],
  ["value", answer(CLAIM_VALUE, COLUMN.claimValue)],
  ["key", answer(STRANGE)],
]);

/** A list of names and values is told by their names, whose case and suffix do not matter. */
const isPairName = (key: string): boolean => ["name", "key", "value"].includes(nameOf(key));

const REQUEST_HEADERS: Answers = new Map(texts({ "user-agent": COLUMN.userAgent }));
const responseHeaders = (challenge: Column): Answers =>
  new Map([
    ["www-authenticate", answer(SPAN_TEXT, challenge)],
    ["x-ms-activity-id", answer(GUID, COLUMN.backendActivity)],
    ["x-ms-substatus", answer(NUMBER, COLUMN.subStatus)],
  ]);

const RESPONSE_HEADERS = responseHeaders(SPAN.challenge);
const BACKEND_HEADERS = responseHeaders(SPAN.backendChallenge);
const HEADERS: ReadonlyMap<number, Answers> = new Map([
  [IN_REQUEST_HEADERS, REQUEST_HEADERS],
  [IN_BACKEND_HEADERS, BACKEND_HEADERS],
  [IN_RESPONSE_HEADERS, RESPONSE_HEADERS],
]);

/** A field of the gateway's records and, where it holds headers, the name of one: both lower-cased. */
export type OwnPath = readonly [field: string, header?: string];

const HEADER_FIELDS: ReadonlyMap<string, number> = new Map([
  ["requestheaders", IN_REQUEST_HEADERS],
  ["backendresponseheaders", IN_BACKEND_HEADERS],
  ["responseheaders", IN_RESPONSE_HEADERS],
]);

/** Whether the scan can read the id of the user's own that the path leads to: it reads nothing else there. */
export function isScannable([field, header]: OwnPath): boolean {
  if (header === undefined) return answerForKey(IN_RECORD, field) === answer(SKIP) && nameOf(field) === field;
  const context = HEADER_FIELDS.get(field);
  return context !== undefined && answerForKey(context, header) === answer(SKIP);
}

/**
 * What the scan does with a key that it has not met: which column its value goes to, that nobody reads it, or that who reads
 * it is not the scan. `own` leads to an id of the user's own, and is scannable.
 */
export function answerForKey(context: number, key: string, own?: OwnPath): number {
  if (own !== undefined && isOwn(context, key, own)) return answer(OWN, COLUMN.own);
  switch (context) {
    case IN_RECORD:
    case IN_PROPERTIES: {
      const name = nameOf(key);
      const answers = context === IN_RECORD ? IN_A_RECORD : IN_ITS_PROPERTIES;
      return answers.get(name) ?? answer(FLATTENED.test(name) ? UNREAD : SKIP);
    }
    case IN_TRACE:
      return IN_A_TRACE.get(nameOf(key)) ?? answer(SKIP);
    case IN_CLAIMS:
      return CLAIMS.get(key.toLowerCase()) ?? answer(SKIP);
    case IN_CLAIM:
      return IN_A_CLAIM.get(nameOf(key)) ?? answer(SKIP);
    case IN_ERROR:
      return IN_AN_ERROR.get(nameOf(key)) ?? answer(SKIP);
    default: {
      if (isPairName(key)) return answer(STRANGE);
      return HEADERS.get(context)?.get(headerName(key)) ?? answer(SKIP);
    }
  }
}

const headerName = (key: string): string => key.trim().toLowerCase();

function isOwn(context: number, key: string, [field, header]: OwnPath): boolean {
  if (header !== undefined) return context === HEADER_FIELDS.get(field) && headerName(key) === header;
  return (context === IN_RECORD || context === IN_PROPERTIES) && nameOf(key) === field;
}

const CATEGORIES: ReadonlyMap<string, number> = new Map([
  ["gatewaylogs", 1],
  ["apimanagementgatewaylogs", 1],
  ["dataplanerequests", 2],
  ["cdbdataplanerequests", 2],
  ["azurediagnostics", 8],
]);

/** What a text stands for where few are known: by use, a category, a trace's source, its message, a claim's name. */
export function meaningOfText(use: number, text: string): number {
  if (use === 0) return CATEGORIES.get(text.trim().toLowerCase()) ?? 0;
  if (use === 1) return text.toLowerCase() === CLAIMS_SOURCE ? 1 : 2;
  // A message that may be the claims themselves is the general path's.
  if (use === 2) return text.trim().startsWith("{") || isOtherVersion(text) ? 2 : 1;
  return CLAIMS.get(text.toLowerCase()) ?? 0;
}
