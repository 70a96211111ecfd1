import type { Accepted } from "../src/accept.ts";
import type { Analysis } from "../src/analysis.ts";
import { createTally } from "../src/findings/input-counts.ts";
import type { Event } from "../src/model/event.ts";
import { createEventTable, type EventTable } from "../src/model/event-table.ts";
import type { Finding } from "../src/model/finding.ts";
import type { Names } from "../src/model/names.ts";
import { putEvent } from "../src/normalize/event-row.ts";
import { followTable } from "../src/pipeline.ts";

export function tableOf(names: Names, events: readonly Event[]): EventTable {
  const table = createEventTable();
  for (const event of events) putEvent(table, names, event);
  return table;
}

/** Events as one partition gives them. */
export const batchOf = ({ names }: Analysis, events: readonly Event[]): Accepted => ({
  partition: "0",
  events: tableOf(names, events),
  texts: [],
  tally: createTally(),
  caughtUp: false,
  enqueued: undefined,
  gap: undefined,
});

/** Follows events that are in the order of event time. */
export const follow = (analysis: Analysis, events: readonly Event[]): readonly Finding[] =>
  followTable(analysis, tableOf(analysis.names, events));
