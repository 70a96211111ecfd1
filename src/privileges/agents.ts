import { userAgentFamily } from "../correlate/network.ts";
import * as row from "../model/event-table.ts";
import { type EventTable, timeOf, WORDS } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import type { Instant } from "../model/time.ts";
import type { Ledger } from "./ledger.ts";

/** Tells rows of probes and scanners by their user agents; belongs to one table of names. */
export class Agents {
  readonly #ledger: Pick<Ledger, "ignored">;
  readonly #names: Names;
  /** By name id. */
  readonly #until: (Instant | "never" | undefined)[] = [];

  constructor(ledger: Pick<Ledger, "ignored">, names: Names) {
    this.#ledger = ledger;
    this.#names = names;
  }

  isIgnored(table: EventTable, place: number): boolean {
    const name = table.words[WORDS * place + row.USER_AGENT] ?? 0;
    if (name === 0) return false;
    let until = this.#until[name];
    if (until === undefined) {
      until = this.#ledger.ignored.get(userAgentFamily(this.#names.texts[name] ?? "") ?? "") ?? "never";
      this.#until[name] = until;
    }
    return until !== "never" && timeOf(table, place) <= until;
  }
}
