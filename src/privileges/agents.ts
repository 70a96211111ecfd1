import { userAgentFamily } from "../correlate/network.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import { type Instant, instantFromTicks } from "../model/time.ts";
import type { Ledger } from "./ledger.ts";

/** Tells rows of probes and scanners by their user agents; belongs to one table of names. */
export class Agents {
  readonly #ledger: Pick<Ledger, "ignored">;
  readonly #names: Names;
  /** By name id. */
  readonly #until: (Instant | undefined)[] = [];

  constructor(ledger: Pick<Ledger, "ignored">, names: Names) {
    this.#ledger = ledger;
    this.#names = names;
  }

  isIgnored(table: EventTable, place: number): boolean {
    const name = table.words[WORDS * place + row.USER_AGENT] ?? 0;
    if (name === 0) return false;
    const known = this.#until[name];
    if (known !== undefined) return timeOf(table, place) <= known;
    const until = ignoredUntil(this.#ledger, userAgentFamily(this.#names.texts[name] ?? "") ?? "");
    this.#until[name] = until;
    return timeOf(table, place) <= until;
  }
}

/** Whether what the family of agents does at a time is nobody's use. */
export const isIgnored = (ledger: Pick<Ledger, "ignored">, family: string, time: Instant): boolean =>
  time <= ignoredUntil(ledger, family);

const ignoredUntil = ({ ignored }: Pick<Ledger, "ignored">, family: string): Instant => ignored.get(family) ?? NEVER;

const NEVER = instantFromTicks(Number.NEGATIVE_INFINITY);
