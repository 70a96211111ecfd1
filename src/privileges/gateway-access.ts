import { hash64 } from "../lib/hash.ts";
import { addHash, beginHash, type HashPair } from "../lib/hash-pair.ts";
import { larger } from "../lib/larger.ts";
import { addKey, createTable64, findKey, removeSlot, slotsOf, type Table64 } from "../lib/table64.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { HASH_WORDS, type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { addDay, type DayRings, daysIn, emptyRing, newestDay, RING_WORDS } from "./day-rings.ts";
import { dayOf, KEPT_DAYS, type Ledger } from "./ledger.ts";
import { STEP } from "./row-memo.ts";

/** Which operations were called with which subscription and through which product, by days. Plain data. */
export interface GatewayAccess {
  /** Uses by a hash of all their texts. */
  readonly table: Table64;
  /** By slot of the table, in the order of `AccessTexts`; "" all of a free one. */
  readonly texts: string[];
  /** By slot. */
  calls: Float64Array;
  /** By slot, ticks of the last call. */
  last: Float64Array;
  /** By slot. */
  days: DayRings;
  /** Service → place in `observedDays`. */
  readonly observed: Map<string, number>;
  /** Days on which any call of a service was logged. */
  observedDays: DayRings;
  /** Calls beyond the uses that are kept. */
  beyond: number;
}

/** What tells a use, lower-cased. */
export interface AccessTexts {
  readonly service: string;
  /** "" without a key. */
  readonly subscription: string;
  /** "" where the call came through no product. */
  readonly product: string;
  /** Revisions of an API are one. */
  readonly api: string;
  readonly operation: string;
}

export interface AccessUse extends AccessTexts {
  readonly calls: number;
  readonly last: Instant;
  /** Oldest first. */
  readonly days: () => Int32Array;
}

const TEXTS = 5;
const API = 3;
const MAX_USES = 20_000;
const MAX_SERVICES = 200;
const FIRST_ROOM = 64;

export const createGatewayAccess = (): GatewayAccess => ({
  table: createTable64(),
  texts: [],
  calls: new Float64Array(FIRST_ROOM),
  last: new Float64Array(FIRST_ROOM),
  days: new Int32Array(RING_WORDS * FIRST_ROOM),
  observed: new Map(),
  observedDays: new Int32Array(RING_WORDS * MAX_SERVICES),
  beyond: 0,
});

/** Each use is of some API. */
const isUse = ({ texts }: GatewayAccess, slot: number): boolean => texts[TEXTS * slot + API] !== "";

/** The uses that are kept, in no order that tells anything. */
export function* accessUses(access: GatewayAccess): Generator<AccessUse> {
  for (let slot = 0; slot < access.table.used; slot++) if (isUse(access, slot)) yield useIn(access, slot);
}

function useIn({ texts, calls, last, days }: GatewayAccess, slot: number): AccessUse {
  const text = (index: number): string => texts[TEXTS * slot + index] ?? "";
  return {
    service: text(0),
    subscription: text(1),
    product: text(2),
    api: text(API),
    operation: text(4),
    calls: calls[slot] ?? 0,
    last: instantFromTicks(last[slot] ?? 0),
    days: () => daysIn(days, slot),
  };
}

/** Days on which a call of the service was logged. */
export function observedDaysOf({ observed, observedDays }: GatewayAccess, service: string): Int32Array {
  const ring = observed.get(service);
  return ring === undefined ? new Int32Array(0) : daysIn(observedDays, ring);
}

/** Uses of which no day is kept any more are forgotten. */
export function forgetOldAccess(access: GatewayAccess, now: Instant): void {
  const oldest = dayOf(now) - KEPT_DAYS;
  for (let slot = 0; slot < access.table.used; slot++) {
    if (!isUse(access, slot) || newestDay(access.days, slot) > oldest) continue;
    removeSlot(access.table, slot);
    access.texts.fill("", TEXTS * slot, TEXTS * (slot + 1));
  }
}

/** A use that has no slot yet. */
function addUse(access: GatewayAccess, { high, low }: HashPair, told: AccessTexts): number {
  const slot = addKey(access.table, high, low);
  const room = slotsOf(access.table);
  if (room > access.calls.length) {
    access.calls = larger(access.calls, room);
    access.last = larger(access.last, room);
    access.days = larger(access.days, RING_WORDS * room);
  }
  const { service, subscription, product, api, operation } = told;
  for (const [i, text] of [service, subscription, product, api, operation].entries())
    access.texts[TEXTS * slot + i] = text;
  access.calls[slot] = 0;
  access.last[slot] = Number.NEGATIVE_INFINITY;
  emptyRing(access.days, slot);
  return slot;
}

/** What earlier versions kept. */
interface OldAccess {
  readonly uses: ReadonlyMap<string, Omit<AccessUse, "days"> & { readonly days: OldRing }>;
  readonly observed: ReadonlyMap<string, OldRing>;
  readonly beyond: number;
}

interface OldRing {
  readonly newest: number;
  readonly bits: readonly number[];
}

/** Uses, of what an earlier version kept too; `seed` is that of the names. */
export function gatewayAccessOf(kept: GatewayAccess | OldAccess, seed: number): GatewayAccess {
  if ("table" in kept) return kept;
  const access = createGatewayAccess();
  const pair: HashPair = { high: 0, low: 0 };
  for (const use of kept.uses.values()) {
    beginHash(pair, 1);
    for (const text of [use.service, use.subscription, use.product, use.operation, use.api]) {
      const [high, low] = text === "" ? NO_TEXT : hash64(text, seed);
      addHash(pair, high, low);
    }
    const slot = addUse(access, pair, use);
    access.calls[slot] = use.calls;
    access.last[slot] = use.last;
    access.days.set([use.days.newest + 1, ...use.days.bits], RING_WORDS * slot);
  }
  for (const [service, { newest, bits }] of kept.observed) {
    const ring = access.observed.size;
    access.observed.set(service, ring);
    access.observedDays.set([newest + 1, ...bits], RING_WORDS * ring);
  }
  access.beyond = kept.beyond;
  return access;
}

/** Words whose texts, lower-cased, tell a use, beside the API. */
const TELLING = Uint8Array.of(row.OWNER, row.SUBSCRIPTION, row.PRODUCT, row.OPERATION);

/** There is no room for more. */
const BEYOND = -1;

/** Counts gateway rows as uses of what a subscription or product opens; belongs to one table of names. */
export class AccessReader {
  readonly #access: GatewayAccess;
  readonly #ledger: Pick<Ledger, "until">;
  readonly #names: Names;
  /** By name id of an API: the hash of its text as a use has it; null for one without a text. */
  readonly #apis: (TextHash | null | undefined)[] = [];
  /** By name id of a service: its place among the observed ones, or `BEYOND`. */
  readonly #services = new Map<number, number>();
  /** The service that was looked for last. */
  #service = -1;
  #ring = BEYOND;
  /** By name id of a method: whether with it a browser asks for leave. */
  readonly #asks: (boolean | undefined)[] = [];
  readonly #pair: HashPair = { high: 0, low: 0 };
  /** Of the rows of a step that are uses: where they are, their keys, two words each, and what is found under them. */
  readonly #places = new Int32Array(STEP);
  readonly #keys = new Int32Array(2 * STEP);
  readonly #slots = new Int32Array(STEP);

  /** `ledger` tells up to when times are believed. */
  constructor(access: GatewayAccess, ledger: Pick<Ledger, "until">, names: Names) {
    this.#access = access;
    this.#ledger = ledger;
    this.#names = names;
  }

  /**
   * Reads rows in their order: the first `count` of `places`, gateway requests. What was refused is no use; what failed in
   * another way was let in.
   */
  readAll(table: EventTable, places: Int32Array, count: number): void {
    const uses = this.#access.table;
    for (let from = 0; from < count; from += STEP) {
      const end = Math.min(count, from + STEP);
      let chosen = 0;
      for (let i = from; i < end; i++) if (this.#choose(table, places[i] ?? 0, chosen)) chosen += 1;
      for (let i = 0; i < chosen; i++)
        this.#slots[i] = findKey(uses, this.#keys[2 * i] ?? 0, this.#keys[2 * i + 1] ?? 0);
      for (let i = 0; i < chosen; i++) this.#count(table, i);
    }
  }

  /** Whether the row is a use; its key is kept then, and where it is. */
  #choose(table: EventTable, place: number, into: number): boolean {
    const time = timeOf(table, place);
    if (time > this.#ledger.until) return false;
    const { words } = table;
    const at = WORDS * place;
    const service = words[at + row.OWNER] ?? 0;
    if (service !== this.#service) this.#ring = this.#serviceOf(service);
    this.#service = service;
    if (this.#ring >= 0) addDay(this.#access.observedDays, this.#ring, dayOf(time));
    const status = words[at + row.STATUS] ?? 0;
    // A browser asks for leave with neither key nor product.
    if (status === 401 || status === 403 || this.#asksForLeave(words[at + row.METHOD] ?? 0)) return false;
    if (words[at + row.SUBSCRIPTION] === 0 && words[at + row.PRODUCT] === 0) return false;
    const name = words[at + row.API] ?? 0;
    let api = this.#apis[name];
    if (api === undefined) this.#apis[name] = api = this.#apiOf(name);
    if (api === null) return false;
    const { high, low } = this.#keyOf(words, at, api);
    this.#places[into] = place;
    this.#keys[2 * into] = high;
    this.#keys[2 * into + 1] = low;
    return true;
  }

  #count(table: EventTable, chosen: number): void {
    const access = this.#access;
    const place = this.#places[chosen] ?? 0;
    const slot = this.#slots[chosen] ?? -1;
    const use = slot < 0 ? this.#useOf(table.words, WORDS * place, chosen) : slot;
    if (use < 0) {
      access.beyond += 1;
      return;
    }
    const time = timeOf(table, place);
    access.calls[use] = (access.calls[use] ?? 0) + 1;
    if (time > (access.last[use] ?? 0)) access.last[use] = time;
    addDay(access.days, use, dayOf(time));
  }

  #asksForLeave(method: number): boolean {
    return (this.#asks[method] ??= nameText(this.#names, method)?.toLowerCase() === "options");
  }

  #serviceOf(name: number): number {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const found = this.#observed((nameText(this.#names, name) ?? "").toLowerCase());
    if (this.#services.size >= MAX_SERVICES) this.#services.clear();
    this.#services.set(name, found);
    return found;
  }

  /** A use that was not found: a row before it in the step may have been its first. `BEYOND` where there are too many. */
  #useOf(words: Int32Array, at: number, chosen: number): number {
    const { table } = this.#access;
    const pair = { high: this.#keys[2 * chosen] ?? 0, low: this.#keys[2 * chosen + 1] ?? 0 };
    const known = findKey(table, pair.high, pair.low);
    if (known >= 0) return known;
    return table.size >= MAX_USES ? BEYOND : addUse(this.#access, pair, this.#textsOf(words, at));
  }

  #apiOf(name: number): TextHash | null {
    const text = revisionless((nameText(this.#names, name) ?? "").toLowerCase());
    return text === "" ? null : hash64(text, this.#names.seed);
  }

  #keyOf(words: Int32Array, at: number, [high, low]: TextHash): HashPair {
    const { hashes } = this.#names;
    const pair = this.#pair;
    beginHash(pair, 1);
    for (let i = 0; i < TELLING.length; i++) {
      const name = HASH_WORDS * (words[at + (TELLING[i] ?? 0)] ?? 0);
      addHash(pair, hashes[name + 2] ?? 0, hashes[name + 3] ?? 0);
    }
    addHash(pair, high, low);
    return pair;
  }

  #textsOf(words: Int32Array, at: number): AccessTexts {
    const text = (word: number): string => (nameText(this.#names, words[at + word] ?? 0) ?? "").toLowerCase();
    return {
      service: text(row.OWNER),
      subscription: text(row.SUBSCRIPTION),
      product: text(row.PRODUCT),
      api: revisionless(text(row.API)),
      operation: text(row.OPERATION),
    };
  }

  #observed(service: string): number {
    const { observed } = this.#access;
    const known = observed.get(service);
    if (known !== undefined) return known;
    if (observed.size >= MAX_SERVICES) return BEYOND;
    observed.set(service, observed.size);
    return observed.size - 1;
  }
}

type TextHash = readonly [high: number, low: number];

/** As names have it of what a log does not tell. */
const NO_TEXT: TextHash = [0, 0];

const revisionless = (api: string): string => api.replace(/;rev=\d{1,6}$/, "");
