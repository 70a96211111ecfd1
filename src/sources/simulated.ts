import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { decodeBody } from "../decode/decode-body.ts";
import type { RawRecord, Reject } from "../model/record.ts";
import type { EpochMs } from "../model/time.ts";
import type { Batch, Source } from "./source.ts";

/** What a simulated broker delivers. */
export interface FeedItem {
  readonly arrival: EpochMs;
  readonly partition: string;
  readonly body: string;
}

const PARTITIONS = ["0", "1", "2", "3"];
/** Messages of one batch. */
const BATCH = 64;
/** Items between two turns of the event loop. */
const BURST = 200;
const LONGEST_SLEEP_MS = 1_000;

/** Messages of one partition that have arrived and were not handed over yet. */
interface Tray {
  readonly partition: string;
  readonly records: RawRecord[];
  readonly rejects: Reject[];
  messages: number;
  bytes: number;
  ordinal: number;
  enqueued: EpochMs;
}

/**
 * Plays a feed, which is in the order of arrival, by the clock: what has arrived already comes at once, the rest when its
 * time comes. A checkpoint is the number of messages of its partition that were delivered.
 */
export function simulatedSource(name: string, feed: Iterable<FeedItem>, clock: { now(): number }): Source {
  return {
    name,
    partitions: async () => await Promise.resolve(PARTITIONS),
    async *read(from, signal) {
      const trays = new Map<string, Tray>();
      const counts = new Map<string, number>();
      let items = 0;
      for (const item of feed) {
        if (++items % BURST === 0) await breathe();
        if (item.arrival > clock.now()) {
          yield* takeAll(trays, signal);
          await until(item.arrival, clock, signal);
        }
        if (signal.aborted) return;
        const ordinal = (counts.get(item.partition) ?? 0) + 1;
        counts.set(item.partition, ordinal);
        if (ordinal <= Number(from.get(item.partition) ?? 0)) continue;
        const full = trays.get(item.partition);
        if (full !== undefined && full.messages >= BATCH) {
          trays.delete(item.partition);
          yield toBatch(full, false);
        }
        put(trays, name, { item, ordinal });
      }
      yield* takeAll(trays, signal);
    },
  };
}

/** All that is due was read: no partition holds more for now. */
function* takeAll(trays: Map<string, Tray>, signal: AbortSignal): Generator<Batch> {
  const taken = [...trays.values()];
  trays.clear();
  for (const tray of taken) {
    if (signal.aborted) return;
    yield toBatch(tray, true);
  }
}

async function until(time: number, clock: { now(): number }, signal: AbortSignal): Promise<void> {
  for (let wait = time - clock.now(); wait > 0 && !signal.aborted; wait = time - clock.now())
    await sleep(Math.min(wait, LONGEST_SLEEP_MS), undefined, { signal }).catch(() => undefined);
}

function put(trays: Map<string, Tray>, name: string, { item, ordinal }: { item: FeedItem; ordinal: number }): void {
  const bytes = new TextEncoder().encode(item.body);
  const { partition } = item;
  const { records, rejects } = decodeBody(bytes, { source: name, partition, sequence: ordinal });
  const tray = trays.get(partition) ?? {
    partition,
    records: [],
    rejects: [],
    messages: 0,
    bytes: 0,
    ordinal,
    enqueued: item.arrival,
  };
  trays.set(partition, tray);
  tray.records.push(...records);
  tray.rejects.push(...rejects);
  tray.messages += 1;
  tray.bytes += bytes.length;
  tray.ordinal = ordinal;
  tray.enqueued = item.arrival;
}

const toBatch = (tray: Tray, caughtUp: boolean): Batch => ({
  partition: tray.partition,
  records: tray.records,
  rejects: tray.rejects,
  bytes: tray.bytes,
  checkpoint: String(tray.ordinal),
  enqueued: tray.enqueued,
  caughtUp,
});
