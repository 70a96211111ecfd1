import { type EventTable, kindOf, timeOf } from "../model/event-table.ts";
import type { Names } from "../model/names.ts";
import { type DurationMs, type EpochMs, epochMs, type Instant, instantFromMs, plusMs } from "../model/time.ts";
import type { Wait } from "./delays.ts";
import { type Held, hold } from "./held.ts";
import { compareRows } from "./row-event.ts";

interface PartitionClock {
  newest: Instant;
  /** When what was read last had reached the broker. */
  arrived: EpochMs | undefined;
  caughtUp: boolean;
}

/**
 * Puts events in the order of event time. Holds each until the watermark has passed it: the newest event time of the
 * slowest partition that still has input, less the lateness, or less what the logs were measured to need where that is more.
 */
export interface Reorder {
  lateness: DurationMs;
  /** Events that may be held. */
  readonly limit: number;
  /** Second of event time → places of its events among the held rows. */
  readonly seconds: Map<number, number[]>;
  /** The seconds, as a binary heap. */
  readonly heap: number[];
  held: number;
  readonly partitions: Map<string, PartitionClock>;
  /** Never moves back. */
  watermark: Instant;
  /** Events older than the watermark when they came: still used, but out of order. */
  late: number;
  /** Events let go early because `limit` was reached: a partition that is far behind held the watermark back. */
  crowded: number;
  /** Partitions that were behind and silent, and were waited for no longer. */
  silent: number;
}

const BEGINNING = instantFromMs(-8_640_000_000_000_000);
const END = instantFromMs(8_640_000_000_000_000);
/** One record dated 2099 must not close every window: event time is believed up to this long after the broker's clock. */
const AHEAD_OF_BROKER_MS = 60_000;
const TICKS_PER_SECOND = 10_000_000;

export const createReorder = (lateness: DurationMs, limit: number): Reorder => ({
  lateness,
  limit,
  seconds: new Map(),
  heap: [],
  held: 0,
  partitions: new Map(),
  watermark: BEGINNING,
  late: 0,
  crowded: 0,
  silent: 0,
});

/**
 * Partitions that must be heard of before the watermark moves. What was known of one as caught up before a stop holds no
 * longer: it may have a backlog by now.
 */
export function expectPartitions(state: Reorder, partitions: readonly string[]): void {
  for (const partition of partitions) {
    const newest = state.partitions.get(partition)?.newest ?? BEGINNING;
    state.partitions.set(partition, { newest, arrived: undefined, caughtUp: false });
  }
}

export interface Arrival {
  readonly partition: string;
  readonly events: EventTable;
  readonly caughtUp: boolean;
  readonly enqueued?: EpochMs | undefined;
}

/** Where the held rows are, and what orders those of one instant. */
export interface Where {
  readonly held: Held;
  readonly names: Names;
}

/** What is waited for: with `kind`, for the events of one log, and no others are taken. */
export interface Patience extends Wait {
  readonly kind?: number;
}

/** Takes what one partition delivered and gives back the places of what is due, in order. */
export function release(
  state: Reorder,
  { held, names }: Where,
  arrival: Arrival,
  patience: Patience,
): readonly number[] {
  const clock = state.partitions.get(arrival.partition) ?? {
    newest: BEGINNING,
    arrived: undefined,
    caughtUp: false,
  };
  state.partitions.set(arrival.partition, clock);
  clock.arrived = arrival.enqueued ?? clock.arrived;
  const { events } = arrival;
  const { kind } = patience;
  for (let place = 0; place < events.count; place++) {
    if (kind !== undefined && kindOf(events, place) !== kind) continue;
    const time = timeOf(events, place);
    if (time < state.watermark) state.late += 1;
    wait(state, time, hold(held, events, place));
    if (time > clock.newest && believable(time, arrival.enqueued)) clock.newest = time;
  }
  clock.caughtUp = arrival.caughtUp;
  advance(state, patience);
  const due = drain(state, { held, names }, state.watermark);
  if (state.held > state.limit) due.push(...letGo(state, { held, names }));
  return due;
}

/** Waits no longer for partitions that say nothing, until they are heard of again; gives back what is due, in order. */
export function stopWaiting(
  state: Reorder,
  where: Where,
  partitions: readonly string[],
  patience: Patience,
): readonly number[] {
  for (const partition of partitions) {
    const clock = state.partitions.get(partition);
    if (clock === undefined || clock.caughtUp) continue;
    clock.caughtUp = true;
    state.silent += 1;
  }
  advance(state, patience);
  return drain(state, where, state.watermark);
}

/** Everything that is held, in order: the input has ended. */
export function flush(state: Reorder, where: Where): readonly number[] {
  const rest = drain(state, where, END);
  const last = rest.at(-1);
  if (last !== undefined) passed(state, timeOf(where.held.table, last));
  return rest;
}

const believable = (time: Instant, enqueued: EpochMs | undefined): boolean =>
  enqueued === undefined || epochMs(time) <= enqueued + AHEAD_OF_BROKER_MS;

function advance(state: Reorder, patience: Patience): void {
  const clocks = [...state.partitions.values()];
  const behind = clocks.filter((clock) => !clock.caughtUp);
  let edge: Instant | undefined;
  for (const clock of behind) {
    const until = completeUntil(state, clock, patience);
    if (edge === undefined || until < edge) edge = until;
  }
  if (edge === undefined)
    for (const clock of clocks) {
      const until = completeUntil(state, clock, patience);
      if (edge === undefined || until > edge) edge = until;
    }
  if (edge !== undefined) passed(state, edge);
}

/** What is older has come through the partition. */
function completeUntil({ lateness }: Reorder, { newest, arrived }: PartitionClock, patience: Patience): Instant {
  const { afterNewest, afterArrival } = patience;
  const byEvents = plusMs(newest, -Math.max(lateness, afterNewest));
  if (arrived === undefined || afterArrival === undefined) return byEvents;
  const byArrival = instantFromMs(arrived - Math.max(lateness, afterArrival));
  return byArrival > byEvents ? byArrival : byEvents;
}

function passed(state: Reorder, time: Instant): void {
  if (time > state.watermark) state.watermark = time;
}

function wait(state: Reorder, time: Instant, place: number): void {
  const second = Math.floor(time / TICKS_PER_SECOND);
  const places = state.seconds.get(second);
  state.held += 1;
  if (places !== undefined) {
    places.push(place);
    return;
  }
  state.seconds.set(second, [place]);
  pushHeap(state.heap, second);
}

function drain(state: Reorder, where: Where, until: Instant): number[] {
  const due: number[] = [];
  const { table } = where.held;
  for (let second = state.heap[0]; second !== undefined && second * TICKS_PER_SECOND <= until; second = state.heap[0]) {
    const places = state.seconds.get(second) ?? [];
    const isWhole = (second + 1) * TICKS_PER_SECOND <= until;
    const ready = isWhole ? places : places.filter((place) => timeOf(table, place) <= until);
    for (const place of inOrder(ready, where)) due.push(place);
    state.held -= ready.length;
    if (ready.length < places.length) {
      const rest = places.filter((place) => timeOf(table, place) > until);
      state.seconds.set(second, rest);
      break;
    }
    state.seconds.delete(second);
    popHeap(state.heap);
  }
  return due;
}

/** The oldest events beyond the limit; what comes later and is older than they are is late. */
function letGo(state: Reorder, where: Where): readonly number[] {
  const due: number[] = [];
  while (state.held > state.limit && state.heap[0] !== undefined) {
    const second = state.heap[0];
    const places = inOrder(state.seconds.get(second) ?? [], where);
    const gone = places.slice(0, state.held - state.limit);
    for (const place of gone) due.push(place);
    state.crowded += gone.length;
    state.held -= gone.length;
    const last = gone.at(-1);
    if (last !== undefined) passed(state, timeOf(where.held.table, last));
    if (gone.length < places.length) state.seconds.set(second, places.slice(gone.length));
    else {
      state.seconds.delete(second);
      popHeap(state.heap);
    }
  }
  return due;
}

function inOrder(places: readonly number[], { held, names }: Where): readonly number[] {
  const { table } = held;
  return places.toSorted((a, b) => compareRows(table, a, b, names));
}

/** The held rows were moved: `moved` has the new place of each. */
export function movePlaces(state: Reorder, moved: Int32Array): void {
  for (const [second, places] of state.seconds)
    state.seconds.set(
      second,
      places.map((place) => moved[place] ?? -1),
    );
}

function pushHeap(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] ?? value;
    if (parent <= value) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = value;
}

function popHeap(heap: number[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && (heap[down + 1] ?? 0) < (heap[down] ?? 0)) down += 1;
    if (last <= (heap[down] ?? 0)) break;
    heap[at] = heap[down] ?? 0;
    at = down;
  }
  heap[at] = last;
}
