import { nameOf } from "../field-name.ts";

// Actions and contexts; the same numbers are in `assembly/index.ts`.
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
const CLAIM_SKIP = 20;

const IN_RECORD = 0;
const IN_PROPERTIES = 1;
const IN_TRACE = 2;
const IN_CLAIMS = 3;
const IN_CLAIM = 4;
const IN_REQUEST_HEADERS = 5;
const IN_BACKEND_HEADERS = 6;
const IN_RESPONSE_HEADERS = 7;

const NO_COLUMN = 255;

/** Words of a raw row. */
export const RAW_WORDS = 80;

/** A column of a raw row: its bit among those that are set, and the first of its words. */
export interface Column {
  readonly bit: number;
  readonly word: number;
}

const column = (bit: number, word: number): Column => ({ bit, word });

/** A text's word holds its id in the dictionary; a number's two hold a double, a GUID's four its four words. */
export const COLUMN = {
  time: column(0, 4),
  timeGenerated: column(1, 4),
  properties: column(2, 0),
  category: column(3, 40),
  type: column(4, 41),
  resourceProvider: column(5, 0),
  resource: column(6, 42),
  correlation: column(7, 6),
  activity: column(8, 10),
  responseCode: column(9, 18),
  statusCode: column(10, 20),
  location: column(11, 43),
  region: column(12, 44),
  regionName: column(13, 45),
  userAgent: column(14, 46),
  callerAddress: column(15, 47),
  clientAddress: column(16, 48),
  operationId: column(17, 49),
  api: column(18, 50),
  apiRevision: column(19, 51),
  product: column(20, 52),
  subscription: column(21, 53),
  method: column(22, 54),
  url: column(23, 55),
  backendUrl: column(24, 56),
  backendId: column(25, 57),
  backendCode: column(26, 22),
  backendTime: column(27, 24),
  durationMs: column(28, 26),
  duration: column(29, 28),
  truncated: column(30, 77),
  backendActivity: column(31, 14),
  subStatus: column(32, 30),
  traces: column(33, 0),
  operationName: column(34, 58),
  resourceType: column(35, 59),
  path: column(36, 0),
  database: column(37, 60),
  container: column(38, 61),
  authToken: column(39, 62),
  keyType: column(40, 63),
  principal: column(41, 64),
  roleAssignment: column(42, 65),
  partition: column(43, 66),
  account: column(44, 67),
  charge: column(45, 32),
  responseLength: column(46, 34),
  requestHeaders: column(47, 0),
  backendHeaders: column(48, 0),
  responseHeaders: column(49, 0),
  otherType: column(51, 0),
  state: column(64, 68),
  issuer: column(65, 69),
  audience: column(66, 70),
  appId: column(67, 71),
  objectId: column(68, 72),
  scopes: column(69, 73),
  roles: column(70, 74),
  version: column(71, 75),
  keyId: column(72, 76),
  expires: column(73, 36),
  issued: column(74, 38),
  source: column(75, 0),
  message: column(76, 0),
  metadata: column(77, 0),
  claimName: column(78, 0),
  claimValue: column(79, 0),
} as const;

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
  ["url", answer(HOST, COLUMN.url)],
  ["backendurl", answer(HOST, COLUMN.backendUrl)],
  ["requestresourceid", answer(PRESENCE, COLUMN.path)],
  ["resourcetype", answer(PRESENCE, COLUMN.otherType)],
  ["tracerecords", answer(TRACES, COLUMN.traces)],
  ["requestheaders", answer(NESTED, COLUMN.requestHeaders, IN_REQUEST_HEADERS)],
  ["backendresponseheaders", answer(NESTED, COLUMN.backendHeaders, IN_BACKEND_HEADERS)],
  ["responseheaders", answer(NESTED, COLUMN.responseHeaders, IN_RESPONSE_HEADERS)],
  ["requesturl", answer(UNREAD)],
  ["clientip", answer(UNREAD)],
  ["totaltime", answer(UNREAD)],
  ["errors", answer(UNREAD)],
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

const IN_A_RECORD: Answers = new Map([...FIELDS, ...TOP]);
const IN_ITS_PROPERTIES: Answers = new Map(FIELDS);
/** Columns that hold a member of an object each, of `lastError` or of headers: `lastError_reason_s`. */
const FLATTENED = /^(?:lasterror|(?:request|response|backendresponse)headers_)/;

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
    oid: COLUMN.objectId,
    scp: COLUMN.scopes,
    rol: COLUMN.roles,
    ver: COLUMN.version,
    kid: COLUMN.keyId,
  }),
  ["exp", answer(CLAIM_TIME, COLUMN.expires)],
  ["iat", answer(CLAIM_TIME, COLUMN.issued)],
  ["tid", answer(CLAIM_SKIP)],
  ["uti", answer(CLAIM_SKIP)],
]);

const IN_A_CLAIM: Answers = new Map([
  ["name", answer(CLAIM_NAME, COLUMN.claimName)],
  ["value", answer(CLAIM_VALUE, COLUMN.claimValue)],
  ["key", answer(STRANGE)],
]);

/** A list of names and values is told by their names, whose case and suffix do not matter. */
const isPairName = (key: string): boolean => ["name", "key", "value"].includes(nameOf(key));

const REQUEST_HEADERS: Answers = new Map(texts({ "user-agent": COLUMN.userAgent }));
const RESPONSE_HEADERS: Answers = new Map([
  ["x-ms-activity-id", answer(GUID, COLUMN.backendActivity)],
  ["x-ms-substatus", answer(NUMBER, COLUMN.subStatus)],
]);

/**
 * What the scan does with a key that it has not met: which column its value goes to, that nobody reads it, or that who reads
 * it is not the scan.
 */
export function answerForKey(context: number, key: string): number {
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
    default: {
      if (isPairName(key)) return answer(STRANGE);
      const headers = context === IN_REQUEST_HEADERS ? REQUEST_HEADERS : RESPONSE_HEADERS;
      return headers.get(key.trim().toLowerCase()) ?? answer(SKIP);
    }
  }
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
  if (use === 1) return text.toLowerCase() === "scopetrail-claims" ? 1 : 2;
  if (use === 2) return text.toLowerCase() === "v1" ? 1 : 2;
  return CLAIMS.get(text.toLowerCase()) ?? 0;
}
