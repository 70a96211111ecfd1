import { CALL_COLUMNS, type CallEvidence, columnPlace } from "../model/evidence.ts";
import { formatInstant, type Instant, instantFromTicks, TICKS_PER_MS } from "../model/time.ts";
import type { Reconciliation } from "./manifest.ts";

const MATCH = columnPlace(CALL_COLUMNS, "match");
const CUT = columnPlace(CALL_COLUMNS, "truncated");
const TO_COSMOS = columnPlace(CALL_COLUMNS, "to_cosmos");
const TICKS_PER_HOUR = 3_600_000 * TICKS_PER_MS;
/** Hours that are kept apart: more than a year; of more, the rest is counted as one. */
const HOURS = 10_000;
/** Silent hours that are listed between two that are not. */
const SILENT = 1_000;

interface Hour {
  calls: number;
  /** Calls whose backend is Cosmos DB itself. */
  cosmosCalls: number;
  joined: number;
  operations: number;
  operationsWithoutCall: number;
  truncated: number;
}

const noHour = (): Hour => ({
  calls: 0,
  cosmosCalls: 0,
  joined: 0,
  operations: 0,
  operationsWithoutCall: 0,
  truncated: 0,
});

/** By hour of event time: what the gateway says reached Cosmos DB, and what Cosmos DB logged; as far as ids tell. */
export class Hours {
  readonly #hours = new Map<number, Hour>();
  readonly #beyond = noHour();
  readonly #total = noHour();

  count({ time, call, operations }: CallEvidence): void {
    const hour = this.#of(time);
    for (const counts of [hour, this.#total]) {
      counts.calls += 1;
      counts.operations += operations.length;
      const isJoined = call[MATCH] === "exact";
      if (!isJoined) counts.operationsWithoutCall += operations.length;
      if (call[CUT] === true) counts.truncated += 1;
      if (call[TO_COSMOS] !== true) continue;
      counts.cosmosCalls += 1;
      if (isJoined) counts.joined += 1;
    }
  }

  reconciliation(): Reconciliation {
    const { cosmosCalls, joined, operationsWithoutCall } = this.#total;
    return { cosmosCalls, joined, notLogged: cosmosCalls - joined, operationsWithoutCall };
  }

  /** A line an hour, silent ones too, in order. */
  csv(): string {
    const lines = [
      "hour,calls,calls_to_cosmos,logged_by_cosmos,not_logged_by_cosmos,operations,operations_without_call,truncated_entries",
    ];
    const hours = [...this.#hours.keys()].toSorted((a, b) => a - b);
    for (const [i, hour] of hours.entries()) {
      const next = hours[i + 1] ?? hour + 1;
      lines.push(lineOf(hourText(hour), this.#hours.get(hour) ?? noHour()));
      for (let silent = hour + 1; silent < Math.min(next, hour + SILENT); silent++)
        lines.push(lineOf(hourText(silent), noHour()));
      if (next > hour + SILENT) lines.push(lineOf(`no record until ${hourText(next)}`, noHour()));
    }
    if (this.#beyond.calls > 0) lines.push(lineOf("beyond the hours that are listed", this.#beyond));
    return lines.map((line) => `${line}\r\n`).join("");
  }

  #of(at: Instant): Hour {
    const hour = Math.floor(at / TICKS_PER_HOUR);
    const known = this.#hours.get(hour);
    if (known !== undefined) return known;
    if (this.#hours.size >= HOURS) return this.#beyond;
    const counts = noHour();
    this.#hours.set(hour, counts);
    return counts;
  }
}

const hourText = (hour: number): string => formatInstant(instantFromTicks(hour * TICKS_PER_HOUR));

const lineOf = (name: string, hour: Hour): string =>
  [
    name,
    hour.calls,
    hour.cosmosCalls,
    hour.joined,
    hour.cosmosCalls - hour.joined,
    hour.operations,
    hour.operationsWithoutCall,
    hour.truncated,
  ].join(",");
