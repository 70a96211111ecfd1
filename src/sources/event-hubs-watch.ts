import { setTimeout as sleep } from "node:timers/promises";
import type { EventHubConsumerClient } from "@azure/event-hubs";
import type { ClientSettings } from "./event-hubs-connection.ts";
import { sourceErrorOf } from "./event-hubs-errors.ts";
import { findNewPartitions, placeOf } from "./event-hubs-open.ts";
import type { PartitionStart } from "./event-hubs-position.ts";
import type { PartitionReader } from "./event-hubs-reader.ts";
import { SourceError } from "./source-error.ts";

export interface Watch {
  /** Between two looks. */
  readonly everyMs: number;
  /** Those of the partitions that are read; one that is opened is added. */
  readonly readers: readonly PartitionReader[];
  readonly open: (start: PartitionStart) => void;
  /** Told of what is tried again. */
  readonly told: (error: SourceError) => void;
  readonly failed: (error: SourceError) => void;
  readonly signal: AbortSignal;
}

/** Links given up for one partition without an event in between, until the whole connection is. */
const MOST_LINKS = 3;

interface Look {
  /** The last event that was delivered by then. */
  readonly last: number;
  /** Links that were given up since an event came. */
  readonly links: number;
}

/**
 * Looks at the hub for as long as it is read: for partitions that were added, and for those that deliver nothing although
 * events wait. A link can stand still while its connection lives; nothing else would tell.
 */
export async function watchPartitions(
  client: EventHubConsumerClient,
  settings: ClientSettings,
  watch: Watch,
): Promise<void> {
  const { signal, readers, open, told, everyMs } = watch;
  const looks = new Map<string, Look>();
  for (;;) {
    try {
      await sleep(everyMs, undefined, { signal, ref: false });
      const known = new Set(readers.map(({ partition }) => partition));
      for (const start of await findNewPartitions(client, known, signal)) open(start);
      for (const reader of readers) await lookAt(reader, looks, { client, settings, watch });
    } catch (error) {
      if (signal.aborted) return;
      told(sourceErrorOf(error, placeOf(settings)));
    }
  }
}

interface Looking {
  readonly client: EventHubConsumerClient;
  readonly settings: ClientSettings;
  readonly watch: Watch;
}

async function lookAt(reader: PartitionReader, looks: Map<string, Look>, looking: Looking): Promise<void> {
  const { client, settings, watch } = looking;
  const { partition } = reader;
  const before = looks.get(partition);
  const last = reader.last();
  const isStill = before?.last === last && !reader.isHeldUp();
  const links = isStill ? before.links : 0;
  looks.set(partition, { last, links });
  if (!isStill) return;
  const found = await client.getPartitionProperties(partition, { abortSignal: watch.signal });
  const isBehind = !found.isEmpty && found.lastEnqueuedSequenceNumber > last;
  // It may have moved meanwhile.
  if (!isBehind || reader.last() !== last || reader.isHeldUp()) return;
  const { host, hub, source } = placeOf(settings);
  const says = `partition ${partition} of hub ${hub} at ${host} delivers nothing, although its newest event is ${found.lastEnqueuedSequenceNumber} and ${last} came last.`;
  if (links >= MOST_LINKS) {
    watch.failed(new SourceError(source, "unreachable", `${says} ${MOST_LINKS} new links did not help.`));
    return;
  }
  watch.told(new SourceError(source, "unreachable", `${says} It is asked for by a new link.`));
  looks.set(partition, { last, links: links + 1 });
  await reader.again();
}
