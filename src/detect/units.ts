import { type CallRow, statusAt } from "../correlate/call-row.ts";
import { networkOf, userAgentFamily } from "../correlate/network.ts";
import { passedAuthorization } from "../correlate/outcome.ts";
import { hash64 } from "../lib/hash.ts";
import { addHash, beginHash, type HashPair } from "../lib/hash-pair.ts";
import { clearPages, coverIds, createIntPages, intAt, type IntPages, setInt } from "../lib/int-pages.ts";
import * as row from "../model/event-table.ts";
import { WORDS } from "../model/event-table.ts";
import { HASH_WORDS, type Names } from "../model/names.ts";
import { isPlainStatus } from "../normalize/event-row.ts";

/**
 * The units that a call belongs to, the surest first: who called what, as hashes of 64 bits that are made of the seeded
 * hashes of names. Two signed words each in `keys`. One is filled again for each call.
 */
export interface Units {
  readonly keys: Int32Array;
  count: number;
  readonly pair: HashPair;
  /** What was called, by the call that is looked at. */
  readonly called: HashPair;
  /** By name id: networks of addresses and families of user agents, as place in `parts` + 1. */
  readonly byName: IntPages;
  /** Two words each: the hash of a part of a name. */
  parts: Int32Array;
  partCount: number;
}

const MOST_UNITS = 4;
const FORBIDDEN = 403;
const FIRST_PARTS = 256;
// Columns of `byName`.
const NETWORK_PART = 0;
const FAMILY_PART = 1;

export const createUnits = (): Units => ({
  keys: new Int32Array(2 * MOST_UNITS),
  count: 0,
  pair: { high: 0, low: 0 },
  called: { high: 0, low: 0 },
  byName: createIntPages(2),
  parts: new Int32Array(2 * FIRST_PARTS),
  partCount: 0,
});

/** Name ids are given anew; the hashes stay the same as long as the names' seed does. */
export function forgetParts(units: Units): void {
  clearPages(units.byName);
  units.partCount = 0;
}

// What tells units of different kinds apart.
const APP = 1;
const SUBSCRIPTION = 2;
const NETWORK_APP = 3;
const NETWORK = 4;
const CLIENT = 5;
const PRINCIPAL = 6;
const CALLED = 7;
const UNKNOWN = 8;
const KIND = 9;

/**
 * Fills in the units of a call with the operation at a place. An identity that nobody vouched for counts only together
 * with the network it came from: a forged token that names a busy application has no success to its name.
 */
export function fillUnits(units: Units, call: CallRow, operation: number): void {
  units.count = 0;
  coverIds(units.byName, call.names.texts.length);
  beginHash(units.called, CALLED);
  if (call.gateway >= 0) fillGateway(units, call);
  else if (operation >= 0) fillOperation(units, call, operation);
}

/** The key of the first unit, or that of calls whose units cannot be told, is put into `pair`. */
export function firstUnit({ keys, count, pair }: Units): void {
  if (count === 0) beginHash(pair, UNKNOWN);
  else {
    pair.high = keys[0] ?? 0;
    pair.low = keys[1] ?? 0;
  }
}

/** A browser's question whether it may ask (fetch.spec.whatwg.org/#cors-preflight-fetch): never with a credential. */
const PREFLIGHT = "OPTIONS";

function fillGateway(units: Units, { table: { words }, names, gateway }: CallRow): void {
  const at = WORDS * gateway;
  const { called } = units;
  const operation = words[at + row.OPERATION] ?? 0;
  const method = words[at + row.METHOD] ?? 0;
  addName(called, names, words[at + row.API] ?? 0);
  addName(called, names, operation === 0 || names.texts[method] === PREFLIGHT ? method : operation);
  const traits = words[at + row.TRAITS] ?? 0;
  const hasClaims = (traits & row.HAS_CLAIMS) !== 0;
  const subscription = words[at + row.SUBSCRIPTION] ?? 0;
  const app = words[at + row.APP_ID] ?? 0;
  const network = partOf(units, names, NETWORK_PART, words[at + row.ADDRESS] ?? 0);
  if ((traits & row.CLAIMS_VALIDATED) !== 0)
    addUnit(units, APP, names, app === 0 ? (words[at + row.OBJECT_ID] ?? 0) : app);
  if (subscription !== 0) addUnit(units, SUBSCRIPTION, names, subscription);
  if (app !== 0) {
    beginHash(units.pair, NETWORK_APP);
    addPart(units, network);
    addName(units.pair, names, app);
    closeUnit(units);
  }
  if (isPlainStatus(words[at + row.STATUS] ?? 0) || (!hasClaims && subscription === 0)) {
    beginHash(units.pair, NETWORK);
    addPart(units, network);
    addPart(units, partOf(units, names, FAMILY_PART, words[at + row.USER_AGENT] ?? 0));
    closeUnit(units);
  }
}

function fillOperation(units: Units, { table, names }: CallRow, operation: number): void {
  const { words } = table;
  const at = WORDS * operation;
  const { called } = units;
  addName(called, names, words[at + row.OWNER] ?? 0);
  addName(called, names, words[at + row.CONTAINER] ?? 0);
  addName(called, names, words[at + row.OPERATION] ?? 0);
  const principal = words[at + row.PRINCIPAL] ?? 0;
  if (principal !== 0) addUnit(units, PRINCIPAL, names, principal);
  beginHash(units.pair, CLIENT);
  addPart(units, partOf(units, names, NETWORK_PART, words[at + row.ADDRESS] ?? 0));
  closeUnit(units);
  const isNameless = principal === 0 && statusAt(table, operation) === FORBIDDEN;
  if (isNameless || passedAuthorization(statusAt(table, operation))) fillKind(units, names, words, at);
}

/** A firewall refuses before it is known who asks, and maybe from a network that was never seen: the same program did the same. */
function fillKind(units: Units, names: Names, words: Int32Array, at: number): void {
  const userAgent = words[at + row.USER_AGENT] ?? 0;
  if (userAgent === 0) return;
  beginHash(units.pair, KIND);
  addName(units.pair, names, userAgent);
  addName(units.pair, names, words[at + row.CREDENTIAL] ?? 0);
  closeUnit(units);
}

const addName = (pair: HashPair, { hashes }: Names, name: number): void =>
  addHash(pair, hashes[HASH_WORDS * name] ?? 0, hashes[HASH_WORDS * name + 1] ?? 0);

const addPart = ({ pair, parts }: Units, part: number): void =>
  addHash(pair, part < 0 ? 0 : (parts[2 * part] ?? 0), part < 0 ? 0 : (parts[2 * part + 1] ?? 0));

function addUnit(units: Units, kind: number, names: Names, name: number): void {
  beginHash(units.pair, kind);
  addName(units.pair, names, name);
  closeUnit(units);
}

function closeUnit(units: Units): void {
  const { pair, called, keys, count } = units;
  addHash(pair, called.high, called.low);
  keys[2 * count] = pair.high;
  keys[2 * count + 1] = pair.low;
  units.count = count + 1;
}

/** Place of the hash of a name's network or family; -1 where the log does not tell it. */
function partOf(units: Units, names: Names, column: number, name: number): number {
  if (name === 0) return -1;
  const known = intAt(units.byName, name, column);
  if (known !== 0) return known - 1;
  const text = names.texts[name] ?? "";
  const part = column === NETWORK_PART ? networkOf(text) : (userAgentFamily(text) ?? "");
  const place = part === "" ? -1 : pushPart(units, hash64(part, names.seed));
  if (place >= 0) setInt(units.byName, name, column, place + 1);
  return place;
}

function pushPart(units: Units, [high, low]: readonly [number, number]): number {
  const place = units.partCount;
  if (2 * (place + 1) > units.parts.length) {
    const larger = new Int32Array(2 * units.parts.length);
    larger.set(units.parts);
    units.parts = larger;
  }
  units.parts[2 * place] = high;
  units.parts[2 * place + 1] = low;
  units.partCount += 1;
  return place;
}
