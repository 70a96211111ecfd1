import { COLUMN, type Column, RAW_WORDS } from "../decode/scan/columns.ts";
import type { RawColumns, ScanDictionary } from "../decode/scan/scanner.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, ensureRoom, type EventTable, WORDS } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import { type ErrorMemo, isSet, numberOf, type Putting, rawOf } from "./putting.ts";
import { putRefusal } from "./scanned-refusal.ts";
import { createLookups, type Lookups } from "./text-lookups.ts";

/** Texts of dictionaries that were read, by the names of one analysis. May be thrown away at any time. */
export class ScanMemo {
  #names: Names | undefined;
  #known = new WeakMap<readonly string[], Lookups>();
  readonly errors: ErrorMemo = new Map();

  /** What is looked up from now on is of this dictionary: what is known of it stays as long as the names are the same. */
  use({ texts }: ScanDictionary, names: Names): Lookups {
    if (names !== this.#names) this.#known = new WeakMap();
    this.#names = names;
    const known = this.#known.get(texts);
    const lookups = known ?? createLookups(texts, names);
    if (known === undefined) this.#known.set(texts, lookups);
    for (const lookup of Object.values(lookups)) lookup.fit();
    return lookups;
  }
}

const GATEWAY_CATEGORY = 1;
const HAS_RAW_CLAIMS = 0x80000000;
const CATEGORY_WORD = 2;
const CLAIMS_WORD = 3;

/** Puts what the scan has taken behind the rows of a table: the rows that the general way would give. */
export function putScanned(columns: RawColumns, table: EventTable, names: Names, memo: ScanMemo): void {
  const lookups = memo.use(columns.dictionary, names);
  ensureRoom(table, table.count + columns.count);
  const { words, doubles, count, refusals } = columns;
  const first = table.count;
  table.words.fill(0, WORDS * first, WORDS * (first + count));
  const putting: Putting = {
    words,
    doubles,
    lookups,
    errors: memo.errors,
    target: table,
    names,
    rawAt: 0,
    place: first,
  };
  for (let raw = 0; raw < count; raw++) {
    putting.rawAt = RAW_WORDS * raw;
    putting.place = first + raw;
    if (words[putting.rawAt + CATEGORY_WORD] === GATEWAY_CATEGORY) putGateway(putting);
    else putOperation(putting);
  }
  for (const refusal of refusals) {
    putting.rawAt = RAW_WORDS * refusal.row;
    putting.place = first + refusal.row;
    putRefusal(putting, refusal);
  }
  table.count = first + count;
}

/** `event-hub`, `table` or `azure-diagnostics`, as 0, 1 and 2. */
function shapeOf(putting: Putting): number {
  if (isSet(putting, COLUMN.properties)) return 0;
  const isLegacy =
    isSet(putting, COLUMN.resourceProvider) || putting.lookups.diagnostics.of(rawOf(putting, COLUMN.type)) !== 0;
  return isLegacy && isSet(putting, COLUMN.category) ? 2 : 1;
}

function copyKey({ words, target, rawAt, place }: Putting, { word: raw }: Column, word: number): void {
  const to = WORDS * place + word;
  const from = rawAt + raw;
  for (let i = 0; i < 4; i++) target.words[to + i] = words[from + i] ?? 0;
}

/** What every row has. */
function putBoth(putting: Putting): void {
  const { target, place } = putting;
  const { resource, plain } = putting.lookups;
  const at = WORDS * place;
  const { words } = target;
  target.doubles[DOUBLES * place + row.TIME_D] = numberOf(putting, COLUMN.time);
  words[at + row.RESOURCE] = resource.of(rawOf(putting, COLUMN.resource));
  words[at + row.USER_AGENT] = plain.of(rawOf(putting, COLUMN.userAgent));
}

function putGateway(putting: Putting): void {
  putBoth(putting);
  const { lookups, place } = putting;
  const { plain } = lookups;
  const { words, doubles } = putting.target;
  const at = WORDS * place;
  const first = DOUBLES * place;
  words[at + row.OWNER] = lookups.service.of(rawOf(putting, COLUMN.resource));
  words[at + row.REGION] = plain.of(rawOf(putting, COLUMN.location)) || plain.of(rawOf(putting, COLUMN.region));
  words[at + row.ADDRESS] = lookups.address.of(rawOf(putting, COLUMN.callerAddress));
  words[at + row.OPERATION] = plain.of(rawOf(putting, COLUMN.operationId));
  words[at + row.API] = plain.of(rawOf(putting, COLUMN.api));
  words[at + row.API_REVISION] = plain.of(rawOf(putting, COLUMN.apiRevision));
  words[at + row.PRODUCT] = plain.of(rawOf(putting, COLUMN.product));
  words[at + row.SUBSCRIPTION] = plain.of(rawOf(putting, COLUMN.subscription));
  words[at + row.GATEWAY_HOST] = lookups.gatewayHost.of(rawOf(putting, COLUMN.url));
  words[at + row.METHOD] = lookups.method.of(rawOf(putting, COLUMN.method));
  const url = rawOf(putting, COLUMN.backendUrl);
  words[at + row.BACKEND] = plain.of(rawOf(putting, COLUMN.backendId)) || lookups.backendHost.of(url);
  words[at + row.STATUS] = numberOf(putting, COLUMN.responseCode);
  words[at + row.BACKEND_STATUS] = Math.max(0, numberOf(putting, COLUMN.backendCode) || 0);
  const subStatus = numberOf(putting, COLUMN.subStatus);
  words[at + row.SUB_STATUS] = Number.isInteger(subStatus) ? subStatus : 0;
  doubles[first + row.TOTAL_MS_D] = numberOf(putting, COLUMN.durationMs);
  doubles[first + row.BACKEND_MS_D] = numberOf(putting, COLUMN.backendTime);
  copyKey(putting, COLUMN.correlation, row.KEY);
  let traits = row.GATEWAY_KIND | (shapeOf(putting) << row.SHAPE_SHIFT);
  if (isSet(putting, COLUMN.backendActivity)) {
    copyKey(putting, COLUMN.backendActivity, row.BACKEND_KEY);
    traits |= row.HAS_BACKEND_KEY;
  }
  if (isSet(putting, COLUMN.own)) {
    copyKey(putting, COLUMN.own, row.OWN_KEY);
    traits |= row.HAS_OWN_KEY;
  }
  if (lookups.cosmosHost.of(url) !== 0) traits |= row.COSMOS_BACKEND;
  if (rawOf(putting, COLUMN.truncated) !== 0) traits |= row.TRUNCATED;
  words[at + row.TRAITS] = traits | putClaims(putting);
}

function putClaims(putting: Putting): number {
  const { place, lookups, rawAt } = putting;
  const { claim, subjectClaim } = lookups;
  const { words, doubles } = putting.target;
  const at = WORDS * place;
  const first = DOUBLES * place;
  const set = putting.words[rawAt + CLAIMS_WORD] ?? 0;
  doubles[first + row.EXPIRES_D] = numberOf(putting, COLUMN.expires);
  doubles[first + row.ISSUED_D] = numberOf(putting, COLUMN.issued);
  if ((set & HAS_RAW_CLAIMS) === 0) return 0;
  words[at + row.APP_ID] = subjectClaim.of(rawOf(putting, COLUMN.appId));
  words[at + row.OBJECT_ID] = subjectClaim.of(rawOf(putting, COLUMN.objectId));
  words[at + row.ISSUER] = claim.of(rawOf(putting, COLUMN.issuer));
  words[at + row.AUDIENCE] = claim.of(rawOf(putting, COLUMN.audience));
  words[at + row.TOKEN_VERSION] = claim.of(rawOf(putting, COLUMN.version));
  words[at + row.KEY_ID] = claim.of(rawOf(putting, COLUMN.keyId));
  words[at + row.SCOPES] = claim.of(rawOf(putting, COLUMN.scopes));
  words[at + row.ROLES] = claim.of(rawOf(putting, COLUMN.roles));
  const isValidated = lookups.validated.of(rawOf(putting, COLUMN.state)) !== 0;
  return row.HAS_CLAIMS | (isValidated ? row.CLAIMS_VALIDATED : 0);
}

function putOperation(putting: Putting): void {
  putBoth(putting);
  const { lookups, place } = putting;
  const { plain, subject, credential } = lookups;
  const { words, doubles } = putting.target;
  const at = WORDS * place;
  const first = DOUBLES * place;
  const account = lookups.account.of(rawOf(putting, COLUMN.account));
  words[at + row.OWNER] = account || lookups.service.of(rawOf(putting, COLUMN.resource));
  words[at + row.REGION] = plain.of(rawOf(putting, COLUMN.regionName)) || plain.of(rawOf(putting, COLUMN.region));
  words[at + row.ADDRESS] = lookups.address.of(rawOf(putting, COLUMN.clientAddress));
  words[at + row.OPERATION] = lookups.operation.of(rawOf(putting, COLUMN.operationName));
  words[at + row.RESOURCE_TYPE] = lookups.resourceType.of(rawOf(putting, COLUMN.resourceType));
  words[at + row.DATABASE] = plain.of(rawOf(putting, COLUMN.database));
  words[at + row.CONTAINER] = plain.of(rawOf(putting, COLUMN.container));
  words[at + row.CREDENTIAL] =
    credential.of(rawOf(putting, COLUMN.authToken)) || credential.of(rawOf(putting, COLUMN.keyType));
  words[at + row.PRINCIPAL] = subject.of(rawOf(putting, COLUMN.principal));
  words[at + row.ROLE_ASSIGNMENT] = subject.of(rawOf(putting, COLUMN.roleAssignment));
  words[at + row.PARTITION] = plain.of(rawOf(putting, COLUMN.partition));
  words[at + row.STATUS] = numberOf(putting, COLUMN.statusCode);
  copyKey(putting, COLUMN.activity, row.KEY);
  const duration = numberOf(putting, COLUMN.duration);
  doubles[first + row.DURATION_D] = Number.isNaN(duration) ? numberOf(putting, COLUMN.durationMs) : duration;
  doubles[first + row.CHARGE_D] = numberOf(putting, COLUMN.charge);
  doubles[first + row.RESPONSE_BYTES_D] = numberOf(putting, COLUMN.responseLength);
  words[at + row.TRAITS] = row.OPERATION_KIND | (shapeOf(putting) << row.SHAPE_SHIFT);
}
