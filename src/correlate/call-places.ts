import type { Inference } from "../model/call.ts";
import type { EventTable } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";

/** A closed call as places of its events in a table; valid until the table's rows are given to others. */
export interface CallPlaces {
  readonly table: EventTable;
  readonly names: Names;
  /** Place of the gateway request; -1 where there is none. */
  readonly gateway: number;
  /** Places of the operations, in the order in which they were joined. */
  readonly operations: readonly number[];
  /** Where the operations are the request's only as far as times, statuses and kinds tell. */
  readonly inference?: Inference;
}
