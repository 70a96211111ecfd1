import type { Event } from "../model/event.ts";
import { type DurationMs, type EpochMs, epochMs, type Instant, instantFromMs, plusMs } from "../model/time.ts";

interface PartitionClock {
  newest: Instant;
  caughtUp: boolean;
}

/**
 * Puts events in the order of event time. Holds each until the watermark has passed it: the newest event time of the
 * slowest partition that still has input, less the lateness.
 */
export interface Reorder {
  readonly lateness: DurationMs;
  /** Events that may be held. */
  readonly limit: number;
  /** Binary heap by `compareEvents`. */
  readonly heap: Event[];
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

const HELD_EVENTS = 500_000;
const BEGINNING = instantFromMs(-8_640_000_000_000_000);
/** One record dated 2099 must not close every window: event time is believed up to this long after the broker's clock. */
const AHEAD_OF_BROKER_MS = 60_000;

export const createReorder = (lateness: DurationMs, limit = HELD_EVENTS): Reorder => ({
  lateness,
  limit,
  heap: [],
  partitions: new Map(),
  watermark: BEGINNING,
  late: 0,
  crowded: 0,
  silent: 0,
});

/** Event time, then content: the same set of events has one order, however it was delivered. */
export function compareEvents(a: Event, b: Event): number {
  if (a.time !== b.time) return a.time - b.time;
  return a.dedupKey < b.dedupKey ? -1 : a.dedupKey > b.dedupKey ? 1 : 0;
}

/**
 * Partitions that must be heard of before the watermark moves. What was known of one as caught up before a stop holds no
 * longer: it may have a backlog by now.
 */
export function expectPartitions(state: Reorder, partitions: readonly string[]): void {
  for (const partition of partitions) {
    const newest = state.partitions.get(partition)?.newest ?? BEGINNING;
    state.partitions.set(partition, { newest, caughtUp: false });
  }
}

export interface Arrival {
  readonly partition: string;
  readonly events: readonly Event[];
  readonly caughtUp: boolean;
  readonly enqueued?: EpochMs | undefined;
}

/** Takes what one partition delivered and gives back what is due, in order. */
export function release(state: Reorder, arrival: Arrival): readonly Event[] {
  const clock = state.partitions.get(arrival.partition) ?? { newest: BEGINNING, caughtUp: false };
  state.partitions.set(arrival.partition, clock);
  for (const event of arrival.events) {
    if (event.time < state.watermark) state.late += 1;
    pushHeap(state.heap, event);
    if (event.time > clock.newest && believable(event.time, arrival.enqueued)) clock.newest = event.time;
  }
  clock.caughtUp = arrival.caughtUp;
  advance(state);
  const due = drain(state, state.watermark);
  return state.heap.length > state.limit ? [...due, ...letGo(state)] : due;
}

/** Waits no longer for partitions that say nothing, until they are heard of again; gives back what is due, in order. */
export function stopWaiting(state: Reorder, partitions: readonly string[]): readonly Event[] {
  for (const partition of partitions) {
    const clock = state.partitions.get(partition);
    if (clock === undefined || clock.caughtUp) continue;
    clock.caughtUp = true;
    state.silent += 1;
  }
  advance(state);
  return drain(state, state.watermark);
}

/** Everything that is held, in order: the input has ended. */
export function flush(state: Reorder): readonly Event[] {
  const rest = drain(state, instantFromMs(8_640_000_000_000_000));
  const last = rest.at(-1);
  if (last !== undefined && last.time > state.watermark) state.watermark = last.time;
  return rest;
}

const believable = (time: Instant, enqueued: EpochMs | undefined): boolean =>
  enqueued === undefined || epochMs(time) <= enqueued + AHEAD_OF_BROKER_MS;

function advance(state: Reorder): void {
  const clocks = [...state.partitions.values()];
  const behind = clocks.filter((clock) => !clock.caughtUp);
  let edge: Instant | undefined;
  for (const { newest } of behind) if (edge === undefined || newest < edge) edge = newest;
  if (edge === undefined) for (const { newest } of clocks) if (edge === undefined || newest > edge) edge = newest;
  if (edge === undefined) return;
  const watermark = plusMs(edge, -state.lateness);
  if (watermark > state.watermark) state.watermark = watermark;
}

function drain(state: Reorder, until: Instant): readonly Event[] {
  const due: Event[] = [];
  for (let first = state.heap[0]; first !== undefined && first.time <= until; first = state.heap[0]) {
    due.push(first);
    popHeap(state.heap);
  }
  return due;
}

/** The oldest events beyond the limit; what comes later and is older than they are is late. */
function letGo(state: Reorder): readonly Event[] {
  const due: Event[] = [];
  for (let first = state.heap[0]; first !== undefined && state.heap.length > state.limit; first = state.heap[0]) {
    due.push(first);
    popHeap(state.heap);
    state.crowded += 1;
    if (first.time > state.watermark) state.watermark = first.time;
  }
  return due;
}

function pushHeap(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || compareEvents(parent, event) <= 0) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = event;
}

function popHeap(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    const left = heap[down];
    const right = heap[down + 1];
    if (left === undefined) break;
    if (right !== undefined && compareEvents(right, left) < 0) down += 1;
    const child = heap[down];
    if (child === undefined || compareEvents(last, child) <= 0) break;
    heap[at] = child;
    at = down;
  }
  heap[at] = last;
}
