import { addKey, createTable64, findKey, slotsOf, type Table64 } from "../lib/table64.ts";
import { epochMs, type Instant, instantFromTicks } from "../model/time.ts";
import {
  addDayRow,
  createDayRows,
  type DayRows,
  forgetBefore,
  packTail,
  type RowVisitor,
  visitRows,
} from "./day-rows.ts";

/**
 * Who used which action where, by day of event time: one use is a signer, a place and an action. Days are UTC days since
 * 1970. Order does not matter. Plain data.
 */
export interface Ledger {
  /** Signers (object ids, keys), accounts, databases, containers, assignments, clients. */
  readonly texts: string[];
  readonly textIds: Map<string, number>;
  /** Account, database and container, as text ids, by place. */
  readonly places: [account: number, database: number, container: number][];
  readonly placeIds: Map<string, number>;
  readonly uses: Uses;
  readonly rows: DayRows;
  /** Account's text id → days on which any operation of it was seen. */
  readonly observed: Map<number, Set<number>>;
  /** Assignment applied to a signer: `assignment|signer` as text ids → how often and when last. */
  readonly applied: Map<string, { calls: number; last: Instant }>;
  /** `account|signer|client` as text ids. */
  readonly clients: Map<string, { calls: number; first: Instant; last: Instant }>;
  newestDay: number;
  /** Operations that were not counted because a limit was reached. */
  beyond: number;
  /** Rows of days that are kept no longer. */
  forgotten: number;
}

interface Uses {
  readonly table: Table64;
  signer: Int32Array;
  place: Int32Array;
  action: Uint8Array;
  /** Ticks of the last that succeeded; -Infinity without any. */
  last: Float64Array;
  /** The day whose counts are not in `rows` yet. */
  day: Int32Array;
  counts: Float64Array;
}

export type UseOutcome = "succeeded" | "denied" | "other";
const OUTCOMES: readonly UseOutcome[] = ["succeeded", "denied", "other"];

/** Days that are kept: a year and the month in which its last run is looked for. */
export const KEPT_DAYS = 400;
export const MAX_USES = 1 << 21;
const MAX_TEXTS = 1 << 20;
const MAX_PLACES = 1 << 17;
const MAX_PAIRS = 1 << 16;
const FIRST = 64;

export const createLedger = (): Ledger => ({
  texts: [""],
  textIds: new Map([["", 0]]),
  places: [],
  placeIds: new Map(),
  uses: {
    table: createTable64(),
    signer: new Int32Array(FIRST),
    place: new Int32Array(FIRST),
    action: new Uint8Array(FIRST),
    last: new Float64Array(FIRST),
    day: new Int32Array(FIRST),
    counts: new Float64Array(OUTCOMES.length * FIRST),
  },
  rows: createDayRows(),
  observed: new Map(),
  applied: new Map(),
  clients: new Map(),
  newestDay: -1,
  beyond: 0,
  forgotten: 0,
});

const DAY_MS = 86_400_000;
export const dayOf = (at: Instant): number => Math.floor(epochMs(at) / DAY_MS);

/** The text's id; -1 where there are too many. */
export function textId({ texts, textIds }: Ledger, text: string): number {
  const known = textIds.get(text);
  if (known !== undefined) return known;
  if (texts.length >= MAX_TEXTS) return -1;
  textIds.set(text, texts.length);
  texts.push(text);
  return texts.length - 1;
}

/** The place's id; -1 where there are too many. */
export function placeId(ledger: Ledger, account: string, database: string, container: string): number {
  const ids = [textId(ledger, account), textId(ledger, database), textId(ledger, container)] as const;
  const key = ids.join("|");
  const known = ledger.placeIds.get(key);
  if (known !== undefined) return known;
  if (ids.includes(-1) || ledger.places.length >= MAX_PLACES) return -1;
  ledger.placeIds.set(key, ledger.places.length);
  ledger.places.push([...ids]);
  return ledger.places.length - 1;
}

/** A bijection of 32-bit numbers, so that two keys are one only where both of their parts are. */
function mixed(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The use's id; -1 where there are too many. */
export function useId({ uses }: Ledger, signer: number, place: number, action: number): number {
  if (signer < 0 || place < 0) return -1;
  const high = (place << 4) | action;
  const low = mixed(signer ^ mixed(high));
  const known = findKey(uses.table, high, low);
  if (known >= 0) return known;
  if (uses.table.size >= MAX_USES) return -1;
  const use = addKey(uses.table, high, low);
  if (uses.signer.length < slotsOf(uses.table)) grow(uses);
  uses.signer[use] = signer;
  uses.place[use] = place;
  uses.action[use] = action;
  uses.last[use] = Number.NEGATIVE_INFINITY;
  uses.day[use] = -1;
  return use;
}

function grow(uses: Uses): void {
  const room = slotsOf(uses.table);
  const larger = <T extends Int32Array | Float64Array | Uint8Array>(from: T, into: T): T => {
    into.set(from);
    return into;
  };
  uses.signer = larger(uses.signer, new Int32Array(room));
  uses.place = larger(uses.place, new Int32Array(room));
  uses.action = larger(uses.action, new Uint8Array(room));
  uses.last = larger(uses.last, new Float64Array(room));
  uses.day = larger(uses.day, new Int32Array(room));
  uses.counts = larger(uses.counts, new Float64Array(OUTCOMES.length * room));
}

/** Counts `calls` operations of one use at a time. */
export function countUse(
  ledger: Ledger,
  use: number,
  what: { time: Instant; outcome: UseOutcome; calls: number },
): void {
  if (use < 0) {
    ledger.beyond += what.calls;
    return;
  }
  const { uses } = ledger;
  const day = dayOf(what.time);
  if (day <= ledger.newestDay - KEPT_DAYS) {
    ledger.forgotten += 1;
    return;
  }
  if (day > ledger.newestDay) openDay(ledger, day);
  if (uses.day[use] !== day) {
    closeDay(ledger, use);
    uses.day[use] = day;
  }
  const at = OUTCOMES.length * use + OUTCOMES.indexOf(what.outcome);
  uses.counts[at] = (uses.counts[at] ?? 0) + what.calls;
  if (what.outcome === "succeeded" && what.time > (uses.last[use] ?? 0)) uses.last[use] = what.time;
}

/** A day that no other was after: what is older than is kept goes. */
function openDay(ledger: Ledger, day: number): void {
  ledger.newestDay = day;
  const oldest = day - KEPT_DAYS + 1;
  ledger.forgotten += forgetBefore(ledger.rows, oldest);
  for (const days of ledger.observed.values()) for (const old of days) if (old < oldest) days.delete(old);
}

function closeDay({ uses, rows }: Ledger, use: number): void {
  const day = uses.day[use] ?? -1;
  if (day < 0) return;
  const at = OUTCOMES.length * use;
  const [succeeded = 0, denied = 0, other = 0] = uses.counts.subarray(at, at + OUTCOMES.length);
  addDayRow(rows, day, use, { succeeded, denied, other });
  uses.counts.fill(0, at, at + OUTCOMES.length);
  uses.day[use] = -1;
}

/** Any operation of an account tells that its log was there on that day. */
export function observe(ledger: Ledger, account: number, day: number): void {
  let days = ledger.observed.get(account);
  if (days === undefined) ledger.observed.set(account, (days = new Set()));
  days.add(day);
}

interface Calls {
  readonly time: Instant;
  readonly calls: number;
}

/** Counts an applied role assignment: `assignment|signer`. */
export function countApplied(ledger: Ledger, key: string, { time, calls }: Calls): void {
  const known = ledger.applied.get(key);
  if (known !== undefined) {
    known.calls += calls;
    if (time > known.last) known.last = time;
  } else if (ledger.applied.size < MAX_PAIRS) ledger.applied.set(key, { calls, last: time });
  else ledger.beyond += calls;
}

/** Counts a client of a signer in an account: `account|signer|client`. */
export function countClient(ledger: Ledger, key: string, { time, calls }: Calls): void {
  const known = ledger.clients.get(key);
  if (known !== undefined) {
    known.calls += calls;
    if (time < known.first) known.first = time;
    if (time > known.last) known.last = time;
  } else if (ledger.clients.size < MAX_PAIRS) ledger.clients.set(key, { calls, first: time, last: time });
  else ledger.beyond += calls;
}

/** Told of each day of each use; one day and use can come more than once. */
export function visitUses(ledger: Ledger, visit: RowVisitor): void {
  for (let use = 0; use < ledger.uses.table.used; use++) closeDay(ledger, use);
  const oldest = ledger.newestDay - KEPT_DAYS + 1;
  visitRows(ledger.rows, (day, use, succeeded, denied, other) => {
    if (day >= oldest) visit(day, use, succeeded, denied, other);
  });
}

/** Closes the open day and packs all rows: for what is written down. */
export function sealLedger(ledger: Ledger): void {
  for (let use = 0; use < ledger.uses.table.used; use++) closeDay(ledger, use);
  packTail(ledger.rows);
}

/** Time of the use's last success; undefined without any. */
export function lastUsed({ uses }: Ledger, use: number): Instant | undefined {
  const ticks = uses.last[use] ?? Number.NEGATIVE_INFINITY;
  return ticks === Number.NEGATIVE_INFINITY ? undefined : instantFromTicks(ticks);
}
