import type { Accepted } from "./accept.ts";
import type { Analysis } from "./analysis.ts";
import { type EventTable, timeOf } from "./model/event-table.ts";
import { type Instant, instantFromMs, plusMs } from "./model/time.ts";
import { addLoss, hearOf, openLoss } from "./privileges/losses.ts";
import { learnHeard, learnPlace } from "./privileges/standing.ts";

const DAY_MS = 86_400_000;

/** Lists of roles and sums of operations are of no moment: they count when they come. */
export function hear({ standing, now }: Analysis, { facts, lists, enqueued }: Accepted): void {
  if (facts === undefined || (facts.length === 0 && lists === undefined)) return;
  const at = enqueued === undefined ? now : instantFromMs(enqueued);
  // Clocks differ by less than a day: one sum dated 2099 must not push out all kept days.
  const until = enqueued === undefined ? {} : { until: plusMs(at, DAY_MS) };
  learnHeard(standing, { facts, ...(lists === undefined ? {} : { lists }), ...until }, at);
}

/** Records that are missing, or may be: days that they touch are not observed. */
export function miss({ standing, reorder, now }: Analysis, accepted: Accepted): void {
  const { losses } = standing.privileges;
  const { partition, gap, unsure, events, caughtUp, silent, left = false } = accepted;
  const newestOf = (name: string): Instant => {
    const newest = reorder.partitions.get(name)?.newest ?? BEFORE_EVENTS;
    return newest > BEFORE_EVENTS ? newest : now;
  };
  for (const name of silent ?? []) {
    const from = newestOf(name);
    if (from <= BEFORE_EVENTS) continue;
    if (left) addLoss(losses, { partition: name, because: "source-ended", from, to: from });
    else openLoss(losses, { partition: name, because: "silent", from });
  }
  if (silent !== undefined) return;
  const from = newestOf(partition);
  if (gap !== undefined && from > BEFORE_EVENTS) openLoss(losses, { partition, because: "past-retention", from });
  if (unsure !== undefined)
    addLoss(losses, {
      partition,
      because: "not-compared",
      from: instantFromMs(unsure.from),
      to: instantFromMs(unsure.to),
    });
  if (losses.open.size > 0) hearOf(losses, { partition, first: firstOf(events), caughtUp });
}

const BEFORE_EVENTS = instantFromMs(0);

function firstOf(events: EventTable): Instant | undefined {
  let first: Instant | undefined;
  for (let place = 0; place < events.count; place++) {
    const time = timeOf(events, place);
    if (first === undefined || time < first) first = time;
  }
  return first;
}

/** A row's use of privileges. */
export const stand = ({ standing, names, held }: Analysis, place: number): void =>
  learnPlace(standing, names, held.table, place);
