import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { hash64 } from "../lib/hash.ts";
import { addHash, beginHash, type HashPair } from "../lib/hash-pair.ts";
import { addKey, createTable64, findKey, removeSlot, type Table64 } from "../lib/table64.ts";
import { HASH_WORDS, type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks, plusMs } from "../model/time.ts";
import { RowMemo, STEP } from "./row-memo.ts";

/** What a gateway let in: calls that succeeded, by what identified them. Plain data. */
export interface GatewayUse {
  /** By a hash of all texts of a row. */
  readonly table: Table64;
  /** By slot of the table; undefined where the slot is free. */
  readonly rows: (GatewayCount | undefined)[];
  /** Calls beyond the rows that are kept. */
  beyond: number;
  /** How often rows were forgotten. */
  swept: number;
}

/** What the gateway logged of the caller's token. */
export type TokenState = "validated" | "unverified" | "none";

export interface GatewayCount {
  readonly service: string;
  readonly api: string;
  readonly operation: string;
  /** "" without a subscription key. */
  readonly subscription: string;
  /** Application id of the token; "" without one. */
  readonly app: string;
  /** `scp:` and `role:` with each scope and role of the token, sorted. */
  readonly scopes: readonly string[];
  readonly token: TokenState;
  calls: number;
  first: Instant;
  last: Instant;
}

const MAX_ROWS = 20_000;
const MAX_SCOPES = 50;
const KEPT_MS = 30 * 86_400_000;

export const createGatewayUse = (): GatewayUse => ({ table: createTable64(), rows: [], beyond: 0, swept: 0 });

/** What was not seen for 30 days is forgotten: what it told is over. */
export function forgetQuiet(use: GatewayUse, now: Instant): void {
  const oldest = plusMs(now, -KEPT_MS);
  use.rows.forEach((count, slot) => {
    if (count === undefined || count.last >= oldest) return;
    removeSlot(use.table, slot);
    use.rows[slot] = undefined;
    use.swept += 1;
  });
}

/** The rows that are kept, in no order that tells anything. */
export const countsOf = ({ rows }: GatewayUse): readonly GatewayCount[] => rows.filter((count) => count !== undefined);

/** Counts gateway rows; belongs to one table of names. */
export class GatewayReader {
  readonly #use: GatewayUse;
  readonly #names: Names;
  readonly #scopes: RowMemo<ScopeSet>;
  /** By name id of a method: whether with it a browser asks for leave. */
  readonly #asks: (boolean | undefined)[] = [];
  readonly #pair: HashPair = { high: 0, low: 0 };
  /** Of the rows of a step that are counted: where they are, their keys, two words each, and what is found under them. */
  readonly #places = new Int32Array(STEP);
  readonly #keys = new Int32Array(2 * STEP);
  readonly #slots = new Int32Array(STEP);
  /** None of them can be a new one. */
  #isFull = false;

  constructor(use: GatewayUse, names: Names) {
    this.#use = use;
    this.#names = names;
    this.#scopes = new RowMemo([row.SCOPES, row.ROLES], names.seed);
  }

  /** Counts rows in their order: the first `count` of `places`, gateway requests. */
  readAll(table: EventTable, places: Int32Array, count: number): void {
    for (let from = 0; from < count; from += STEP) {
      const end = Math.min(count, from + STEP);
      let chosen = 0;
      for (let i = from; i < end; i++) if (this.#choose(table, places[i] ?? 0, chosen)) chosen += 1;
      for (let i = 0; i < chosen; i++)
        this.#slots[i] = findKey(this.#use.table, this.#keys[2 * i] ?? 0, this.#keys[2 * i + 1] ?? 0);
      this.#isFull = this.#use.table.size >= MAX_ROWS;
      for (let i = 0; i < chosen; i++) this.#count(table, i);
    }
  }

  /** Whether the row is counted; its key is kept then, and where it is. */
  #choose({ words }: EventTable, place: number, into: number): boolean {
    const at = WORDS * place;
    const status = words[at + row.STATUS] ?? 0;
    const traits = words[at + row.TRAITS] ?? 0;
    // A log entry that was too large has lost its trace: it does not tell whether there was a token.
    if (status < 200 || status >= 400 || (traits & row.TRUNCATED) !== 0) return false;
    // A browser asks for leave without any token.
    if (words[at + row.API] === 0 || this.#asksForLeave(words[at + row.METHOD] ?? 0)) return false;
    const token = tokenOf(traits);
    const { high, low } = this.#keyOf(words, at, token, this.#scopesOf(words, at, token));
    this.#places[into] = place;
    this.#keys[2 * into] = high;
    this.#keys[2 * into + 1] = low;
    return true;
  }

  #count(table: EventTable, chosen: number): void {
    const place = this.#places[chosen] ?? 0;
    const slot = this.#slots[chosen] ?? -1;
    const count = slot < 0 ? this.#newCount(table.words, WORDS * place, chosen) : this.#use.rows[slot];
    if (count === undefined) {
      this.#use.beyond += 1;
      return;
    }
    const time = timeOf(table, place);
    count.calls += 1;
    if (time < count.first) count.first = time;
    if (time > count.last) count.last = time;
  }

  #asksForLeave(method: number): boolean {
    return (this.#asks[method] ??= nameText(this.#names, method)?.toUpperCase() === "OPTIONS");
  }

  /** A row before it in the step may have been the first of its kind. Undefined where there are too many. */
  #newCount(words: Int32Array, at: number, chosen: number): GatewayCount | undefined {
    if (this.#isFull) return undefined;
    const { table, rows } = this.#use;
    const [high, low] = [this.#keys[2 * chosen] ?? 0, this.#keys[2 * chosen + 1] ?? 0];
    const known = findKey(table, high, low);
    const found = known < 0 ? undefined : rows[known];
    if (found !== undefined || table.size >= MAX_ROWS) return found;
    const text = (word: number): string => nameText(this.#names, words[at + word] ?? 0) ?? "";
    const token = tokenOf(words[at + row.TRAITS] ?? 0);
    const count: GatewayCount = {
      service: text(row.OWNER),
      api: text(row.API),
      operation: text(row.OPERATION),
      subscription: text(row.SUBSCRIPTION),
      app: token === "validated" ? text(row.APP_ID) : "",
      scopes: this.#scopesOf(words, at, token).texts,
      token,
      calls: 0,
      first: LATEST,
      last: EARLIEST,
    };
    rows[addKey(table, high, low)] = count;
    return count;
  }

  /** The hash of what tells a row, the same for the same texts under any table of names of this seed. */
  #keyOf(words: Int32Array, at: number, token: TokenState, scopes: ScopeSet): HashPair {
    const { hashes } = this.#names;
    const pair = this.#pair;
    beginHash(pair, TOKEN_STATES.indexOf(token));
    const telling = token === "validated" ? VALIDATED : KEYED;
    for (let i = 0; i < telling.length; i++) {
      const name = HASH_WORDS * (words[at + (telling[i] ?? 0)] ?? 0);
      addHash(pair, hashes[name] ?? 0, hashes[name + 1] ?? 0);
    }
    addHash(pair, scopes.high, scopes.low);
    return pair;
  }

  /** What nobody validated names nobody. */
  #scopesOf(words: Int32Array, at: number, token: TokenState): ScopeSet {
    if (token !== "validated") return NO_SCOPES;
    const known = this.#scopes.get(words, at);
    if (known !== undefined) return known;
    const text = (word: number): string => nameText(this.#names, words[at + word] ?? 0) ?? "";
    const texts = scopesOf(text(row.SCOPES), text(row.ROLES));
    const [high, low] = hash64(texts.join(" "), this.#names.seed);
    return this.#scopes.put(words, at, { texts, high, low });
  }
}

function tokenOf(traits: number): TokenState {
  if ((traits & row.CLAIMS_VALIDATED) !== 0) return "validated";
  return (traits & row.HAS_CLAIMS) === 0 ? "none" : "unverified";
}

/** Scopes and roles, and the hash of them. */
interface ScopeSet {
  readonly texts: readonly string[];
  readonly high: number;
  readonly low: number;
}

const NO_SCOPES: ScopeSet = { texts: [], high: 0, low: 0 };
const TOKEN_STATES: readonly TokenState[] = ["validated", "unverified", "none"];
/** Words whose texts tell rows apart, beside scopes and roles. */
const KEYED = Uint8Array.of(row.OWNER, row.API, row.OPERATION, row.SUBSCRIPTION);
const VALIDATED = Uint8Array.of(...KEYED, row.APP_ID);

const LATEST = instantFromTicks(Number.POSITIVE_INFINITY);
const EARLIEST = instantFromTicks(Number.NEGATIVE_INFINITY);

function scopesOf(scopes: string, roles: string): readonly string[] {
  const parts = (text: string, kind: string): string[] =>
    text
      .split(/\s+/)
      .filter((part) => part !== "")
      .map((part) => `${kind}:${part}`);
  return [...new Set([...parts(scopes, "scp"), ...parts(roles, "role")])].toSorted().slice(0, MAX_SCOPES);
}
