import { setTimeout as sleep } from "node:timers/promises";
import type {
  EventHubConsumerClient,
  EventPosition,
  PartitionContext,
  ReceivedEventData,
  Subscription,
  SubscriptionEventHandlers,
} from "@azure/event-hubs";
import type { ByteQueue } from "./byte-queue.ts";
import { limitCredit } from "./event-hubs-credit.ts";
import type { PartitionStart } from "./event-hubs-position.ts";

/** What one round of one partition gave, undecoded. */
export interface Delivery {
  readonly partition: string;
  readonly events: readonly ReceivedEventData[];
  readonly caughtUp: boolean;
}

export interface ReaderOptions {
  /** Most in one round; twice as many are asked for ahead, so that the link does not run dry meanwhile. */
  readonly messages: number;
  /** Of what is asked for ahead, by the size of what came last: at least one event. */
  readonly bytesAhead: number;
  /** Of the link to a partition. */
  readonly addressOf: (partition: string) => string;
  readonly idleSeconds: number;
  readonly ownerLevel: number | undefined;
  failed(error: unknown, partition: string): void;
}

/** A partition that is being read. */
export interface PartitionReader {
  readonly partition: string;
  /** Sequence number of the newest event that was delivered; -1 before the first. */
  last(): number;
  /** Whether what was delivered waits for its place in the queue: then no more is asked for. */
  isHeldUp(): boolean;
  /** Gives the link up and asks for what follows the last event by another. */
  again(): Promise<void>;
}

/** An event is taken to be so large before the first has come. */
const UNKNOWN_BYTES = 256 << 10;
/** After larger events, smaller ones are believed round by round. */
const SHRINKING = 0.7;

/** Keeps what a link has ahead to so many bytes, by the size of the events that came last; to be told of what comes. */
function limited(
  { addressOf, bytesAhead }: ReaderOptions,
  partition: string,
  asked: number,
): (events: number, bytes: number) => void {
  const address = addressOf(partition);
  let eventBytes = UNKNOWN_BYTES;
  const limit = (): void => limitCredit(address, asked, Math.floor(bytesAhead / eventBytes));
  limit();
  return (events, bytes) => {
    if (events === 0) return;
    eventBytes = Math.max(1, bytes / events, SHRINKING * eventBytes);
    limit();
  };
}

/** What a link that does not answer is waited for when it is given up. */
const CLOSE_MS = 2_000;

/**
 * Reads one partition into the queue until the client is closed: events in order and once, and a word when there are no more.
 * The client asks for more only after the queue took what it had, so a slow reader slows the link down.
 */
export function readPartition(
  client: EventHubConsumerClient,
  start: PartitionStart,
  queue: ByteQueue<Delivery>,
  options: ReaderOptions,
): PartitionReader {
  const { partition } = start;
  let last = start.last?.sequence ?? -1;
  let newest = start.newest;
  let toldCaughtUp: boolean | undefined;
  let held = 0;

  const ahead = 2 * options.messages;
  const came = limited(options, partition, ahead);

  const deliver = async (received: readonly ReceivedEventData[], context: PartitionContext): Promise<void> => {
    const events = received.filter((event) => event.sequenceNumber > last);
    last = events.at(-1)?.sequenceNumber ?? last;
    newest = Math.max(newest, last, newestIn(context));
    const caughtUp = last >= newest;
    if (events.length === 0 && caughtUp === toldCaughtUp) return;
    toldCaughtUp = caughtUp;
    const bytes = sizeOf(events);
    came(events.length, bytes);
    held += 1;
    await queue.put({ partition, events, caughtUp }, bytes);
    held -= 1;
  };

  const handlers: SubscriptionEventHandlers = {
    async processEvents(received, context) {
      // What this throws would come back as an error of the client's, and be tried again: it is ours.
      await deliver(received, context).catch((error: unknown) => queue.fail(asError(error)));
      const newestEvent = received.at(-1);
      // In memory only: where the client itself goes on after it had to close the partition.
      if (newestEvent !== undefined) await context.updateCheckpoint(newestEvent);
    },
    async processError(error) {
      options.failed(error, partition);
    },
  };
  const subscribe = (startPosition: EventPosition): Subscription =>
    client.subscribe(partition, handlers, {
      startPosition,
      skipParsingBodyAsJson: true,
      trackLastEnqueuedEventProperties: true,
      maxBatchSize: options.messages,
      prefetchCount: ahead,
      maxWaitTimeInSeconds: options.idleSeconds,
      ...(options.ownerLevel === undefined ? {} : { ownerLevel: options.ownerLevel }),
    });
  let subscription = subscribe(start.position);
  return {
    partition,
    last: () => last,
    isHeldUp: () => held > 0,
    async again() {
      await Promise.race([subscription.close().catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })]);
      subscription = subscribe(last < 0 ? start.position : { sequenceNumber: last, isInclusive: false });
    },
  };
}

const asError = (value: unknown): Error => (value instanceof Error ? value : new Error(String(value)));

/** The properties are an empty object until the first event. */
function newestIn({ lastEnqueuedEventProperties }: PartitionContext): number {
  return lastEnqueuedEventProperties?.sequenceNumber ?? -1;
}

const sizeOf = (events: readonly ReceivedEventData[]): number =>
  events.reduce((sum, event) => sum + bodyBytes(event), 0);

/** Bytes of a body as delivered; of one that is not bytes, as text. */
export function bodyBytes({ body }: ReceivedEventData): number {
  if (body instanceof Uint8Array) return body.length;
  return JSON.stringify(body)?.length ?? 0;
}
