import { AUTH_METHODS, authMethodCode, TOKEN_AGES, tokenAgeCode } from "../correlate/bands.ts";
import type { CallRow } from "../correlate/call-row.ts";
import { NONE } from "../correlate/dimensions.ts";
import { networkOf, userAgentFamily } from "../correlate/network.ts";
import { clearPages, coverIds, createIntPages, intAt, type IntPages, setInt } from "../lib/int-pages.ts";
import * as row from "../model/event-table.ts";
import { DOUBLES, WORDS } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import { type Cells, createCells } from "./cells.ts";
import {
  cellOf,
  type Column,
  columnIndex,
  COLUMNS,
  COMPARED,
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

const GATEWAY = wordsOf([
  ["region", row.REGION],
  ["gatewayHost", row.GATEWAY_HOST],
  ["api", row.API],
  ["operation", row.OPERATION],
  ["apiRevision", row.API_REVISION],
  ["product", row.PRODUCT],
  ["subscription", row.SUBSCRIPTION],
  ["backend", row.BACKEND],
  ["callerNetwork", row.ADDRESS],
]);
const CLAIMS = wordsOf([
  ["appId", row.APP_ID],
  ["issuer", row.ISSUER],
  ["audience", row.AUDIENCE],
  ["tokenVersion", row.TOKEN_VERSION],
  ["keyId", row.KEY_ID],
]);
const OPERATION = wordsOf([
  ["cosmosAccount", row.OWNER],
  ["cosmosRegion", row.REGION],
  ["database", row.DATABASE],
  ["container", row.CONTAINER],
  ["cosmosOperation", row.OPERATION],
  ["cosmosPrincipal", row.PRINCIPAL],
  ["credential", row.CREDENTIAL],
  ["roleAssignment", row.ROLE_ASSIGNMENT],
  ["clientNetwork", row.ADDRESS],
  ["clientAddress", row.ADDRESS],
]);

const PRINCIPAL_C = columnIndex("principal");
const SCOPES_C = columnIndex("scopes");
const ROLES_C = columnIndex("roles");
const AGE_C = columnIndex("tokenAge");
const METHOD_C = columnIndex("authMethod");
const FAMILY_C = columnIndex("userAgentFamily");
const SUB_STATUS_C = columnIndex("subStatus");
const CALLER_C = columnIndex("callerAddress");
const NETWORKS: ReadonlySet<number> = new Set([columnIndex("callerNetwork"), columnIndex("clientNetwork")]);

// Codes of values without a name.
const AGE = 0;
const METHOD = TOKEN_AGES.length;
const NO_SCOPES = METHOD + AUTH_METHODS.length;
const NO_ROLES = NO_SCOPES + 1;

/**
 * Fills `trial` with what the logs say about a call with the operation at a place (-1: none); without the gateway's part
 * but the caller's address where `gateway` is false.
 */
export function encodeTrial(into: Vocabulary, call: CallRow, operation: number, gateway: boolean): void {
  const { trial } = into;
  trial.fill(-1);
  into.isCut = false;
  coverIds(into.byName, call.names.texts.length);
  let family = ABSENT;
  if (call.gateway >= 0) {
    const { words } = call.table;
    const at = WORDS * call.gateway;
    trial[CALLER_C] = lookup(into, call.names, CALLER_C, words[at + row.ADDRESS] ?? 0);
    if (gateway) {
      putWords(into, call, at, GATEWAY);
      family = codeOf(into, call.names, FAMILY_C, words[at + row.USER_AGENT] ?? 0);
      putShown(into, call, at);
    }
  }
  if (operation >= 0) {
    const at = WORDS * operation;
    putWords(into, call, at, OPERATION);
    if (family === ABSENT) family = codeOf(into, call.names, FAMILY_C, call.table.words[at + row.USER_AGENT] ?? 0);
  }
  trial[FAMILY_C] = counted(into, FAMILY_C, family);
}

function putWords(into: Vocabulary, call: CallRow, at: number, pairs: Uint8Array): void {
  const { words } = call.table;
  const { trial, byName } = into;
  for (let i = 0; i < pairs.length; i += 2) {
    const column = pairs[i] ?? 0;
    const name = words[at + (pairs[i + 1] ?? 0)] ?? 0;
    if (name === 0) continue;
    const known = intAt(byName, name, column);
    trial[column] =
      known > 0 ? known - 1 : counted(into, column, known < 0 ? known : learnName(into, call.names, column, name));
  }
}

/** What the caller showed: token, key, and what came of them. */
function putShown(into: Vocabulary, call: CallRow, at: number): void {
  const { words, doubles } = call.table;
  const { trial } = into;
  const traits = words[at + row.TRAITS] ?? 0;
  const claims = (traits & row.HAS_CLAIMS) !== 0;
  const method = authMethodCode(claims, (words[at + row.SUBSCRIPTION] ?? 0) !== 0);
  if (method >= 0) trial[METHOD_C] = coded(into, METHOD_C, METHOD + method, AUTH_METHODS[method]);
  const subStatus = words[at + row.SUB_STATUS] ?? 0;
  if (subStatus !== 0) trial[SUB_STATUS_C] = counted(into, SUB_STATUS_C, learn(into, SUB_STATUS_C, String(subStatus)));
  if (!claims) return;
  putWords(into, call, at, CLAIMS);
  if ((traits & row.CLAIMS_VALIDATED) !== 0)
    trial[PRINCIPAL_C] = lookup(into, call.names, PRINCIPAL_C, words[at + row.OBJECT_ID] ?? 0);
  const scopes = words[at + row.SCOPES] ?? 0;
  const roles = words[at + row.ROLES] ?? 0;
  trial[SCOPES_C] = scopes === 0 ? coded(into, SCOPES_C, NO_SCOPES, NONE) : lookup(into, call.names, SCOPES_C, scopes);
  trial[ROLES_C] = roles === 0 ? coded(into, ROLES_C, NO_ROLES, NONE) : lookup(into, call.names, ROLES_C, roles);
  const first = DOUBLES * call.gateway;
  const age = tokenAgeCode(
    call.time,
    doubles[first + row.EXPIRES_D] ?? Number.NaN,
    doubles[first + row.ISSUED_D] ?? Number.NaN,
  );
  if (age >= 0) trial[AGE_C] = coded(into, AGE_C, AGE + age, TOKEN_AGES[age]);
}

/** The cell of a name's value in a column; -1 when it is absent or the column is full. */
function lookup(into: Vocabulary, names: Names, column: number, name: number): number {
  if (name === 0) return -1;
  const known = intAt(into.byName, name, column);
  return known > 0 ? known - 1 : counted(into, column, known < 0 ? known : learnName(into, names, column, name));
}

/** As `lookup`, but the cell + 1, `ABSENT` or `BEYOND`, and nothing is counted. */
function codeOf(into: Vocabulary, names: Names, column: number, name: number): number {
  if (name === 0) return ABSENT;
  const known = intAt(into.byName, name, column);
  return known === 0 ? learnName(into, names, column, name) : known;
}

function counted(into: Vocabulary, column: number, code: number): number {
  if (code > 0) return code - 1;
  const dictionary = into.dictionaries[column];
  if (code !== BEYOND || dictionary === undefined) return -1;
  dictionary.beyond += 1;
  into.isCut = true;
  return -1;
}

function learnName(into: Vocabulary, names: Names, column: number, name: number): number {
  const text = names.texts[name] ?? "";
  const value = NETWORKS.has(column) ? networkOf(text) : column === FAMILY_C ? userAgentFamily(text) : text;
  const code = value === undefined || value === "" ? ABSENT : learn(into, column, value);
  setInt(into.byName, name, column, code);
  return code;
}

function learn({ dictionaries, cells }: Vocabulary, column: number, value: string): number {
  const dictionary = dictionaries[column];
  const cell = dictionary === undefined ? -1 : cellOf(dictionary, cells, value);
  return cell < 0 ? BEYOND : cell + 1;
}

function coded(into: Vocabulary, column: number, code: number, value: string | undefined): number {
  const known = into.byCode[code] ?? 0;
  if (known !== 0) return counted(into, column, known);
  const learned = value === undefined ? ABSENT : learn(into, column, value);
  into.byCode[code] = learned;
  return counted(into, column, learned);
}
