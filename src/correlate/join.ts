import { larger } from "../lib/larger.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { type DurationMs, type Instant, instantFromTicks, plusMs } from "../model/time.ts";
import {
  createKeyIndex,
  deleteKey,
  type KeyIndex,
  NEW_KEY,
  numberAt,
  reserveKeys,
  setNumber,
  slotOfKey,
} from "./key-index.ts";

/**
 * Exact joins in progress: by the gateway's correlation id, by the activity id that the backend returned, by the user's
 * own. A call that may still be joined by more events is an entry of a few numbers; its events are places of the held
 * rows. Plain data: survives a structured clone.
 */
export interface Join {
  window: DurationMs;
  readonly limit: number;
  readonly byKey: KeyIndex;
  /** Per entry: place of the gateway request (-1: none yet), first and last operation, their number, its neighbours in the queue. */
  entries: Int32Array;
  openedAt: Float64Array;
  /** Entries that were closed and can be used again. */
  readonly free: number[];
  /** Per place: the next operation of the same call; -1 at the end. */
  nextOperation: Int32Array;
  /** Queue of entries in the order of their opening, which is event time; -1 when empty. */
  oldest: number;
  newest: number;
  open: number;
  /** Entries ever made. */
  made: number;
  /** Entries closed early because `limit` was reached. */
  evicted: number;
  /** Operations of one call beyond what a call keeps. */
  overflow: number;
}

/** A closed call: places of its events among the held rows. */
export interface Closed {
  /** -1 where there is none. */
  gateway: number;
  operations: readonly number[];
  /** Its entry in the join, which another call may have by now. */
  entry: number;
}

const ENTRY = 6;
const GATEWAY = 0;
const FIRST = 1;
const LAST = 2;
const OPERATIONS = 3;
const BEFORE = 4;
const BEHIND = 5;
const FIRST_ROOM = 256;

/** `window`: how long after its first event a call waits for the others, in event time. */
export const createJoin = (window: DurationMs, limit: number, seed: number): Join => ({
  window,
  limit,
  byKey: createKeyIndex(seed),
  entries: new Int32Array(ENTRY * FIRST_ROOM),
  openedAt: new Float64Array(FIRST_ROOM),
  free: [],
  nextOperation: new Int32Array(FIRST_ROOM),
  oldest: -1,
  newest: -1,
  open: 0,
  made: 0,
  evicted: 0,
  overflow: 0,
});

/** More operations than this belong to a caller that reuses one id, not to one request. */
const OPERATIONS_PER_CALL = 256;

/** Joins a gateway request to the operations that came before it under any of its ids. */
export function addGateway(join: Join, table: EventTable, place: number): void {
  const { byKey } = join;
  const at = WORDS * place;
  const traits = table.words[at + row.TRAITS] ?? 0;
  reserveKeys(byKey, 3);
  const own = slotOfKey(byKey, table.words, at + row.KEY);
  const backend = (traits & row.HAS_BACKEND_KEY) === 0 ? own : slotOfKey(byKey, table.words, at + row.BACKEND_KEY);
  const users = (traits & row.HAS_OWN_KEY) === 0 ? own : slotOfKey(byKey, table.words, at + row.OWN_KEY);
  let entry = waitingUnder(join, own, -1);
  if (backend !== own) entry = waitingUnder(join, backend, entry);
  if (users !== own) entry = waitingUnder(join, users, entry);
  if (entry < 0) entry = openEntry(join, timeOf(table, place));
  join.entries[ENTRY * entry + GATEWAY] = place;
  register(join, own, entry);
  if (backend !== own) register(join, backend, entry);
  if (users !== own) register(join, users, entry);
}

/** The entry of operations under the slot's key, one with those of `entry`; `entry` where none waits for a gateway request. */
function waitingUnder(join: Join, slot: number, entry: number): number {
  const found = numberAt(join.byKey, slot);
  if (found === NEW_KEY || found === entry || hasGateway(join, found)) return entry;
  if (entry < 0) return found;
  append(join, entry, found);
  join.entries[ENTRY * found + OPERATIONS] = 0;
  unlink(join, found);
  setNumber(join.byKey, slot, entry);
  return entry;
}

const hasGateway = (join: Join, entry: number): boolean => (join.entries[ENTRY * entry + GATEWAY] ?? -1) >= 0;

/** An id belongs to the first request that has it. */
function register(join: Join, slot: number, entry: number): void {
  const known = numberAt(join.byKey, slot);
  if (known === NEW_KEY || !hasGateway(join, known)) setNumber(join.byKey, slot, entry);
}

/** Joins an operation; false when its call has too many already. */
export function addOperation(join: Join, table: EventTable, place: number): boolean {
  const { byKey } = join;
  reserveKeys(byKey, 1);
  const slot = slotOfKey(byKey, table.words, WORDS * place + row.KEY);
  let entry = numberAt(byKey, slot);
  if (entry === NEW_KEY) {
    entry = openEntry(join, timeOf(table, place));
    setNumber(byKey, slot, entry);
  }
  const at = ENTRY * entry;
  const { entries } = join;
  if ((entries[at + OPERATIONS] ?? 0) >= OPERATIONS_PER_CALL) {
    join.overflow += 1;
    return false;
  }
  if (place >= join.nextOperation.length) join.nextOperation = doubled(join.nextOperation, place + 1);
  join.nextOperation[place] = -1;
  if (entries[at + OPERATIONS] === 0) entries[at + FIRST] = place;
  else join.nextOperation[entries[at + LAST] ?? 0] = place;
  entries[at + LAST] = place;
  entries[at + OPERATIONS] = (entries[at + OPERATIONS] ?? 0) + 1;
  return true;
}

function append(join: Join, into: number, from: number): void {
  const { entries } = join;
  const a = ENTRY * into;
  const b = ENTRY * from;
  join.nextOperation[entries[a + LAST] ?? 0] = entries[b + FIRST] ?? -1;
  entries[a + LAST] = entries[b + LAST] ?? -1;
  entries[a + OPERATIONS] = (entries[a + OPERATIONS] ?? 0) + (entries[b + OPERATIONS] ?? 0);
}

/** Whether some call waits no longer at `now`, or is too much. */
export function mayClose({ oldest, open, limit, openedAt, window }: Join, now: Instant): boolean {
  if (oldest < 0) return false;
  return open > limit || plusMs(instantFromTicks(openedAt[oldest] ?? 0), window) <= now;
}

/** Takes the oldest call that waits no longer at `now` (or is too much) out of the join; false when there is none. */
export function closeNext(join: Join, table: EventTable, now: Instant, closed: Closed): boolean {
  const entry = join.oldest;
  if (entry < 0) return false;
  const waits = plusMs(instantFromTicks(join.openedAt[entry] ?? 0), join.window) > now;
  if (waits && join.open <= join.limit) return false;
  if (waits) join.evicted += 1;
  const at = ENTRY * entry;
  closed.entry = entry;
  closed.gateway = join.entries[at + GATEWAY] ?? -1;
  closed.operations = operationPlaces(join, entry);
  forgetKeys(join, table, entry, closed);
  unlink(join, entry);
  return true;
}

/** What an open entry can be: operations alone, a request alone, or both. */
export type OpenKind = "operations" | "request" | "joined";

/** Open entries of a kind that began before, in the order of event time. */
export function openEntries({ oldest, entries, openedAt }: Join, kind: OpenKind, before: Instant): readonly number[] {
  const found: number[] = [];
  for (let entry = oldest; entry >= 0; entry = entries[ENTRY * entry + BEHIND] ?? -1) {
    if ((openedAt[entry] ?? 0) >= before) break;
    const at = ENTRY * entry;
    const lacks =
      (entries[at + GATEWAY] ?? -1) < 0 ? "operations" : entries[at + OPERATIONS] === 0 ? "request" : "joined";
    if (lacks === kind) found.push(entry);
  }
  return found;
}

/** Places of an entry's events. */
export const requestPlace = ({ entries }: Join, entry: number): number => entries[ENTRY * entry + GATEWAY] ?? -1;

export function operationPlaces({ entries, nextOperation }: Join, entry: number): readonly number[] {
  const count = entries[ENTRY * entry + OPERATIONS] ?? 0;
  if (count === 0) return NO_PLACES;
  const first = entries[ENTRY * entry + FIRST] ?? -1;
  // An array that is made with its element has room for no more: most calls have one operation.
  const places = [first];
  if (count > 1)
    for (let place = nextOperation[first] ?? -1; place >= 0; place = nextOperation[place] ?? -1) places.push(place);
  return places;
}

const NO_PLACES: readonly number[] = [];

/** Nothing joins an entry of operations alone any more: what comes under their ids is another call. */
export function seal(join: Join, { words }: EventTable, entry: number): void {
  for (const place of operationPlaces(join, entry)) deleteKey(join.byKey, words, WORDS * place + row.KEY, entry);
}

function forgetKeys(join: Join, { words }: EventTable, entry: number, { gateway, operations }: Closed): void {
  const { byKey } = join;
  const at = WORDS * gateway;
  const traits = gateway < 0 ? 0 : (words[at + row.TRAITS] ?? 0);
  if (gateway >= 0) deleteKey(byKey, words, at + row.KEY, entry);
  if ((traits & row.HAS_BACKEND_KEY) !== 0) deleteKey(byKey, words, at + row.BACKEND_KEY, entry);
  if ((traits & row.HAS_OWN_KEY) !== 0) deleteKey(byKey, words, at + row.OWN_KEY, entry);
  for (let i = 0; i < operations.length; i++) {
    const key = WORDS * (operations[i] ?? 0) + row.KEY;
    if (gateway >= 0 && (isSame(words, key, at + row.KEY) || isSame(words, key, at + row.BACKEND_KEY))) continue;
    deleteKey(byKey, words, key, entry);
  }
}

const isSame = (words: Int32Array, a: number, b: number): boolean =>
  words[a] === words[b] &&
  words[a + 1] === words[b + 1] &&
  words[a + 2] === words[b + 2] &&
  words[a + 3] === words[b + 3];

function openEntry(join: Join, at: Instant): number {
  const entry = join.free.pop() ?? join.made++;
  if (entry >= join.openedAt.length) {
    join.entries = doubled(join.entries, ENTRY * (entry + 1));
    join.openedAt = larger(join.openedAt, 2 * join.openedAt.length);
  }
  const { entries, newest } = join;
  const place = ENTRY * entry;
  entries[place + GATEWAY] = -1;
  entries[place + OPERATIONS] = 0;
  entries[place + BEFORE] = newest;
  entries[place + BEHIND] = -1;
  if (newest >= 0) entries[ENTRY * newest + BEHIND] = entry;
  else join.oldest = entry;
  join.newest = entry;
  join.openedAt[entry] = at;
  join.open += 1;
  return entry;
}

function unlink(join: Join, entry: number): void {
  const { entries } = join;
  const before = entries[ENTRY * entry + BEFORE] ?? -1;
  const behind = entries[ENTRY * entry + BEHIND] ?? -1;
  if (before >= 0) entries[ENTRY * before + BEHIND] = behind;
  else join.oldest = behind;
  if (behind >= 0) entries[ENTRY * behind + BEFORE] = before;
  else join.newest = before;
  join.free.push(entry);
  join.open -= 1;
}

const doubled = (words: Int32Array, least: number): Int32Array => larger(words, Math.max(least, 2 * words.length));

/** The held rows were moved: `moved` has the new place of each. */
export function movePlaces(join: Join, moved: Int32Array): void {
  const { entries, nextOperation } = join;
  const next = new Int32Array(Math.max(FIRST_ROOM, moved.length));
  const to = (place: number): number => (place < 0 ? -1 : (moved[place] ?? -1));
  for (let entry = join.oldest; entry >= 0; entry = entries[ENTRY * entry + BEHIND] ?? -1) {
    const at = ENTRY * entry;
    entries[at + GATEWAY] = to(entries[at + GATEWAY] ?? -1);
    if (entries[at + OPERATIONS] === 0) continue;
    for (let place = entries[at + FIRST] ?? -1; place >= 0; place = nextOperation[place] ?? -1)
      next[to(place)] = to(nextOperation[place] ?? -1);
    entries[at + FIRST] = to(entries[at + FIRST] ?? -1);
    entries[at + LAST] = to(entries[at + LAST] ?? -1);
  }
  join.nextOperation = next;
}
