import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import { type Names, nameText } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import { addDay, createDayRing, type DayRing } from "./day-ring.ts";
import { dayOf, KEPT_DAYS, type Ledger } from "./ledger.ts";
import { RowMemo } from "./row-memo.ts";

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

const TELLING = [row.OWNER, row.API, row.OPERATION, row.SUBSCRIPTION, row.PRODUCT, row.METHOD] as const;

interface Found {
  readonly observed: DayRing | undefined;
  readonly use: AccessUse | "none" | "beyond";
}

/** Counts gateway rows as uses of what a subscription or product opens; belongs to one table of names. */
export class AccessReader {
  readonly #access: GatewayAccess;
  readonly #ledger: Pick<Ledger, "until">;
  readonly #names: Names;
  /** Of a row, what `swept` was when it was looked for. */
  #swept: number;
  #memo: RowMemo<Found>;

  /** `ledger` tells up to when times are believed. */
  constructor(access: GatewayAccess, ledger: Pick<Ledger, "until">, names: Names) {
    this.#access = access;
    this.#ledger = ledger;
    this.#names = names;
    this.#swept = access.swept;
    this.#memo = new RowMemo(TELLING, names.seed);
  }

  /** The row is a gateway request. What was refused is no use; what failed in another way was let in. */
  readOne(table: EventTable, place: number): void {
    const time = timeOf(table, place);
    if (time > this.#ledger.until) return;
    if (this.#swept !== this.#access.swept) {
      this.#swept = this.#access.swept;
      this.#memo = new RowMemo(TELLING, this.#names.seed);
    }
    const { words } = table;
    const at = WORDS * place;
    const status = words[at + row.STATUS] ?? 0;
    const isRefused = status === 401 || status === 403;
    const { observed, use } = this.#memo.get(words, at, Number(isRefused), () => this.#find(words, at, isRefused));
    const day = dayOf(time);
    if (observed !== undefined) addDay(observed, day);
    if (use === "none") return;
    if (use === "beyond") {
      this.#access.beyond += 1;
      return;
    }
    use.calls += 1;
    if (time > use.last) use.last = time;
    addDay(use.days, day);
  }

  #find(words: Int32Array, at: number, isRefused: boolean): Found {
    const text = (word: number): string => (nameText(this.#names, words[at + word] ?? 0) ?? "").toLowerCase();
    const told = {
      service: text(row.OWNER),
      subscription: text(row.SUBSCRIPTION),
      product: text(row.PRODUCT),
      api: revisionless(text(row.API)),
      operation: text(row.OPERATION),
    };
    const observed = this.#observed(told.service);
    const isTold = told.api !== "" && (told.subscription !== "" || told.product !== "");
    // A browser asks for leave with neither key nor product.
    if (isRefused || !isTold || text(row.METHOD) === "options") return { observed, use: "none" };
    const { uses } = this.#access;
    const key = JSON.stringify(Object.values(told));
    const known = uses.get(key);
    if (known !== undefined) return { observed, use: known };
    if (uses.size >= MAX_USES) return { observed, use: "beyond" };
    const use: AccessUse = { ...told, calls: 0, last: EARLIEST, days: createDayRing() };
    uses.set(key, use);
    return { observed, use };
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

const EARLIEST = instantFromTicks(Number.NEGATIVE_INFINITY);

const revisionless = (api: string): string => api.replace(/;rev=\d{1,6}$/, "");
