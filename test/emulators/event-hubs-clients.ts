import { setTimeout as sleep } from "node:timers/promises";
import {
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
  type ReceivedEventData,
  type RetryOptions,
  type SubscribeOptions,
  type Subscription,
} from "@azure/event-hubs";

const RETRY = { maxRetries: 5, retryDelayInMs: 20, maxRetryDelayInMs: 100 };

export type ReceiveOptions = SubscribeOptions & { readonly group?: string; readonly startPosition: EventPosition };

/** What one subscription to all partitions got so far. */
export interface Received {
  readonly events: { partition: string; sequence: number; body: string; event: ReceivedEventData }[];
  readonly errors: { name: string; code: unknown; message: string }[];
  readonly subscription: Subscription;
  /** Sorted. */
  bodies(): string[];
  /** Throws after ten seconds. */
  until(done: (received: Received) => boolean): Promise<void>;
}

/** The published client, unmodified; `close` closes all that were made. */
export interface TestClients {
  producer(connectionString?: string, retry?: RetryOptions): EventHubProducerClient;
  consumer(group?: string): EventHubConsumerClient;
  receive(options: ReceiveOptions): Received;
  close(): Promise<void>;
}

export function createTestClients(hub: string): TestClients {
  const open: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(client: T): T => {
    open.push(client);
    return client;
  };
  const consumer = (group = "$Default"): EventHubConsumerClient =>
    keep(
      new EventHubConsumerClient(group, hub, {
        retryOptions: RETRY,
        loadBalancingOptions: { updateIntervalInMs: 100 },
      }),
    );
  return {
    producer: (connectionString = hub, retryOptions = RETRY) =>
      keep(new EventHubProducerClient(connectionString, { retryOptions })),
    consumer,
    receive: ({ group, ...options }) => receive(consumer(group), options),
    async close() {
      for (const client of open.splice(0).toReversed()) await client.close();
    },
  };
}

function receive(client: EventHubConsumerClient, options: SubscribeOptions): Received {
  const events: Received["events"] = [];
  const errors: Received["errors"] = [];
  const handlers = {
    async processEvents(batch: ReceivedEventData[], { partitionId }: { partitionId: string }) {
      for (const event of batch)
        events.push({ partition: partitionId, sequence: event.sequenceNumber, body: String(event.body), event });
    },
    async processError(error: Error) {
      errors.push({ name: error.name, code: "code" in error ? error.code : undefined, message: error.message });
    },
  };
  const subscription = client.subscribe(handlers, {
    maxBatchSize: 100,
    maxWaitTimeInSeconds: 0.2,
    skipParsingBodyAsJson: true,
    ...options,
  });
  const received: Received = {
    events,
    errors,
    subscription,
    bodies: () => events.map((event) => event.body).toSorted(),
    async until(done) {
      const end = performance.now() + 10_000;
      while (!done(received)) {
        if (performance.now() > end)
          throw new Error(`waited in vain: ${events.length} events, ${JSON.stringify(errors)}`);
        await sleep(5);
      }
    },
  };
  return received;
}
