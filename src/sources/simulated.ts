import { setTimeout as sleep } from "node:timers/promises";
import { decodeBody } from "../decode/decode-body.ts";
import type { EpochMs } from "../model/time.ts";
import type { Batch, Source } from "./source.ts";

/** What a simulated broker delivers. */
export interface FeedItem {
  readonly arrival: EpochMs;
  readonly partition: string;
  readonly body: string;
}

const PARTITIONS = ["0", "1", "2", "3"];
const LONGEST_SLEEP_MS = 1_000;
/** Items of the past between two turns of the event loop. */
const BURST = 200;

/**
 * Plays a feed by the clock: what has arrived already comes at once, the rest when its time comes. A checkpoint is the
 * number of items of a partition that were delivered.
 */
export function simulatedSource(name: string, feed: Iterable<FeedItem>, clock: { now(): number }): Source {
  return {
    name,
    partitions: async () => await Promise.resolve(PARTITIONS),
    async *read(from, signal) {
      const counts = new Map(PARTITIONS.map((partition) => [partition, 0]));
      let burst = 0;
      for (const item of feed) {
        const ordinal = (counts.get(item.partition) ?? 0) + 1;
        counts.set(item.partition, ordinal);
        if (ordinal <= Number(from.get(item.partition) ?? 0)) continue;
        burst += 1;
        const live = await until(item.arrival, { clock, signal, yieldNow: burst % BURST === 0 });
        if (signal.aborted) return;
        yield toBatch(name, item, { ordinal, live });
      }
    },
  };
}

/** Waits for a time; true when there was something to wait for. */
async function until(
  time: number,
  { clock, signal, yieldNow }: { clock: { now(): number }; signal: AbortSignal; yieldNow: boolean },
): Promise<boolean> {
  let waited = false;
  for (let wait = time - clock.now(); wait > 0 && !signal.aborted; wait = time - clock.now()) {
    waited = true;
    await sleep(Math.min(wait, LONGEST_SLEEP_MS), undefined, { signal }).catch(() => undefined);
  }
  if (!waited && yieldNow) await new Promise((resolve) => setImmediate(resolve));
  return waited;
}

function toBatch(name: string, item: FeedItem, { ordinal, live }: { ordinal: number; live: boolean }): Batch {
  const bytes = new TextEncoder().encode(item.body);
  const { records, rejects } = decodeBody(bytes, { source: name, partition: item.partition, sequence: ordinal });
  return {
    partition: item.partition,
    records,
    rejects,
    bytes: bytes.length,
    checkpoint: String(ordinal),
    enqueued: item.arrival,
    caughtUp: live,
  };
}
