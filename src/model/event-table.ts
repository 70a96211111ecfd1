import { larger } from "../lib/larger.ts";
import type { Event } from "./event.ts";
import { type Instant, instantFromTicks } from "./time.ts";

/**
 * Events as rows of 48 words in one buffer: a text is the id of a name (0 where the log does not tell), an id of 128 bits is
 * four words, a number that may have a fraction is a double over two words (NaN where the log does not tell). What one
 * call in a hundred needs, texts of a refusal above all, is in an object beside its row.
 */
export interface EventTable {
  words: Int32Array;
  /** The same memory. */
  doubles: Float64Array;
  count: number;
  /** By row: the whole event, where the row alone does not tell it. */
  readonly objects: Map<number, Event>;
}

/** Words of one row: 192 bytes, three lines of a cache. */
export const WORDS = 48;
/** Doubles of one row. */
export const DOUBLES = WORDS / 2;

// Words of every row. KEY is the correlation id or activity id, four words.
export const KEY = 2;
/** A kind and flags. */
export const TRAITS = 6;
export const STATUS = 7;
/** ARM id of the resource. */
export const RESOURCE = 8;
/** API Management service, or Cosmos DB account. */
export const OWNER = 9;
export const REGION = 10;
export const USER_AGENT = 11;
/** Of the caller or of the client. */
export const ADDRESS = 12;
export const OPERATION = 13;

/** Of any other event: the category of its record. */
export const CATEGORY = 14;

// Words of a gateway request.
export const API = 14;
export const API_REVISION = 15;
export const PRODUCT = 16;
export const SUBSCRIPTION = 17;
/** The backend's id, else its host. */
export const BACKEND = 18;
export const GATEWAY_HOST = 19;
export const METHOD = 20;
/** 0 where the backend was not called. */
export const BACKEND_STATUS = 21;
/** 0 where the log does not tell. */
export const SUB_STATUS = 22;
export const APP_ID = 23;
export const OBJECT_ID = 24;
export const ISSUER = 25;
export const AUDIENCE = 26;
export const TOKEN_VERSION = 27;
export const KEY_ID = 28;
export const SCOPES = 29;
export const ROLES = 30;
/** Activity id that the backend returned, and the id of the user's own: four words each. */
export const BACKEND_KEY = 40;
export const OWN_KEY = 44;

// Words of a data-plane operation.
export const RESOURCE_TYPE = 14;
export const DATABASE = 15;
export const CONTAINER = 16;
export const CREDENTIAL = 17;
export const PRINCIPAL = 18;
export const ROLE_ASSIGNMENT = 19;
export const PARTITION = 20;

// Doubles, by their place among the doubles of a row.
export const TIME_D = 0;
export const EXPIRES_D = 16;
export const ISSUED_D = 17;
export const TOTAL_MS_D = 18;
export const BACKEND_MS_D = 19;
export const DURATION_D = 16;
export const CHARGE_D = 17;
export const RESPONSE_BYTES_D = 18;

// The kind of a row, in the two lowest bits of its traits.
export const KIND = 3;
export const GATEWAY_KIND = 1;
export const OPERATION_KIND = 2;
/** Any other event: the object beside the row. */
export const OTHER_KIND = 3;

// Flags of the traits.
/** The whole event is beside the row. */
export const HAS_OBJECT = 1 << 2;
/** KEY, BACKEND_KEY or OWN_KEY is a hash: the id is no GUID. Its text is in the object. */
export const KEY_IS_HASH = 1 << 3;
export const HAS_CLAIMS = 1 << 4;
export const CLAIMS_VALIDATED = 1 << 5;
export const TRUNCATED = 1 << 6;
/** The backend is Cosmos DB's REST interface. */
export const COSMOS_BACKEND = 1 << 7;
export const HAS_BACKEND_KEY = 1 << 8;
export const HAS_OWN_KEY = 1 << 9;
/** The record's shape: `event-hub`, `table`, `azure-diagnostics` as 0, 1, 2. */
export const SHAPE_SHIFT = 10;

const FIRST_ROOM = 64;

export function createEventTable(room = FIRST_ROOM): EventTable {
  const words = new Int32Array(WORDS * room);
  return { words, doubles: new Float64Array(words.buffer), count: 0, objects: new Map() };
}

/** A new row of zeros at the end; gives its place. */
export function addRow(table: EventTable): number {
  const row = table.count;
  ensureRoom(table, row + 1);
  table.words.fill(0, WORDS * row, WORDS * (row + 1));
  table.count = row + 1;
  return row;
}

/** Room for so many rows; the arrays are others afterwards where it had to grow. */
export function ensureRoom(table: EventTable, rows: number): void {
  if (WORDS * rows <= table.words.length) return;
  table.words = larger(table.words, WORDS * Math.max(rows, (2 * table.words.length) / WORDS));
  table.doubles = new Float64Array(table.words.buffer);
}

/** Copies a row, with what is beside it, over another; both are there. */
export function copyRow(from: EventTable, row: number, into: EventTable, place: number): void {
  const source = from.words;
  const target = into.words;
  const a = WORDS * row;
  const b = WORDS * place;
  for (let i = 0; i < WORDS; i++) target[b + i] = source[a + i] ?? 0;
  if (((source[a + TRAITS] ?? 0) & HAS_OBJECT) === 0) return;
  const object = from.objects.get(row);
  if (object !== undefined) into.objects.set(place, object);
}

/** Copies rows that lie together, with what is beside them, behind the rows of another table that has room for them. */
export function appendRows(from: EventTable, first: number, rows: number, into: EventTable): void {
  into.words.set(from.words.subarray(WORDS * first, WORDS * (first + rows)), WORDS * into.count);
  if (from.objects.size > 0)
    for (let row = first; row < first + rows; row++) {
      const isWhole = ((from.words[WORDS * row + TRAITS] ?? 0) & HAS_OBJECT) === 0;
      const object = isWhole ? undefined : from.objects.get(row);
      if (object !== undefined) into.objects.set(into.count + row - first, object);
    }
  into.count += rows;
}

export function appendRow(from: EventTable, row: number, into: EventTable): number {
  ensureRoom(into, into.count + 1);
  copyRow(from, row, into, into.count);
  into.count += 1;
  return into.count - 1;
}

/** Keeps the rows that `isKept`, which is asked of each in turn while those behind it are still where they were. */
export function keepRows(table: EventTable, isKept: (row: number) => boolean): void {
  let kept = 0;
  for (let row = 0; row < table.count; row++) {
    if (!isKept(row)) {
      table.objects.delete(row);
      continue;
    }
    if (row !== kept) moveRow(table, row, kept);
    kept += 1;
  }
  table.count = kept;
}

function moveRow(table: EventTable, row: number, place: number): void {
  copyRow(table, row, table, place);
  table.objects.delete(row);
}

/** The same rows in no more room than they need. */
export function fitted(table: EventTable): EventTable {
  if (table.words.length === WORDS * table.count) return table;
  const words = table.words.slice(0, WORDS * table.count);
  return { words, doubles: new Float64Array(words.buffer), count: table.count, objects: table.objects };
}

export const timeOf = (table: EventTable, row: number): Instant =>
  instantFromTicks(table.doubles[DOUBLES * row + TIME_D] ?? 0);

export const kindOf = (table: EventTable, row: number): number => (table.words[WORDS * row + TRAITS] ?? 0) & KIND;

const BOTH = [RESOURCE, OWNER, REGION, USER_AGENT, ADDRESS, OPERATION];
const CALLER_TEXTS = [API, API_REVISION, PRODUCT, SUBSCRIPTION, BACKEND, GATEWAY_HOST, METHOD];
const CLAIM_TEXTS = [APP_ID, OBJECT_ID, ISSUER, AUDIENCE, TOKEN_VERSION, KEY_ID, SCOPES, ROLES];
const CLIENT_TEXTS = [RESOURCE_TYPE, DATABASE, CONTAINER, CREDENTIAL, PRINCIPAL, ROLE_ASSIGNMENT, PARTITION];
const GATEWAY_TEXTS: readonly number[] = [...BOTH, ...CALLER_TEXTS, ...CLAIM_TEXTS];
const OPERATION_TEXTS: readonly number[] = [...BOTH, ...CLIENT_TEXTS];
const OTHER_TEXTS: readonly number[] = [RESOURCE, CATEGORY];

/** Words of a row that are ids of names. */
export function textWordsOf(kind: number): readonly number[] {
  if (kind === GATEWAY_KIND) return GATEWAY_TEXTS;
  return kind === OPERATION_KIND ? OPERATION_TEXTS : OTHER_TEXTS;
}
