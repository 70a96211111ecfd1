import { entry } from "../lib/entry.ts";
import { atOnce, type InTurns } from "../lib/in-turns.ts";
import { larger } from "../lib/larger.ts";
import { addKey, createTable64, findKey, slotsOf, type Table64 } from "../lib/table64.ts";
import { epochMs, type Instant, instantFromTicks } from "../model/time.ts";
import {
  addDayRow,
  createDayRows,
  type DayRows,
  forgetBefore,
  packedBytes,
  packTail,
  type RowVisitor,
  visitRowsInTurns,
} from "./day-rows.ts";
import { type ClientTable, createClientTable } from "./client-table.ts";
import { endOfOldest, foldOldest } from "./fold.ts";
import { periodOf, visitFoldedInTurns } from "./folded-rows.ts";
import { finestOf } from "./grains.ts";
import { mixed } from "./mixed.ts";

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
  readonly applied: Map<string, Applied>;
  clients: ClientTable;
  /** Whether tables of added-up operations told anything. */
  isTold: boolean;
  newestDay: number;
  /** First day of which all is kept. */
  oldestDay: number;
  /** Packed rows that are kept: beyond, the oldest days are folded, then forgotten. */
  readonly mostBytes: number;
  /** Event time of the newest operation; -Infinity without any. */
  newest: Instant;
  /** Operations of a later time are not believed: one record dated 2099 must not push out all kept days. */
  until: Instant;
  /** What calls itself so is a probe or a scanner up to that time: its operations are no use. Set anew at each start. */
  readonly ignored: Map<string, Instant>;
  /** Operations that were not believed. */
  ahead: number;
  /** Operations that were not counted because a limit was reached. */
  beyond: number;
  /** Operations of clients beyond those that are told apart. */
  clientsBeyond: number;
  /** Rows of days that are kept no longer. */
  forgotten: number;
}

export interface Applied {
  calls: number;
  last: Instant;
}

interface Uses {
  readonly table: Table64;
  signer: Int32Array;
  place: Int32Array;
  action: Uint8Array;
  /** Of a use that a table added up: the same use as single operations tell it; -1 for such a one. */
  single: Int32Array;
  grain: Uint8Array;
  /** Ticks of the last that succeeded; -Infinity without any. */
  last: Float64Array;
  /** The day whose counts are not in `rows` yet. */
  day: Int32Array;
  /** By use and outcome; what does not fit becomes a row before its day ends. */
  counts: Uint32Array;
}

/** What one operation came to. */
export type UseOutcome = "succeeded" | "denied401" | "denied403" | "other";
const OUTCOMES: readonly UseOutcome[] = ["succeeded", "denied401", "denied403", "other"];

/** Days that are kept at least: a year and the month in which its last run is looked for. */
export const KEPT_DAYS = 400;
const MAX_USES = 1 << 21;
/** Packed rows: a row takes about three bytes, and a use of each day about four in each folded period. */
const MAX_BYTES = 256e6;
const MAX_TEXTS = 1 << 20;
const MAX_PLACES = 1 << 17;
const MAX_PAIRS = 1 << 16;
const FIRST = 64;
/** Uses whose days are closed in one turn. */
const TURN_USES = 1 << 13;
/** Of one outcome of a use that are counted until its day ends. */
const MOST_CALLS = 2 ** 32 - 1;

/** What the calls of a tool that probes on our behalf say that they are, as far as it is told to the first `/`. */
export const OWN_AGENT = "scopetrail";

export const createLedger = (mostBytes = MAX_BYTES): Ledger => ({
  texts: [""],
  textIds: new Map([["", 0]]),
  places: [],
  placeIds: new Map(),
  uses: {
    table: createTable64(),
    signer: new Int32Array(FIRST),
    place: new Int32Array(FIRST),
    action: new Uint8Array(FIRST),
    single: new Int32Array(FIRST),
    grain: new Uint8Array(FIRST),
    last: new Float64Array(FIRST),
    day: new Int32Array(FIRST),
    counts: new Uint32Array(OUTCOMES.length * FIRST),
  },
  rows: createDayRows(),
  observed: new Map(),
  applied: new Map(),
  clients: createClientTable(),
  isTold: false,
  newestDay: -1,
  oldestDay: 0,
  mostBytes,
  newest: instantFromTicks(Number.NEGATIVE_INFINITY),
  until: instantFromTicks(Number.POSITIVE_INFINITY),
  ignored: new Map([[OWN_AGENT, instantFromTicks(Number.POSITIVE_INFINITY)]]),
  ahead: 0,
  beyond: 0,
  clientsBeyond: 0,
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

/** What tells a use. */
export interface UseKey {
  readonly signer: number;
  readonly place: number;
  readonly action: number;
  /** 0: single operations; 1 and 2: rows of five and of fifteen minutes. */
  readonly grain?: number;
}

/** The use's id; -1 where there are too many. */
export function useId(ledger: Ledger, { signer, place, action, grain = 0 }: UseKey): number {
  if (signer < 0 || place < 0) return -1;
  const { uses } = ledger;
  const high = (place << 6) | (grain << 4) | action;
  const low = mixed(signer ^ mixed(high));
  const known = findKey(uses.table, high, low);
  if (known >= 0) return known;
  if (uses.table.size >= MAX_USES) return -1;
  const single = grain === 0 ? -1 : useId(ledger, { signer, place, action });
  const use = addKey(uses.table, high, low);
  if (uses.signer.length < slotsOf(uses.table)) grow(uses);
  uses.signer[use] = signer;
  uses.place[use] = place;
  uses.action[use] = action;
  uses.single[use] = single;
  uses.grain[use] = grain;
  uses.last[use] = Number.NEGATIVE_INFINITY;
  uses.day[use] = -1;
  if (grain > 0) ledger.isTold = true;
  return use;
}

function grow(uses: Uses): void {
  const room = slotsOf(uses.table);
  uses.signer = larger(uses.signer, room);
  uses.place = larger(uses.place, room);
  uses.action = larger(uses.action, room);
  uses.single = larger(uses.single, room);
  uses.grain = larger(uses.grain, room);
  uses.last = larger(uses.last, room);
  uses.day = larger(uses.day, room);
  uses.counts = larger(uses.counts, OUTCOMES.length * room);
}

/** Counts `calls` operations of one use at a time; false where they are counted as left out. */
export function countUse(
  ledger: Ledger,
  use: number,
  what: { time: Instant; outcome: UseOutcome; calls: number },
): boolean {
  const day = dayOf(what.time);
  if (what.time > ledger.until) ledger.ahead += what.calls;
  else if (use < 0) ledger.beyond += what.calls;
  else if (day < ledger.oldestDay) ledger.forgotten += 1;
  else return countOn(ledger, use, day, what);
  return false;
}

function countOn(ledger: Ledger, use: number, day: number, what: Parameters<typeof countUse>[2]): true {
  const { uses } = ledger;
  if (day > ledger.newestDay) openDay(ledger, day);
  if (what.time > ledger.newest) ledger.newest = what.time;
  if (uses.day[use] !== day) {
    closeDay(ledger, use);
    uses.day[use] = day;
  }
  const at = OUTCOMES.length * use + OUTCOMES.indexOf(what.outcome);
  if ((uses.counts[at] ?? 0) + what.calls > MOST_CALLS) addCalls(ledger, use, day, what);
  else uses.counts[at] = (uses.counts[at] ?? 0) + what.calls;
  const single = uses.single[use] ?? -1;
  const told = single < 0 ? use : single;
  if (what.outcome === "succeeded" && what.time > (uses.last[told] ?? 0)) uses.last[told] = what.time;
  return true;
}

/** More calls at once than are counted until the day ends. */
function addCalls(
  { rows }: Ledger,
  use: number,
  day: number,
  { outcome, calls }: Parameters<typeof countUse>[2],
): void {
  const of = (...outcomes: readonly UseOutcome[]): number => (outcomes.includes(outcome) ? calls : 0);
  addDayRow(rows, day, use, {
    succeeded: of("succeeded"),
    denied: of("denied401", "denied403"),
    denied401: of("denied401"),
    other: of("other"),
  });
}

/** A day that no other was after: what is older than is kept goes, and more where that is too much. */
function openDay(ledger: Ledger, day: number): void {
  ledger.newestDay = day;
  forget(ledger, day - KEPT_DAYS + 1);
  if (packedBytes(ledger.rows) <= ledger.mostBytes) return;
  sealLedger(ledger);
  while (packedBytes(ledger.rows) > ledger.mostBytes) if (!foldOldest(ledger)) forget(ledger, endOfOldest(ledger));
}

/** A day of which a part is gone is no observed day; of folded days all stay as long as one of them does. */
function forget(ledger: Ledger, day: number): void {
  const isFolded = ledger.rows.folded.some(({ firstDay }) => firstDay === periodOf(day));
  const oldest = isFolded ? periodOf(day) : day;
  if (oldest <= ledger.oldestDay) return;
  ledger.oldestDay = oldest;
  ledger.forgotten += forgetBefore(ledger.rows, oldest);
  for (const days of ledger.observed.values()) for (const old of days) if (old < oldest) days.delete(old);
  if (2 * ledger.applied.size > MAX_PAIRS)
    for (const [key, { last }] of ledger.applied) if (dayOf(last) < oldest) ledger.applied.delete(key);
}

function closeDay(ledger: Ledger, use: number): void {
  const { uses, rows } = ledger;
  const day = uses.day[use] ?? -1;
  if (day < 0) return;
  const at = OUTCOMES.length * use;
  if (day < ledger.oldestDay) {
    ledger.forgotten += 1;
    uses.counts.fill(0, at, at + OUTCOMES.length);
    uses.day[use] = -1;
    return;
  }
  visitOpenDay(uses, use, (of, _, counts) => addDayRow(rows, of, use, counts));
  uses.counts.fill(0, at, at + OUTCOMES.length);
  uses.day[use] = -1;
}

/** Tells what is counted of the day that is not in the rows yet. */
function visitOpenDay({ day, counts }: Uses, use: number, visit: RowVisitor): void {
  const at = OUTCOMES.length * use;
  const denied401 = counts[at + 1] ?? 0;
  const denied = denied401 + (counts[at + 2] ?? 0);
  visit(day[use] ?? -1, use, { succeeded: counts[at] ?? 0, denied, denied401, other: counts[at + 3] ?? 0 }, 0);
}

/** Any operation of an account tells that its log was there on that day. */
export function observe(ledger: Ledger, account: number, day: number): void {
  if (day < ledger.oldestDay) return;
  entry(ledger.observed, account, () => new Set<number>()).add(day);
}

/** So many, all at a time. */
export interface Calls {
  readonly time: Instant;
  readonly calls: number;
}

/** What is counted of an applied role assignment, `assignment|signer`, until the oldest day is another; undefined where there are too many. */
export function appliedOf({ applied }: Ledger, key: string): Applied | undefined {
  const known = applied.get(key);
  if (known !== undefined || applied.size >= MAX_PAIRS) return known;
  const fresh: Applied = { calls: 0, last: instantFromTicks(Number.NEGATIVE_INFINITY) };
  applied.set(key, fresh);
  return fresh;
}

/** Counts calls of what `appliedOf` gave. */
export function countApplied(ledger: Ledger, applied: Applied | undefined, { time, calls }: Calls): void {
  if (applied === undefined) ledger.beyond += calls;
  else {
    applied.calls += calls;
    if (time > applied.last) applied.last = time;
  }
}

/** Whether others than those that are remembered may have been applied. */
export const isAppliedFull = ({ applied }: Ledger): boolean => applied.size >= MAX_PAIRS;

/** One number for two text ids. */
export const clientKey = (network: number, agent: number): number => network * MAX_TEXTS + agent;

/**
 * Told of each day of each use, and of the folded days of each; one day and use can come more than once. What a table added
 * up is told under the use of single operations, and only of days on which no finer log has that use: nothing is counted twice.
 */
export const visitUses = (ledger: Ledger, visit: RowVisitor): void => atOnce(visitUsesInTurns(ledger, visit));

export function* visitUsesInTurns(ledger: Ledger, visit: RowVisitor): InTurns<void> {
  const { rows, uses, oldestDay, isTold } = ledger;
  // A day that is not over is told as it is; which of several grains is the finest, only rows tell.
  for (let use = 0; use < uses.table.used; use++) {
    if (isTold || (uses.day[use] ?? -1) < oldestDay) closeDay(ledger, use);
    else visitOpenDay(uses, use, visit);
    if (use % TURN_USES === TURN_USES - 1) yield;
  }
  yield* visitFoldedInTurns(rows, visit);
  const isFinest = isTold ? yield* finestOf(uses, rows) : undefined;
  yield* visitRowsInTurns(rows, (day, use, counts) => {
    if (day < oldestDay) return;
    if (isFinest === undefined || (uses.grain[use] ?? 0) === 0) visit(day, use, counts, 0);
    else if (isFinest(use, day)) visit(day, uses.single[use] ?? -1, counts, 0);
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
