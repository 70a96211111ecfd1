import type { Accepted } from "./accept.ts";
import { createEventTable, type EventTable, fitted, WORDS } from "./model/event-table.ts";

/** Most that wait to be used again, and most rows of one. */
const MOST = { tables: 512, rows: 2_048 };

/**
 * Tables that the events of a batch are put into until they are committed, used again and again: as they last longer than
 * what is collected soon, and are no part of the heap, a steady stream of new ones would be many megabytes of garbage.
 */
export class Rooms {
  readonly #spare: EventTable[] = [];

  /** An empty table. */
  take(): EventTable {
    return this.#spare.pop() ?? createEventTable();
  }

  /** What was put into the tables is needed no longer. */
  giveBack(inputs: readonly Accepted[]): void {
    for (const { events } of inputs) {
      if (this.#spare.length >= MOST.tables) return;
      if (events.words.length === 0 || events.words.length > MOST.rows * WORDS) continue;
      events.count = 0;
      events.objects.clear();
      this.#spare.push(events);
    }
  }
}

/** The same input in no more room than it needs. */
export const fittedInput = (input: Accepted): Accepted => ({ ...input, events: fitted(input.events) });
