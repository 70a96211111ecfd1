import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks, plusMs } from "../model/time.ts";
import { RowMemo } from "./row-memo.ts";

/** What a gateway let in: calls that succeeded, by what identified them. Plain data. */
export interface GatewayUse {
  /** By all texts of a row. */
  readonly rows: Map<string, GatewayCount>;
  /** Calls beyond the rows that are kept. */
  beyond: number;
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

export const createGatewayUse = (): GatewayUse => ({ rows: new Map(), beyond: 0 });

/** What was not seen for 30 days is forgotten: what it told is over. */
export function forgetQuiet({ rows }: GatewayUse, now: Instant): void {
  const oldest = plusMs(now, -KEPT_MS);
  for (const [key, { last }] of rows) if (last < oldest) rows.delete(key);
}

const TELLING = [
  row.OWNER,
  row.API,
  row.OPERATION,
  row.SUBSCRIPTION,
  row.APP_ID,
  row.SCOPES,
  row.ROLES,
  row.METHOD,
] as const;

/** Where a row is counted; `none` where it tells nothing. */
interface Found {
  readonly count: GatewayCount | "none" | "beyond";
}

/** Counts gateway rows; belongs to one table of names. */
export class GatewayReader {
  readonly #use: GatewayUse;
  readonly #names: Names;
  readonly #memo = new RowMemo<Found>(TELLING);

  constructor(use: GatewayUse, names: Names) {
    this.#use = use;
    this.#names = names;
  }

  /** The row is a gateway request. */
  readOne(table: EventTable, place: number): void {
    const { words } = table;
    const at = WORDS * place;
    const status = words[at + row.STATUS] ?? 0;
    // A log entry that was too large has lost its trace: it does not tell whether there was a token.
    const traits = (words[at + row.TRAITS] ?? 0) & (row.HAS_CLAIMS | row.CLAIMS_VALIDATED | row.TRUNCATED);
    if (status < 200 || status >= 400 || (traits & row.TRUNCATED) !== 0) return;
    const { count } = this.#memo.get(words, at, traits, () => this.#find(words, at, traits));
    if (count === "none") return;
    if (count === "beyond") {
      this.#use.beyond += 1;
      return;
    }
    const time = timeOf(table, place);
    count.calls += 1;
    if (time < count.first) count.first = time;
    if (time > count.last) count.last = time;
  }

  #find(words: Int32Array, at: number, traits: number): Found {
    const text = (word: number): string => nameText(this.#names, words[at + word] ?? 0) ?? "";
    const api = text(row.API);
    // A browser asks for leave without any token.
    if (api === "" || text(row.METHOD).toUpperCase() === "OPTIONS") return { count: "none" };
    const token: TokenState =
      (traits & row.CLAIMS_VALIDATED) !== 0 ? "validated" : (traits & row.HAS_CLAIMS) !== 0 ? "unverified" : "none";
    const told = {
      service: text(row.OWNER),
      api,
      operation: text(row.OPERATION),
      subscription: text(row.SUBSCRIPTION),
      // What nobody validated names nobody.
      app: token === "validated" ? text(row.APP_ID) : "",
      scopes: token === "validated" ? scopesOf(text(row.SCOPES), text(row.ROLES)) : [],
      token,
    };
    const key = JSON.stringify(Object.values(told));
    const { rows } = this.#use;
    const known = rows.get(key);
    if (known !== undefined) return { count: known };
    if (rows.size >= MAX_ROWS) return { count: "beyond" };
    const count: GatewayCount = { ...told, calls: 0, first: LATEST, last: EARLIEST };
    rows.set(key, count);
    return { count };
  }
}

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
