import { dataSection } from "./amqp-bytes.ts";

export interface StoredEvent {
  readonly sequence: number;
  /** Byte position in the partition's log. */
  readonly offset: number;
  readonly enqueued: number;
  readonly key: string | undefined;
  /** The bare message: properties, application properties, body; without header and annotations. */
  readonly bare: Buffer;
}

export interface PartitionState {
  readonly id: string;
  readonly isEmpty: boolean;
  /** Of the oldest event that is left; the next one's when none is. */
  readonly firstSequence: number;
  /** -1 before the first event; stays when retention has taken all. */
  readonly lastSequence: number;
  readonly lastOffset: number;
  readonly lastEnqueued: number;
}

/** One partition: an append-only log whose old end retention may cut off. */
export interface PartitionLog {
  readonly id: string;
  append(bare: Buffer, key?: string, enqueued?: number): StoredEvent;
  /** Appends events with these bodies, and lets the readers know. */
  add(...bodies: readonly (string | Uint8Array)[]): void;
  /** Drops the events before `sequence`, as retention does. */
  trimTo(sequence: number): void;
  at(sequence: number): StoredEvent | undefined;
  /** Sequence number of the first event that a receiver's filter lets through. Throws on a filter that is not understood. */
  firstAfter(filter: string): number;
  state(): PartitionState;
  /** Called after events were added; returns its own removal. */
  onAppend(listener: () => void): () => void;
  wake(): void;
}

/** What Event Hubs adds to an event's size in its log is unknown: any number that makes offsets differ from sequence numbers. */
const OVERHEAD_BYTES = 64;

export function createPartitionLog(id: string): PartitionLog {
  let events: StoredEvent[] = [];
  let nextSequence = 0;
  let nextOffset = 0;
  let last: StoredEvent | undefined;
  const listeners = new Set<() => void>();
  const firstSequence = (): number => events[0]?.sequence ?? nextSequence;

  const append: PartitionLog["append"] = (bare, key, enqueued = Date.now()) => {
    last = { sequence: nextSequence, offset: nextOffset, enqueued, key, bare };
    events.push(last);
    nextSequence += 1;
    nextOffset += bare.length + OVERHEAD_BYTES;
    return last;
  };
  const wake = (): void => {
    for (const listener of listeners) listener();
  };

  return {
    id,
    append,
    add(...bodies) {
      for (const body of bodies) append(dataSection(Buffer.from(body)));
      wake();
    },
    trimTo(sequence) {
      events = events.filter((event) => event.sequence >= sequence);
    },
    at: (sequence) => events[sequence - firstSequence()],
    firstAfter(filter) {
      const passes = parseFilter(filter);
      if (passes === "latest") return nextSequence;
      return events.find(passes)?.sequence ?? nextSequence;
    },
    state: () => ({
      id,
      isEmpty: events.length === 0,
      firstSequence: firstSequence(),
      lastSequence: nextSequence - 1,
      lastOffset: last?.offset ?? -1,
      lastEnqueued: last?.enqueued ?? 0,
    }),
    onAppend(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    wake,
  };
}

/** `amqp.annotation.x-opt-sequence-number > '42'`, likewise x-opt-offset and x-opt-enqueued-time (ms), `>` or `>=`. */
function parseFilter(filter: string): ((event: StoredEvent) => boolean) | "latest" {
  const [, field, operator, value] = /^amqp\.annotation\.x-opt-([a-z-]+) (>=|>) '([^']*)'$/.exec(filter.trim()) ?? [];
  if (value === "@latest") return "latest";
  const limit = Number(value);
  const read = FIELDS.get(field ?? "");
  if (read === undefined || value === "" || Number.isNaN(limit))
    throw new Error(`The filter is not supported: ${filter}`);
  return operator === ">" ? (event) => read(event) > limit : (event) => read(event) >= limit;
}

const FIELDS: ReadonlyMap<string, (event: StoredEvent) => number> = new Map([
  ["sequence-number", (event: StoredEvent) => event.sequence],
  ["offset", (event: StoredEvent) => event.offset],
  ["enqueued-time", (event: StoredEvent) => event.enqueued],
]);
