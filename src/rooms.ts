import type { Accepted } from "./accept.ts";
import { createEventTable, type EventTable, fitted, WORDS } from "./model/event-table.ts";

/** Most rows of all that wait to be used again, 6 MB, and of one. */
const MOST = { rows: 32_768, rowsOfOne: 2_048 };

/**
 * Tables that the events of a batch are put into until they are committed, used again and again: as they last longer than
 * what is collected soon, and are no part of the heap, a steady stream of new ones would be many megabytes of garbage.
 */
export class Rooms {
  readonly #spare: EventTable[] = [];
  /** Rows that there is room for in them. */
  #rows = 0;

  /** An empty table. */
  take(): EventTable {
    const spare = this.#spare.pop();
    this.#rows -= spare === undefined ? 0 : rowsIn(spare);
    return spare ?? createEventTable();
  }

  /** What was put into the tables is needed no longer. */
  giveBack(inputs: readonly Accepted[]): void {
    for (const { events } of inputs) {
      const rows = rowsIn(events);
      if (rows === 0 || rows > MOST.rowsOfOne || this.#rows + rows > MOST.rows) continue;
      this.#rows += rows;
      events.count = 0;
      events.objects.clear();
      this.#spare.push(events);
    }
  }
}

const rowsIn = ({ words }: EventTable): number => words.length / WORDS;

/** The same input in no more room than it needs. */
export const fittedInput = (input: Accepted): Accepted => ({ ...input, events: fitted(input.events) });
