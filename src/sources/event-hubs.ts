import { setTimeout as sleep } from "node:timers/promises";
import type { EventHubConsumerClient, RetryOptions } from "@azure/event-hubs";
import type { JoinPath } from "../normalize/join-path.ts";
import { type ByteQueue, createByteQueue } from "./byte-queue.ts";
import { type Batcher, createBatcher } from "./event-hubs-batches.ts";
import { type ClientSettings, createClient, DEFAULT_RETRY, type EventHubsConnection } from "./event-hubs-connection.ts";
import { guardCredit } from "./event-hubs-credit.ts";
import { sourceErrorOf } from "./event-hubs-errors.ts";
import { asked, type OpenHub, openHub, type OpenRequest, placeOf } from "./event-hubs-open.ts";
import { type EventHubsStart, type PartitionStart, START_OVER, startText } from "./event-hubs-position.ts";
import { type Delivery, type PartitionReader, type ReaderOptions, readPartition } from "./event-hubs-reader.ts";
import type { Trail } from "./event-hubs-trail.ts";
import { watchPartitions } from "./event-hubs-watch.ts";
import { sharedScanner } from "./shared-scanner.ts";
import type { Batch, Source } from "./source.ts";
import { SourceError } from "./source-error.ts";

export interface EventHubsConfig {
  readonly name: string;
  readonly connection: EventHubsConnection;
  /** `$Default` without it. */
  readonly consumerGroup?: string;
  /** Where partitions without a checkpoint begin; at the earliest event without it. */
  readonly start?: EventHubsStart;
  /** 1 or more: a later reader with the same or a higher one takes the partitions over, and this one ends with `stolen`. */
  readonly ownerLevel?: number | (() => number);
  /** Bytes received and not yet asked for, over all partitions; what links have ahead, and rounds that wait, come on top. */
  readonly queueBytes?: number;
  /** Seconds without an event after which a partition may count as read to its end. */
  readonly idleSeconds?: number;
  readonly retry?: RetryOptions;
  /** Between two looks for partitions that were added, or that deliver nothing although events wait. */
  readonly partitionCheckMs?: number;
  /** Told, at each attempt, of what is tried again. */
  readonly onTrouble?: (error: SourceError) => void;
  /** Told, once the hub was found, where each partition begins. */
  readonly onStart?: (says: string) => void;
  /** Where the gateway's records hold an id of the user's own. */
  readonly joinBy?: JoinPath | undefined;
  /** Checkpoints in blobs, behind what was committed. */
  readonly trail?: Trail | undefined;
}

/** With what is asked for ahead, and as much in rounds that wait for their place, 16 MB in flight. */
const QUEUE_BYTES = 8 << 20;
const AHEAD_BYTES = 4 << 20;
const PARTITION_CHECK_MS = 60_000;
const REOPEN_MS = 1_000;
/** Of an abort's two seconds: a goodbye that a dead connection does not answer is waited for no longer. */
const CLOSE_MS = 800;
/** Messages in one round, over all partitions, as one can be 1 MB; and of one partition. */
const MOST_IN_ROUNDS = 200;
const MOST_PER_ROUND = 50;

/**
 * One event hub, all partitions, read by the published client; throws `SourceError`. A hub that does not answer is an error
 * of `partitions`; once it is read, it is waited for.
 * A record's position is its event's sequence number and its index in the body. Checkpoints stand for what was delivered and are
 * kept by whoever reads; in blobs, where that is wanted, they follow what was committed.
 */
export function eventHubsSource(config: EventHubsConfig): Source {
  const settings: ClientSettings = {
    source: config.name,
    connection: config.connection,
    consumerGroup: config.consumerGroup ?? "$Default",
    retry: config.retry ?? DEFAULT_RETRY,
    reopenMs: REOPEN_MS,
  };
  return {
    name: config.name,
    async partitions(signal) {
      if (signal.aborted) return [];
      const client = await createClient(settings);
      try {
        return await asked(settings, () => client.getPartitionIds({ abortSignal: signal }));
      } finally {
        await closeSoon(client);
      }
    },
    async *read(from, signal, kept) {
      if (signal.aborted) return;
      const identity = identityOf(settings);
      if (from.size > 0) assertSameHub(settings, identity, kept?.get(HUB_KEY));
      guardCredit();
      const client = await createClient(settings);
      try {
        const start = config.start ?? "earliest";
        const trailed = await trailedTo(config, { start, from, signal });
        const request = { settings, from, start, trailed, signal };
        const hub = await reached(() => openHub(client, request), config, signal);
        if (hub === undefined) return;
        config.onStart?.(hub.starts.map(startText).join(" · "));
        // With every checkpoint goes the name of the hub that it is of.
        const named = new Map([[HUB_KEY, Buffer.from(identity)]]);
        let isNamed = false;
        for await (const batch of readHub(hub, { client, config, settings, signal })) {
          yield isNamed ? batch : { ...batch, kept: named };
          isNamed = true;
        }
      } finally {
        await closeSoon(client);
      }
    },
    committed: (checkpoints) => config.trail?.follow(checkpoints),
    quiet: async () => await config.trail?.quiet(),
    trailed: () => config.trail?.health(),
  };
}

/** Where others left off, for a state that holds nothing of this hub yet and is to begin there. */
async function trailedTo(
  config: EventHubsConfig,
  { start, from, signal }: Pick<OpenRequest, "start" | "from" | "signal">,
): Promise<OpenRequest["trailed"]> {
  const { trail } = config;
  if (trail === undefined || start !== "checkpoint" || from.size > 0) return undefined;
  return await reached(() => trail.load(signal), config, signal);
}

const HUB_KEY = "hub";

const identityOf = (settings: ClientSettings): string => {
  const { host, hub } = placeOf(settings);
  return `${hub} at ${host}`.toLowerCase();
};

/** Sequence numbers of one hub mean nothing in another, even where they seem to fit. */
function assertSameHub({ source }: ClientSettings, now: string, kept: Uint8Array | undefined): void {
  const before = kept === undefined ? now : Buffer.from(kept).toString("utf8");
  if (before === now) return;
  const says = `was read from hub ${before} so far, and the configuration names hub ${now}. Take that back, or: ${START_OVER}`;
  throw new SourceError(source, "config", says);
}

/** What `ask` gives once the hub answers; undefined when aborted meanwhile. */
async function reached<T>(
  ask: () => Promise<T>,
  { onTrouble }: EventHubsConfig,
  signal: AbortSignal,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof SourceError) || error.kind !== "unreachable") throw error;
      onTrouble?.(error);
      await sleep(REOPEN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

interface Reading {
  readonly client: EventHubConsumerClient;
  readonly config: EventHubsConfig;
  readonly settings: ClientSettings;
  readonly signal: AbortSignal;
}

async function* readHub(hub: OpenHub, reading: Reading): AsyncGenerator<Batch> {
  const { client, config, settings, signal } = reading;
  const queue = createByteQueue<Delivery>(config.queueBytes ?? QUEUE_BYTES);
  const end = new AbortController();
  const batchers = new Map<string, Batcher>();
  const options = readerOptions(reading, hub.starts.length, queue);
  const scanner = sharedScanner(config.joinBy);
  const readers: PartitionReader[] = [];
  const open = (start: PartitionStart): void => {
    batchers.set(start.partition, createBatcher(config.name, start, { created: hub.created, scanner }));
    readers.push(readPartition(client, start, queue, options));
  };
  const stop = (): void => queue.end();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    for (const start of hub.starts) open(start);
    void watchPartitions(client, settings, {
      everyMs: config.partitionCheckMs ?? PARTITION_CHECK_MS,
      readers,
      open,
      told: (failure) => config.onTrouble?.(failure),
      failed: (failure) => queue.fail(failure),
      signal: end.signal,
    });
    for (const batcher of batchers.values()) yield* until(signal, batcher.opening());
    for await (const delivery of queue.values())
      yield* until(signal, batchers.get(delivery.partition)?.batches(delivery) ?? []);
  } finally {
    signal.removeEventListener("abort", stop);
    end.abort();
    queue.end();
  }
}

function* until(signal: AbortSignal, batches: Iterable<Batch>): Generator<Batch> {
  for (const batch of batches) {
    if (signal.aborted) return;
    yield batch;
  }
}

function readerOptions({ config, settings }: Reading, partitions: number, queue: ByteQueue<Delivery>): ReaderOptions {
  const { hub } = placeOf(settings);
  const messages = Math.max(1, Math.min(MOST_PER_ROUND, Math.floor(MOST_IN_ROUNDS / partitions)));
  return {
    messages,
    bytesAhead: AHEAD_BYTES / partitions,
    addressOf: (partition) => `${hub}/ConsumerGroups/${settings.consumerGroup}/Partitions/${partition}`,
    idleSeconds: config.idleSeconds ?? 1,
    ownerLevel: typeof config.ownerLevel === "function" ? config.ownerLevel() : config.ownerLevel,
    failed(error, partition) {
      const failure = sourceErrorOf(error, { ...placeOf(settings), partition });
      if (failure.kind === "unreachable") config.onTrouble?.(failure);
      else queue.fail(failure);
    },
  };
}

async function closeSoon(client: EventHubConsumerClient): Promise<void> {
  const closed = client.close().catch(() => {}); // a connection that is gone cannot be closed
  await Promise.race([closed, sleep(CLOSE_MS, undefined, { ref: false })]);
}
