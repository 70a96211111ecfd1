import type { RawColumns, ScanDictionary } from "../decode/scan/scanner.ts";
import { unescaped } from "../decode/scan/scanner.ts";
import { COLUMN, type Column, RAW_WORDS } from "../decode/scan/keys.ts";
import { hostOf } from "../lib/host.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, ensureRoom, type EventTable, WORDS } from "../model/event-table.ts";
import { nameId, type Names } from "../model/names.ts";
import { claimText } from "./claims.ts";
import { isCosmosHost } from "./cosmos-backend.ts";
import { credentialName, operationName, resourceTypeName } from "./data-plane-requests.ts";
import { hostPart } from "./gateway-logs.ts";
import { resourceName, resourceText } from "./normalized.ts";
import { addressOf, shortText, subjectOf } from "./values.ts";

type Reader = (text: string) => string | undefined;

const NAME = 256;
const name: Reader = (text) => shortText(text, NAME);
const claim: Reader = (text) => claimText(text) || undefined;
const subjectClaim: Reader = (text) => subjectOf(claimText(text) || undefined);
const backendHost: Reader = (text) => hostOf(shortText(text, 2_048) ?? "");
const yes = (is: boolean): string | undefined => (is ? "yes" : undefined);

/** What a column's texts mean: as the general way reads them, once for each text. */
const READERS = {
  resource: resourceText,
  service: (text) => resourceName(resourceText(text)),
  account: (text) => name(text)?.toLowerCase(),
  location: name,
  userAgent: name,
  address: addressOf,
  plain: name,
  method: (text) => shortText(text, 32),
  gatewayHost: hostPart,
  backendHost,
  cosmosHost: (text) => yes(isCosmosHost(backendHost(text) ?? "")),
  operation: operationName,
  resourceType: resourceTypeName,
  credential: credentialName,
  subject: subjectOf,
  claim,
  subjectClaim,
  validated: (text) => yes(claimText(text).toLowerCase() === "validated"),
  diagnostics: (text) => yes(text === "AzureDiagnostics"),
} satisfies Readonly<Record<string, Reader>>;

type ReaderName = keyof typeof READERS;

/** Where a row's texts come from: its word, the raw column's word, and how the text is read. */
type Text = readonly [word: number, raw: number, reader: ReaderName];
const text = (word: number, { word: raw }: Column, reader: ReaderName): Text => [word, raw, reader];

const GATEWAY_TEXTS: readonly Text[] = [
  text(row.RESOURCE, COLUMN.resource, "resource"),
  text(row.OWNER, COLUMN.resource, "service"),
  text(row.USER_AGENT, COLUMN.userAgent, "plain"),
  text(row.ADDRESS, COLUMN.callerAddress, "address"),
  text(row.OPERATION, COLUMN.operationId, "plain"),
  text(row.API, COLUMN.api, "plain"),
  text(row.API_REVISION, COLUMN.apiRevision, "plain"),
  text(row.PRODUCT, COLUMN.product, "plain"),
  text(row.SUBSCRIPTION, COLUMN.subscription, "plain"),
  text(row.GATEWAY_HOST, COLUMN.url, "gatewayHost"),
  text(row.METHOD, COLUMN.method, "method"),
];

const CLAIM_TEXTS: readonly Text[] = [
  text(row.APP_ID, COLUMN.appId, "subjectClaim"),
  text(row.OBJECT_ID, COLUMN.objectId, "subjectClaim"),
  text(row.ISSUER, COLUMN.issuer, "claim"),
  text(row.AUDIENCE, COLUMN.audience, "claim"),
  text(row.TOKEN_VERSION, COLUMN.version, "claim"),
  text(row.KEY_ID, COLUMN.keyId, "claim"),
  text(row.SCOPES, COLUMN.scopes, "claim"),
  text(row.ROLES, COLUMN.roles, "claim"),
];

const OPERATION_TEXTS: readonly Text[] = [
  text(row.RESOURCE, COLUMN.resource, "resource"),
  text(row.USER_AGENT, COLUMN.userAgent, "plain"),
  text(row.ADDRESS, COLUMN.clientAddress, "address"),
  text(row.OPERATION, COLUMN.operationName, "operation"),
  text(row.RESOURCE_TYPE, COLUMN.resourceType, "resourceType"),
  text(row.DATABASE, COLUMN.database, "plain"),
  text(row.CONTAINER, COLUMN.container, "plain"),
  text(row.PRINCIPAL, COLUMN.principal, "subject"),
  text(row.ROLE_ASSIGNMENT, COLUMN.roleAssignment, "subject"),
  text(row.PARTITION, COLUMN.partition, "plain"),
];

const NOT_READ = -1;

/** Texts of one dictionary that were read: name ids by raw id and reader. May be thrown away at any time. */
export class ScanMemo {
  #dictionary: readonly string[] = [];
  #names: Names | undefined;
  readonly #ids = new Map<ReaderName, Int32Array>();

  /** The ids are of other texts, or of other names, from now on where these are others. */
  use({ texts }: ScanDictionary, names: Names): void {
    if (texts === this.#dictionary && names === this.#names) return;
    this.#dictionary = texts;
    this.#names = names;
    this.#ids.clear();
  }

  /** Name ids by raw id, with room for all texts; `NOT_READ` where `read` is to be asked. */
  idsOf(reader: ReaderName): Int32Array {
    const known = this.#ids.get(reader);
    if (known !== undefined && known.length >= this.#dictionary.length) return known;
    const ids = new Int32Array(Math.max(64, 2 * this.#dictionary.length)).fill(NOT_READ);
    if (known === undefined) ids[0] = 0;
    else ids.set(known);
    this.#ids.set(reader, ids);
    return ids;
  }

  read(reader: ReaderName, raw: number, names: Names): number {
    const read: Reader = READERS[reader];
    const id = nameId(names, read(unescaped(this.#dictionary[raw] ?? "")));
    this.idsOf(reader)[raw] = id;
    return id;
  }
}

/** Columns of texts with the ids that they have, and a way to get those that they have not yet. */
class TextColumns {
  readonly #memo: ScanMemo;
  readonly #names: Names;
  readonly #words: Int32Array;
  readonly #columns: readonly { readonly text: Text; readonly ids: Int32Array }[];

  constructor(texts: readonly Text[], from: { memo: ScanMemo; names: Names; words: Int32Array }) {
    this.#memo = from.memo;
    this.#names = from.names;
    this.#words = from.words;
    this.#columns = texts.map((one) => ({ text: one, ids: from.memo.idsOf(one[2]) }));
  }

  put(target: Int32Array, at: number, rawAt: number): void {
    for (const {
      text: [word, raw, reader],
      ids,
    } of this.#columns) {
      const id = this.#words[rawAt + raw] ?? 0;
      if (id === 0) continue;
      const known = ids[id] ?? NOT_READ;
      target[at + word] = known === NOT_READ ? this.#memo.read(reader, id, this.#names) : known;
    }
  }
}

/** The first of the raw ids that is a text, read. */
function oneOf(memo: ScanMemo, names: Names, reader: ReaderName, ...raws: readonly number[]): number {
  for (const raw of raws) {
    if (raw === 0) continue;
    const known = memo.idsOf(reader)[raw] ?? NOT_READ;
    const id = known === NOT_READ ? memo.read(reader, raw, names) : known;
    if (id !== 0) return id;
  }
  return 0;
}

const GATEWAY_CATEGORY = 1;
const HAS_RAW_CLAIMS = 0x80000000;
const CLAIMS_WORD = 3;
const expiresBit = 1 << (COLUMN.expires.bit - 64);
const issuedBit = 1 << (COLUMN.issued.bit - 64);

/** Puts what the scan has taken behind the rows of a table: the rows that the general way would give. */
export function putScanned(columns: RawColumns, table: EventTable, names: Names, memo: ScanMemo): void {
  memo.use(columns.dictionary, names);
  const from = { memo, names, words: columns.words };
  const putter = {
    columns,
    table,
    names,
    memo,
    gateway: new TextColumns(GATEWAY_TEXTS, from),
    claims: new TextColumns(CLAIM_TEXTS, from),
    operation: new TextColumns(OPERATION_TEXTS, from),
  };
  ensureRoom(table, table.count + columns.count);
  for (let raw = 0; raw < columns.count; raw++) putRow(putter, raw);
}

interface Putter {
  readonly columns: RawColumns;
  readonly table: EventTable;
  readonly names: Names;
  readonly memo: ScanMemo;
  readonly gateway: TextColumns;
  readonly claims: TextColumns;
  readonly operation: TextColumns;
}

const isSet = (low: number, high: number, { bit }: Column): boolean =>
  ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 1;

function putRow(putter: Putter, raw: number): void {
  const { columns, table } = putter;
  const { words, doubles } = columns;
  const place = table.count;
  table.count = place + 1;
  const at = WORDS * place;
  const rawAt = RAW_WORDS * raw;
  table.words.fill(0, at, at + WORDS);
  table.doubles[DOUBLES * place + row.TIME_D] = doubles[(rawAt + COLUMN.time.word) / 2] ?? 0;
  const low = words[rawAt] ?? 0;
  const high = words[rawAt + 1] ?? 0;
  const shape = shapeOf(putter, rawAt, low) << row.SHAPE_SHIFT;
  if (words[rawAt + 2] === GATEWAY_CATEGORY) putGateway(putter, { place, rawAt, low, high, shape });
  else putOperation(putter, { place, rawAt, low, high, shape });
}

/** `event-hub`, `table` or `azure-diagnostics`, as 0, 1 and 2. */
function shapeOf({ columns, memo, names }: Putter, rawAt: number, low: number): number {
  if (isSet(low, 0, COLUMN.properties)) return 0;
  const type = columns.words[rawAt + COLUMN.type.word] ?? 0;
  const isLegacy =
    isSet(low, 0, COLUMN.resourceProvider) || (type !== 0 && oneOf(memo, names, "diagnostics", type) !== 0);
  return isLegacy && isSet(low, 0, COLUMN.category) ? 2 : 1;
}

interface At {
  readonly place: number;
  readonly rawAt: number;
  /** Columns that are set. */
  readonly low: number;
  readonly high: number;
  readonly shape: number;
}

function numberAt({ columns }: Putter, { rawAt, low, high }: At, one: Column): number {
  return isSet(low, high, one) ? (columns.doubles[(rawAt + one.word) / 2] ?? Number.NaN) : Number.NaN;
}

function copyKey({ columns: { words }, table }: Putter, { place, rawAt }: At, one: Column, word: number): void {
  const at = WORDS * place + word;
  const from = rawAt + one.word;
  for (let i = 0; i < 4; i++) table.words[at + i] = words[from + i] ?? 0;
}

function putGateway(putter: Putter, at: At): void {
  const { columns, table, names, memo } = putter;
  const { rawAt, place } = at;
  const { words } = columns;
  const target = table.words;
  const to = WORDS * place;
  const first = DOUBLES * place;
  const rawAtOf = ({ word }: Column): number => words[rawAt + word] ?? 0;
  putter.gateway.put(target, to, rawAt);
  target[to + row.REGION] = oneOf(memo, names, "plain", rawAtOf(COLUMN.location), rawAtOf(COLUMN.region));
  copyKey(putter, at, COLUMN.correlation, row.KEY);
  let traits = row.GATEWAY_KIND | at.shape;
  if (isSet(at.low, at.high, COLUMN.backendActivity)) {
    copyKey(putter, at, COLUMN.backendActivity, row.BACKEND_KEY);
    traits |= row.HAS_BACKEND_KEY;
  }
  target[to + row.STATUS] = numberAt(putter, at, COLUMN.responseCode);
  target[to + row.BACKEND_STATUS] = Math.max(0, numberAt(putter, at, COLUMN.backendCode) || 0);
  const subStatus = numberAt(putter, at, COLUMN.subStatus);
  target[to + row.SUB_STATUS] = Number.isInteger(subStatus) ? subStatus : 0;
  table.doubles[first + row.TOTAL_MS_D] = numberAt(putter, at, COLUMN.durationMs);
  table.doubles[first + row.BACKEND_MS_D] = numberAt(putter, at, COLUMN.backendTime);
  const url = rawAtOf(COLUMN.backendUrl);
  const id = oneOf(memo, names, "plain", rawAtOf(COLUMN.backendId));
  target[to + row.BACKEND] = id === 0 ? oneOf(memo, names, "backendHost", url) : id;
  if (url !== 0 && oneOf(memo, names, "cosmosHost", url) !== 0) traits |= row.COSMOS_BACKEND;
  if (rawAtOf(COLUMN.truncated) !== 0) traits |= row.TRUNCATED;
  target[to + row.TRAITS] = traits | putClaims(putter, at);
}

function putClaims({ columns, table, claims, memo, names }: Putter, { place, rawAt }: At): number {
  const set = columns.words[rawAt + CLAIMS_WORD] ?? 0;
  const first = DOUBLES * place;
  const timeAt = (bit: number, { word }: Column): number =>
    (set & bit) === 0 ? Number.NaN : (columns.doubles[(rawAt + word) / 2] ?? Number.NaN);
  table.doubles[first + row.EXPIRES_D] = timeAt(expiresBit, COLUMN.expires);
  table.doubles[first + row.ISSUED_D] = timeAt(issuedBit, COLUMN.issued);
  if ((set & HAS_RAW_CLAIMS) === 0) return 0;
  claims.put(table.words, WORDS * place, rawAt);
  const state = columns.words[rawAt + COLUMN.state.word] ?? 0;
  const isValidated = state !== 0 && oneOf(memo, names, "validated", state) !== 0;
  return row.HAS_CLAIMS | (isValidated ? row.CLAIMS_VALIDATED : 0);
}

function putOperation(putter: Putter, at: At): void {
  const { columns, table, names, memo } = putter;
  const { rawAt, place } = at;
  const target = table.words;
  const to = WORDS * place;
  const first = DOUBLES * place;
  const rawAtOf = ({ word }: Column): number => columns.words[rawAt + word] ?? 0;
  putter.operation.put(target, to, rawAt);
  const account = oneOf(memo, names, "account", rawAtOf(COLUMN.account));
  target[to + row.OWNER] = account === 0 ? oneOf(memo, names, "service", rawAtOf(COLUMN.resource)) : account;
  target[to + row.REGION] = oneOf(memo, names, "plain", rawAtOf(COLUMN.regionName), rawAtOf(COLUMN.region));
  target[to + row.CREDENTIAL] = oneOf(memo, names, "credential", rawAtOf(COLUMN.authToken), rawAtOf(COLUMN.keyType));
  copyKey(putter, at, COLUMN.activity, row.KEY);
  target[to + row.STATUS] = numberAt(putter, at, COLUMN.statusCode);
  const duration = numberAt(putter, at, COLUMN.duration);
  table.doubles[first + row.DURATION_D] = Number.isNaN(duration) ? numberAt(putter, at, COLUMN.durationMs) : duration;
  table.doubles[first + row.CHARGE_D] = numberAt(putter, at, COLUMN.charge);
  table.doubles[first + row.RESPONSE_BYTES_D] = numberAt(putter, at, COLUMN.responseLength);
  target[to + row.TRAITS] = row.OPERATION_KIND | at.shape;
}
