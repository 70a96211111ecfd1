import { AUTH_METHODS, authMethodCode, TOKEN_AGES, tokenAgeCode } from "../correlate/bands.ts";
import type { CallRow } from "../correlate/call-row.ts";
import { NONE } from "../correlate/dimensions.ts";
import { networkOf, userAgentFamily } from "../correlate/network.ts";
import { clearPages, coverIds, createIntPages, intAt, type IntPages, setInt } from "../lib/int-pages.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, WORDS } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import { type Cells, createCells } from "./cells.ts";
import { createGroup, type Group } from "./groups.ts";
import {
  cellOf,
  type Column,
  columnIndex,
  COLUMNS,
  COMPARED,
  countBeyond,
  createDictionary,
  type Dictionary,
  WIDTH,
} from "./columns.ts";

/** The values of all columns, their cells, and the way from a row of an event to them. */
export interface Vocabulary {
  readonly dictionaries: readonly Dictionary[];
  readonly cells: Cells;
  /** By name id and column: the cell + 1, or `ABSENT`, or `BEYOND`. */
  readonly byName: IntPages;
  /** The same by code, for values that have no name. */
  readonly byCode: Int32Array;
  /** Cells of the trial that was encoded last, by column; -1 where the value is absent. */
  readonly trial: Int32Array;
  /** The trial has a value that its column had no room for. */
  isCut: boolean;
  /** By column: 1 where refused and succeeded calls may be compared by it. */
  readonly compared: Uint8Array;
}

const ABSENT = -1;
const BEYOND = -2;

export const createVocabulary = (): Vocabulary => ({
  dictionaries: COLUMNS.map(createDictionary),
  cells: createCells(),
  byName: createIntPages(WIDTH),
  byCode: new Int32Array(TOKEN_AGES.length + AUTH_METHODS.length + 2),
  trial: new Int32Array(WIDTH),
  isCut: false,
  compared: Uint8Array.from(COMPARED, Number),
});

/** Name ids are given anew: what was remembered by them is forgotten, the values are not. */
export const forgetValues = ({ byName }: Vocabulary): void => clearPages(byName);

/** Column and word of a row, in turn. */
const wordsOf = (pairs: readonly (readonly [Column, number])[]): Uint8Array =>
  Uint8Array.from(pairs.flatMap(([column, word]) => [columnIndex(column), word]));

/** What was called. */
const WORK = wordsOf([
  ["api", row.API],
  ["operation", row.OPERATION],
  ["apiRevision", row.API_REVISION],
  ["backend", row.BACKEND],
]);
/** Through which gateway. */
const GATE = wordsOf([
  ["region", row.REGION],
  ["gatewayHost", row.GATEWAY_HOST],
]);
/** By whom, as far as a key tells: a product is a subscription's. */
const KEY = wordsOf([
  ["product", row.PRODUCT],
  ["subscription", row.SUBSCRIPTION],
]);
const APP = wordsOf([["appId", row.APP_ID]]);
/** What many tokens have in common. */
const TOKEN = wordsOf([
  ["issuer", row.ISSUER],
  ["audience", row.AUDIENCE],
  ["tokenVersion", row.TOKEN_VERSION],
  ["keyId", row.KEY_ID],
]);
const TARGET = wordsOf([
  ["cosmosAccount", row.OWNER],
  ["cosmosRegion", row.REGION],
  ["database", row.DATABASE],
  ["container", row.CONTAINER],
  ["cosmosOperation", row.OPERATION],
]);
const SIGNER = wordsOf([
  ["cosmosPrincipal", row.PRINCIPAL],
  ["credential", row.CREDENTIAL],
  ["roleAssignment", row.ROLE_ASSIGNMENT],
]);

const PRINCIPAL_C = columnIndex("principal");
const SCOPES_C = columnIndex("scopes");
const ROLES_C = columnIndex("roles");
const AGE_C = columnIndex("tokenAge");
const METHOD_C = columnIndex("authMethod");
const FAMILY_C = columnIndex("userAgentFamily");
const SUB_STATUS_C = columnIndex("subStatus");
const CALLER_C = columnIndex("callerAddress");
const CLIENT_C = columnIndex("clientAddress");
const CALLER_NETWORK_C = columnIndex("callerNetwork");
const CLIENT_NETWORK_C = columnIndex("clientNetwork");

/** Columns of where a call came from: of many values each, and few of them together. */
export const ORIGIN_COLUMNS = Uint8Array.of(CALLER_NETWORK_C, CALLER_C, CLIENT_NETWORK_C, CLIENT_C, FAMILY_C);
export const ALL_COLUMNS = Uint8Array.from({ length: WIDTH }, (_, column) => column);

const everySecond = (pairs: Uint8Array, from: 0 | 1): readonly number[] => [...pairs].filter((_, i) => i % 2 === from);

const columnsOf = (pairs: Uint8Array): readonly number[] => everySecond(pairs, 0);
const wordsIn = (pairs: Uint8Array): readonly number[] => everySecond(pairs, 1);

const CALLER_COLUMNS: readonly number[] = [METHOD_C, PRINCIPAL_C, ...columnsOf(KEY), ...columnsOf(APP)];
const TERMS_COLUMNS: readonly number[] = [
  SUB_STATUS_C,
  SCOPES_C,
  ROLES_C,
  AGE_C,
  ...columnsOf(GATE),
  ...columnsOf(TOKEN),
];

/** Of the columns of a trial all but its origin: by words that vary together, so that the combinations are few. */
export interface Groups {
  readonly work: Group;
  readonly caller: Group;
  readonly terms: Group;
  readonly target: Group;
  readonly signer: Group;
}

export const createGroups = (): Groups => ({
  work: createGroup(wordsIn(WORK), columnsOf(WORK)),
  caller: createGroup([row.OBJECT_ID, ...wordsIn(KEY), ...wordsIn(APP)], CALLER_COLUMNS),
  terms: createGroup([row.SUB_STATUS, row.SCOPES, row.ROLES, ...wordsIn(GATE), ...wordsIn(TOKEN)], TERMS_COLUMNS),
  target: createGroup(wordsIn(TARGET), columnsOf(TARGET)),
  signer: createGroup(wordsIn(SIGNER), columnsOf(SIGNER)),
});

// Codes of values without a name.
const AGE = 0;
const METHOD = TOKEN_AGES.length;
const NO_SCOPES = METHOD + AUTH_METHODS.length;
const NO_ROLES = NO_SCOPES + 1;

/** Before any part of a trial is encoded. */
export function beginTrial(into: Vocabulary, { names }: CallRow): void {
  into.isCut = false;
  coverIds(into.byName, names.texts.length);
}

/**
 * Fills `trial` with what the logs say about a call with the operation at a place (-1: none); without the gateway's part
 * but the caller's address where `gateway` is false.
 */
export function encodeTrial(into: Vocabulary, call: CallRow, operation: number, gateway: boolean): void {
  beginTrial(into, call);
  into.trial.fill(-1);
  if (call.gateway >= 0 && gateway) {
    encodeWork(into, call, call.gateway);
    encodeCaller(into, call, call.gateway);
    encodeTerms(into, call, call.gateway);
  }
  if (operation >= 0) {
    encodeTarget(into, call, operation);
    encodeSigner(into, call, operation);
  }
  encodeOrigin(into, call, operation, gateway);
}

/** Where the call came from: networks, addresses and user agent. */
export function encodeOrigin(into: Vocabulary, call: CallRow, operation: number, gateway: boolean): void {
  const { trial } = into;
  const { names, table } = call;
  let family = ABSENT;
  let agent = 0;
  trial[CALLER_C] = -1;
  trial[CALLER_NETWORK_C] = -1;
  trial[CLIENT_C] = -1;
  trial[CLIENT_NETWORK_C] = -1;
  if (call.gateway >= 0) {
    const at = WORDS * call.gateway;
    const caller = table.words[at + row.ADDRESS] ?? 0;
    trial[CALLER_C] = lookup(into, names, CALLER_C, caller);
    if (gateway) {
      trial[CALLER_NETWORK_C] = lookup(into, names, CALLER_NETWORK_C, caller);
      agent = table.words[at + row.USER_AGENT] ?? 0;
      family = codeOf(into, names, FAMILY_C, agent);
    }
  }
  if (operation >= 0) {
    const at = WORDS * operation;
    const client = table.words[at + row.ADDRESS] ?? 0;
    trial[CLIENT_C] = lookup(into, names, CLIENT_C, client);
    trial[CLIENT_NETWORK_C] = lookup(into, names, CLIENT_NETWORK_C, client);
    if (family === ABSENT) {
      agent = table.words[at + row.USER_AGENT] ?? 0;
      family = codeOf(into, names, FAMILY_C, agent);
    }
  }
  trial[FAMILY_C] = counted(into, FAMILY_C, family, names.texts[agent] ?? "");
}

/** Fills the columns of one of the groups from the row at a place. */
type Encode = (into: Vocabulary, call: CallRow, place: number) => void;

const encodeWords =
  (pairs: Uint8Array): Encode =>
  (into, call, place) =>
    putWords(into, call, WORDS * place, pairs);

export const encodeWork = encodeWords(WORK);
export const encodeTarget = encodeWords(TARGET);
export const encodeSigner = encodeWords(SIGNER);

function putWords(into: Vocabulary, call: CallRow, at: number, pairs: Uint8Array): void {
  const { words } = call.table;
  const { trial, byName } = into;
  for (let i = 0; i < pairs.length; i += 2) {
    const column = pairs[i] ?? 0;
    const name = words[at + (pairs[i + 1] ?? 0)] ?? 0;
    trial[column] = -1;
    if (name === 0) continue;
    const known = intAt(byName, name, column);
    trial[column] = known > 0 ? known - 1 : lookup(into, call.names, column, name);
  }
}

/** Who called, by key and by token. */
export function encodeCaller(into: Vocabulary, call: CallRow, place: number): void {
  const { words } = call.table;
  const at = WORDS * place;
  const { trial } = into;
  const traits = words[at + row.TRAITS] ?? 0;
  const claims = (traits & row.HAS_CLAIMS) !== 0;
  for (let i = 0; i < CALLER_COLUMNS.length; i++) trial[CALLER_COLUMNS[i] ?? 0] = -1;
  putWords(into, call, at, KEY);
  const method = authMethodCode(claims, words[at + row.SUBSCRIPTION] !== 0);
  if (method >= 0) trial[METHOD_C] = coded(into, METHOD_C, METHOD + method, AUTH_METHODS[method]);
  if (!claims) return;
  putWords(into, call, at, APP);
  if ((traits & row.CLAIMS_VALIDATED) !== 0)
    trial[PRINCIPAL_C] = lookup(into, call.names, PRINCIPAL_C, words[at + row.OBJECT_ID] ?? 0);
}

/** Through which gateway, with what kind of token, and what came of it. */
export function encodeTerms(into: Vocabulary, call: CallRow, place: number): void {
  const { words } = call.table;
  const at = WORDS * place;
  const { trial } = into;
  for (let i = 0; i < TERMS_COLUMNS.length; i++) trial[TERMS_COLUMNS[i] ?? 0] = -1;
  putWords(into, call, at, GATE);
  const subStatus = words[at + row.SUB_STATUS] ?? 0;
  if (subStatus !== 0)
    trial[SUB_STATUS_C] = counted(into, SUB_STATUS_C, learn(into, SUB_STATUS_C, String(subStatus)), String(subStatus));
  if (((words[at + row.TRAITS] ?? 0) & row.HAS_CLAIMS) === 0) return;
  putWords(into, call, at, TOKEN);
  const scopes = words[at + row.SCOPES] ?? 0;
  const roles = words[at + row.ROLES] ?? 0;
  trial[SCOPES_C] = scopes === 0 ? coded(into, SCOPES_C, NO_SCOPES, NONE) : lookup(into, call.names, SCOPES_C, scopes);
  trial[ROLES_C] = roles === 0 ? coded(into, ROLES_C, NO_ROLES, NONE) : lookup(into, call.names, ROLES_C, roles);
  const age = tokenAgeOf(call);
  if (age >= 0) trial[AGE_C] = coded(into, AGE_C, AGE + age, TOKEN_AGES[age]);
}

/** Code of the band of the age of the call's token; -1 where the log does not tell it. */
export function tokenAgeOf({ table: { words, doubles }, gateway, time }: CallRow): number {
  if (((words[WORDS * gateway + row.TRAITS] ?? 0) & row.HAS_CLAIMS) === 0) return -1;
  const first = DOUBLES * gateway;
  return tokenAgeCode(time, doubles[first + row.EXPIRES_D] ?? Number.NaN, doubles[first + row.ISSUED_D] ?? Number.NaN);
}

/** The cell of a name's value in a column; -1 when it is absent or the column is full. */
function lookup(into: Vocabulary, names: Names, column: number, name: number): number {
  if (name === 0) return -1;
  const known = intAt(into.byName, name, column);
  if (known > 0) return known - 1;
  const code = known < 0 ? known : learnName(into, names, column, name);
  return counted(into, column, code, names.texts[name] ?? "");
}

/** As `lookup`, but the cell + 1, `ABSENT` or `BEYOND`, and nothing is counted. */
function codeOf(into: Vocabulary, names: Names, column: number, name: number): number {
  if (name === 0) return ABSENT;
  const known = intAt(into.byName, name, column);
  return known === 0 ? learnName(into, names, column, name) : known;
}

/** The cell that a code stands for; -1 for none. A value that there was no room for is counted, by the text it came from. */
function counted(into: Vocabulary, column: number, code: number, text: string): number {
  if (code > 0) return code - 1;
  const dictionary = into.dictionaries[column];
  if (code !== BEYOND || dictionary === undefined) return -1;
  countBeyond(dictionary, valueIn(column, text) ?? text);
  into.isCut = true;
  return -1;
}

function learnName(into: Vocabulary, names: Names, column: number, name: number): number {
  const value = valueIn(column, names.texts[name] ?? "");
  const code = value === undefined || value === "" ? ABSENT : learn(into, column, value);
  setInt(into.byName, name, column, code);
  return code;
}

/** What of a name's text a column compares. */
function valueIn(column: number, text: string): string | undefined {
  if (column === CALLER_NETWORK_C || column === CLIENT_NETWORK_C) return networkOf(text);
  return column === FAMILY_C ? userAgentFamily(text) : text;
}

function learn({ dictionaries, cells }: Vocabulary, column: number, value: string): number {
  const dictionary = dictionaries[column];
  const cell = dictionary === undefined ? -1 : cellOf(dictionary, cells, value);
  return cell < 0 ? BEYOND : cell + 1;
}

function coded(into: Vocabulary, column: number, code: number, value: string | undefined): number {
  const known = into.byCode[code] ?? 0;
  if (known !== 0) return counted(into, column, known, value ?? "");
  const learned = value === undefined ? ABSENT : learn(into, column, value);
  into.byCode[code] = learned;
  return counted(into, column, learned, value ?? "");
}
