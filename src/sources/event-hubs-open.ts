import type { EventHubConsumerClient, PartitionProperties } from "@azure/event-hubs";
import { addressOf, type ClientSettings } from "./event-hubs-connection.ts";
import { type ErrorPlace, sourceErrorOf } from "./event-hubs-errors.ts";
import {
  type EventHubsStart,
  formatHubCheckpoint,
  type PartitionStart,
  resumeAfter,
  START_OVER,
  startAt,
} from "./event-hubs-position.ts";
import type { Trailed } from "./event-hubs-trail.ts";
import { SourceError } from "./source-error.ts";

/** A hub as found at the start of reading. */
export interface OpenHub {
  /** When it was created, ms since 1970. */
  readonly created: number;
  readonly starts: readonly PartitionStart[];
}

export interface OpenRequest {
  readonly settings: ClientSettings;
  readonly from: ReadonlyMap<string, string>;
  readonly start: EventHubsStart;
  /** What is in blobs, for a state that knows nothing of the hub; undefined where they are not asked. */
  readonly trailed?: Trailed | undefined;
  readonly signal: AbortSignal;
}

/** Asks where each partition begins and ends, and finds where to read on; undefined when aborted meanwhile. */
export async function openHub(client: EventHubConsumerClient, request: OpenRequest): Promise<OpenHub | undefined> {
  const found = await describeHub(client, request);
  if (found === undefined) return undefined;
  const from = request.trailed === undefined ? request.from : fromBlobs(request, found.created);
  assertPartitions({ ...request, from }, found.partitionIds);
  return {
    created: found.created,
    starts: found.known.map((properties) => startOf({ ...request, from }, properties, found.created)),
  };
}

interface HubDescription {
  readonly partitionIds: readonly string[];
  readonly created: number;
  readonly known: readonly PartitionProperties[];
}

async function describeHub(
  client: EventHubConsumerClient,
  { settings, signal }: OpenRequest,
): Promise<HubDescription | undefined> {
  const ask = { abortSignal: signal };
  try {
    return await asked(settings, async () => {
      const { partitionIds, createdOn } = await client.getEventHubProperties(ask);
      const known = await Promise.all(partitionIds.map((id) => client.getPartitionProperties(id, ask)));
      return { partitionIds, created: createdOn.getTime(), known };
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Blobs tell whole seconds. */
const BLOB_CLOCK_MS = 1_000;
const NOTHING_TRAILED: Trailed = { found: new Map(), writtenAt: 0 };

/** Checkpoints in blobs as our own; they do not tell which hub of that name they are of, but when they were written. */
function fromBlobs({ settings, trailed }: OpenRequest, created: number): ReadonlyMap<string, string> {
  const { found, writtenAt } = trailed ?? NOTHING_TRAILED;
  if (found.size > 0 && writtenAt + BLOB_CLOCK_MS < created) {
    const says =
      "the checkpoints in blobs are older than the hub: it was deleted and created again. Delete them, or say earliest, latest or a time.";
    throw new SourceError(settings.source, "config", says);
  }
  return new Map([...found].map(([id, at]) => [id, formatHubCheckpoint({ ...at, created })]));
}

function assertPartitions({ settings, from, start, trailed }: OpenRequest, partitionIds: readonly string[]): void {
  if (start === "checkpoint" && from.size === 0) {
    const where = trailed === undefined ? "" : ", in the state or in blobs";
    const says = `there is no checkpoint${where}, and startAt is checkpoint. Is it the right state file? Else say earliest, latest or a time.`;
    throw new SourceError(settings.source, "config", says);
  }
  const missing = [...from.keys()].find((partition) => !partitionIds.includes(partition));
  if (missing === undefined) return;
  const says = `there is a checkpoint of partition ${missing}, which the hub does not have: it is another hub. ${START_OVER}`;
  throw new SourceError(settings.source, "config", says);
}

function startOf(
  { settings, from, start }: OpenRequest,
  properties: PartitionProperties,
  created: number,
): PartitionStart {
  const checkpoint = from.get(properties.partitionId);
  if (checkpoint === undefined) return startAt(start, properties, created);
  const resumed = resumeAfter(checkpoint, properties, created);
  if (!resumed.ok) throw new SourceError(settings.source, "config", resumed.error);
  return resumed.value;
}

/** Partitions beside the known ones: a hub can be scaled out while it is read, and all of a new partition is new. */
export async function findNewPartitions(
  client: EventHubConsumerClient,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly PartitionStart[]> {
  const ask = { abortSignal: signal };
  const { partitionIds, createdOn } = await client.getEventHubProperties(ask);
  const added = partitionIds.filter((id) => !known.has(id));
  const properties = await Promise.all(added.map((id) => client.getPartitionProperties(id, ask)));
  return properties.map((found) => startAt("earliest", found, createdOn.getTime()));
}

/** Runs one request to Azure; what it throws becomes a `SourceError`. */
export async function asked<T>(settings: ClientSettings, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw sourceErrorOf(error, placeOf(settings));
  }
}

export function placeOf({ connection, source, consumerGroup }: ClientSettings): ErrorPlace {
  const address = addressOf(connection);
  return { ...(address.ok ? address.value : { host: "?", hub: "?" }), source, consumerGroup };
}
