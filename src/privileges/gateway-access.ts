import { hash64 } from "../lib/hash.ts";
import { addHash, beginHash, type HashPair } from "../lib/hash-pair.ts";
import { addKey, clearTable, createTable64, findKey } from "../lib/table64.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { HASH_WORDS, type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { addDay, createDayRing, type DayRing } from "./day-ring.ts";
import { dayOf, KEPT_DAYS, type Ledger } from "./ledger.ts";

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

type Found = AccessUse | "none" | "beyond";

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

  /** `ledger` tells up to when times are believed. */
  constructor(access: GatewayAccess, ledger: Pick<Ledger, "until">, names: Names) {
    this.#access = access;
    this.#ledger = ledger;
    this.#names = names;
    this.#swept = access.swept;
    this.#index();
  }

  /** The row is a gateway request. What was refused is no use; what failed in another way was let in. */
  readOne(table: EventTable, place: number): void {
    const time = timeOf(table, place);
    if (time > this.#ledger.until) return;
    const { words } = table;
    const at = WORDS * place;
    const day = dayOf(time);
    const service = words[at + row.OWNER] ?? 0;
    if (service !== this.#service) this.#days = this.#serviceOf(service);
    this.#service = service;
    if (this.#days !== undefined) addDay(this.#days, day);
    const status = words[at + row.STATUS] ?? 0;
    // A browser asks for leave with neither key nor product.
    if (status === 401 || status === 403 || this.#asksForLeave(words[at + row.METHOD] ?? 0)) return;
    if (words[at + row.SUBSCRIPTION] === 0 && words[at + row.PRODUCT] === 0) return;
    const use = this.#useOf(words, at);
    if (use === "none") return;
    if (use === "beyond") {
      this.#access.beyond += 1;
      return;
    }
    use.calls += 1;
    if (time > use.last) use.last = time;
    addDay(use.days, day);
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

  #useOf(words: Int32Array, at: number): Found {
    const { uses, swept } = this.#access;
    const name = words[at + row.API] ?? 0;
    let api = this.#apis[name];
    if (api === undefined) this.#apis[name] = api = this.#apiOf(name);
    if (api === null) return "none";
    if (this.#swept !== swept) this.#index();
    const { high, low } = this.#keyOf(words, at, api);
    let known = findKey(this.#table, high, low);
    if (known < 0 && this.#table.size !== uses.size) {
      this.#index();
      known = findKey(this.#table, high, low);
    }
    if (known >= 0) return this.#found[known] ?? "none";
    if (uses.size >= MAX_USES) return "beyond";
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

  /** Puts the uses that are kept into the table: what is not found there is new. */
  #index(): void {
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
