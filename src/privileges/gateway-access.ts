import { hash64 } from "../lib/hash.ts";
import { addHash, beginHash, type HashPair } from "../lib/hash-pair.ts";
import { addKey, clearTable, createTable64, findKey } from "../lib/table64.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { HASH_WORDS, type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { addDay, createDayRing, type DayRing } from "./day-ring.ts";
import { dayOf, KEPT_DAYS, type Ledger } from "./ledger.ts";
import { STEP } from "./row-memo.ts";

/** Which operations were called with which subscription and through which product, by days. Plain data. */
export interface GatewayAccess {
  /** By all texts of a use. */
  readonly uses: Map<string, AccessUse>;
  /** Service → days on which any call of it was logged. */
  readonly observed: Map<string, DayRing>;
  /** Calls beyond the uses that are kept. */
  beyond: number;
  /** How often uses were forgotten. */
  swept: number;
}

export interface AccessUse {
  /** This and all names below are lower-cased; revisions of an API are one. */
  readonly service: string;
  /** "" without a key. */
  readonly subscription: string;
  /** "" where the call came through no product. */
  readonly product: string;
  readonly api: string;
  readonly operation: string;
  calls: number;
  last: Instant;
  readonly days: DayRing;
}

const MAX_USES = 20_000;
const MAX_SERVICES = 200;

export const createGatewayAccess = (): GatewayAccess => ({ uses: new Map(), observed: new Map(), beyond: 0, swept: 0 });

/** Uses of which no day is kept any more are forgotten. */
export function forgetOldAccess(access: GatewayAccess, now: Instant): void {
  const oldest = dayOf(now) - KEPT_DAYS;
  for (const [key, { days }] of access.uses) if (days.newest <= oldest && access.uses.delete(key)) access.swept += 1;
}

/** Words whose texts, lower-cased, tell a use, beside the API. */
const TELLING = Uint8Array.of(row.OWNER, row.SUBSCRIPTION, row.PRODUCT, row.OPERATION);

/** Counts gateway rows as uses of what a subscription or product opens; belongs to one table of names. */
export class AccessReader {
  readonly #access: GatewayAccess;
  readonly #ledger: Pick<Ledger, "until">;
  readonly #names: Names;
  /** What `swept` was when the uses were put into the table. */
  #swept: number;
  /** By a hash of its telling texts: every use that is kept. */
  readonly #table = createTable64();
  #found: AccessUse[] = [];
  /** By name id of an API: the hash of its text as a use has it; null for one without a text. */
  readonly #apis: (TextHash | null | undefined)[] = [];
  /** By name id of a service. */
  readonly #services = new Map<number, DayRing | undefined>();
  /** The service that was looked for last. */
  #service = -1;
  #days: DayRing | undefined;
  /** By name id of a method: whether with it a browser asks for leave. */
  readonly #asks: (boolean | undefined)[] = [];
  readonly #pair: HashPair = { high: 0, low: 0 };
  /** Of the rows of a step that are uses: where they are, their keys, two words each, and what is found under them. */
  readonly #places = new Int32Array(STEP);
  readonly #keys = new Int32Array(2 * STEP);
  readonly #slots = new Int32Array(STEP);
  /** None of them can be a new one. */
  #isFull = false;

  /** `ledger` tells up to when times are believed. */
  constructor(access: GatewayAccess, ledger: Pick<Ledger, "until">, names: Names) {
    this.#access = access;
    this.#ledger = ledger;
    this.#names = names;
    this.#swept = access.swept;
    this.#index();
  }

  /**
   * Reads rows in their order: the first `count` of `places`, gateway requests. What was refused is no use; what failed in
   * another way was let in.
   */
  readAll(table: EventTable, places: Int32Array, count: number): void {
    if (this.#swept !== this.#access.swept) this.#index();
    for (let from = 0; from < count; from += STEP) {
      const end = Math.min(count, from + STEP);
      let chosen = 0;
      for (let i = from; i < end; i++) if (this.#choose(table, places[i] ?? 0, chosen)) chosen += 1;
      for (let i = 0; i < chosen; i++)
        this.#slots[i] = findKey(this.#table, this.#keys[2 * i] ?? 0, this.#keys[2 * i + 1] ?? 0);
      this.#isFull = this.#access.uses.size >= MAX_USES && this.#table.size === this.#access.uses.size;
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
    if (service !== this.#service) this.#days = this.#serviceOf(service);
    this.#service = service;
    if (this.#days !== undefined) addDay(this.#days, dayOf(time));
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
    const place = this.#places[chosen] ?? 0;
    const slot = this.#slots[chosen] ?? -1;
    const use = slot < 0 ? this.#useOf(table.words, WORDS * place, chosen) : this.#found[slot];
    if (use === undefined) {
      this.#access.beyond += 1;
      return;
    }
    const time = timeOf(table, place);
    use.calls += 1;
    if (time > use.last) use.last = time;
    addDay(use.days, dayOf(time));
  }

  #asksForLeave(method: number): boolean {
    return (this.#asks[method] ??= nameText(this.#names, method)?.toLowerCase() === "options");
  }

  #serviceOf(name: number): DayRing | undefined {
    const known = this.#services.get(name);
    if (known !== undefined || this.#services.has(name)) return known;
    const found = this.#observed((nameText(this.#names, name) ?? "").toLowerCase());
    if (this.#services.size >= MAX_SERVICES) this.#services.clear();
    this.#services.set(name, found);
    return found;
  }

  /** A use that was not found: a row before it in the step may have been its first. Undefined where there are too many. */
  #useOf(words: Int32Array, at: number, chosen: number): AccessUse | undefined {
    if (this.#isFull) return undefined;
    const { uses } = this.#access;
    const [high, low] = [this.#keys[2 * chosen] ?? 0, this.#keys[2 * chosen + 1] ?? 0];
    let known = findKey(this.#table, high, low);
    if (known < 0 && this.#table.size !== uses.size) {
      this.#index();
      known = findKey(this.#table, high, low);
    }
    if (known >= 0) return this.#found[known];
    if (uses.size >= MAX_USES) return undefined;
    const use = this.#newUse(words, at);
    this.#found[addKey(this.#table, high, low)] = use;
    return use;
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

  /** Puts the uses that are kept into the table, where they have other slots then: what is not found there is new. */
  #index(): void {
    this.#slots.fill(-1);
    const pair = this.#pair;
    this.#swept = this.#access.swept;
    this.#found = [];
    clearTable(this.#table);
    for (const use of this.#access.uses.values()) {
      beginHash(pair, 1);
      for (const text of [use.service, use.subscription, use.product, use.operation, use.api]) {
        const [high, low] = text === "" ? NO_TEXT : hash64(text, this.#names.seed);
        addHash(pair, high, low);
      }
      const known = findKey(this.#table, pair.high, pair.low);
      this.#found[known < 0 ? addKey(this.#table, pair.high, pair.low) : known] = use;
    }
  }

  #newUse(words: Int32Array, at: number): AccessUse {
    const text = (word: number): string => (nameText(this.#names, words[at + word] ?? 0) ?? "").toLowerCase();
    const told = {
      service: text(row.OWNER),
      subscription: text(row.SUBSCRIPTION),
      product: text(row.PRODUCT),
      api: revisionless(text(row.API)),
      operation: text(row.OPERATION),
    };
    const use: AccessUse = { ...told, calls: 0, last: EARLIEST, days: createDayRing() };
    this.#access.uses.set(keyOf(told), use);
    return use;
  }

  #observed(service: string): DayRing | undefined {
    const { observed } = this.#access;
    const known = observed.get(service);
    if (known !== undefined || observed.size >= MAX_SERVICES) return known;
    const ring = createDayRing();
    observed.set(service, ring);
    return ring;
  }
}

/** All texts of a use, and where each ends: no two uses have the same. */
function keyOf({ service, subscription, product, api, operation }: Omit<AccessUse, "calls" | "last" | "days">): string {
  const ends = `${service.length},${subscription.length},${product.length},${api.length}`;
  return `${ends}:${service}${subscription}${product}${api}${operation}`;
}

type TextHash = readonly [high: number, low: number];

/** As names have it of what a log does not tell. */
const NO_TEXT: TextHash = [0, 0];

const EARLIEST = instantFromTicks(Number.NEGATIVE_INFINITY);

const revisionless = (api: string): string => api.replace(/;rev=\d{1,6}$/, "");
