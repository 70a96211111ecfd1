import { CALL_COLUMNS, columnPlace, type Row } from "../model/evidence.ts";
import { instantFromTicks } from "../model/time.ts";
import { formatMicros } from "./canonical.ts";
import { csvText } from "../lib/csv-text.ts";

const place = (name: string): number => columnPlace(CALL_COLUMNS, name);
const NAMED = ["identity", "caller_app", "caller_object", "subscription", "cosmos_principal", "credential"];
const PLACES = NAMED.map(place);
const TIME = place("time");
const OUTCOME = place("outcome");
/** Principals kept apart; what others did is counted in one line. */
const MOST = 100_000;

interface Counts {
  readonly names: readonly string[];
  calls: number;
  succeeded: number;
  refused: number;
  first: number;
  last: number;
}

/** Who called, with which identity and credential, how often, since when: a line each. */
export class Principals {
  readonly #counts = new Map<string, Counts>();
  #beyond: Counts | undefined;

  /** `row`: of the table of calls, as it is exported. */
  count(row: Row): void {
    const names = PLACES.map((at) => String(row[at] ?? ""));
    const counts = this.#of(names);
    const time = Number(row[TIME]);
    counts.calls += 1;
    if (row[OUTCOME] === "succeeded") counts.succeeded += 1;
    if (row[OUTCOME] === "refused") counts.refused += 1;
    counts.first = Math.min(counts.first, time);
    counts.last = Math.max(counts.last, time);
  }

  csv(): string {
    const rows = [...this.#counts.values(), ...(this.#beyond === undefined ? [] : [this.#beyond])];
    const lines = rows.map(({ names, calls, succeeded, refused, first, last }) =>
      [
        ...names.map(csvText),
        calls,
        succeeded,
        refused,
        formatMicros(instantFromTicks(first)),
        formatMicros(instantFromTicks(last)),
      ].join(","),
    );
    return [`${NAMED.join(",")},calls,succeeded,refused,first,last`, ...lines].map((line) => `${line}\r\n`).join("");
  }

  #of(names: readonly string[]): Counts {
    const key = JSON.stringify(names);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    if (this.#counts.size >= MOST) return (this.#beyond ??= noCounts(["(others)", "", "", "", "", ""]));
    const counts = noCounts(names);
    this.#counts.set(key, counts);
    return counts;
  }
}

const noCounts = (names: readonly string[]): Counts => ({
  names,
  calls: 0,
  succeeded: 0,
  refused: 0,
  first: Number.POSITIVE_INFINITY,
  last: Number.NEGATIVE_INFINITY,
});
