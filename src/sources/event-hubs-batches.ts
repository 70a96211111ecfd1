import type { ReceivedEventData } from "@azure/event-hubs";
import type { RawColumns, Scanner } from "../decode/scan/scanner.ts";
import type { RawRecord, Reject } from "../model/record.ts";
import { type EpochMs, epochMs, instantFromMs } from "../model/time.ts";
import { decodeEventBody } from "./event-body.ts";
import { formatHubCheckpoint, type HubCheckpoint, type PartitionStart } from "./event-hubs-position.ts";
import { bodyBytes, type Delivery } from "./event-hubs-reader.ts";
import type { Batch } from "./source.ts";

/** Decoded at once; a delivery of many large events becomes several batches. */
const BATCH_BYTES = 1 << 20;

/** Turns what one partition delivers into batches; decodes only what is asked for. */
export interface Batcher {
  /** What there is to tell before the first event: a gap, that there is none left, a start at the end. */
  opening(): readonly Batch[];
  batches(delivery: Delivery): Generator<Batch>;
}

export function createBatcher(
  source: string,
  start: PartitionStart,
  { created, scanner }: { readonly created: number; readonly scanner: Scanner | undefined },
): Batcher {
  const { partition } = start;
  let at: HubCheckpoint | undefined = start.last;

  const quiet = (checkpoint: HubCheckpoint, caughtUp: boolean): Batch => ({
    partition,
    records: [],
    rejects: [],
    bytes: 0,
    checkpoint: formatHubCheckpoint(checkpoint),
    caughtUp,
  });

  return {
    opening() {
      if (at === undefined) return [];
      const batch = quiet(at, at.sequence >= start.newest);
      if (start.gap !== undefined) return [{ ...batch, gap: start.gap }];
      return batch.caughtUp ? [batch] : [];
    },
    *batches({ events, caughtUp }) {
      if (events.length === 0 && at !== undefined) yield quiet(at, caughtUp);
      for (const { part, bytes, gap } of cut(events, at?.sequence)) {
        const last = part.at(-1);
        if (last === undefined) continue;
        at = { sequence: last.sequenceNumber, created, offset: last.offset };
        const batch = {
          ...quiet(at, caughtUp && last === events.at(-1)),
          ...decode(part, { source, partition, scanner }),
          bytes,
          enqueued: newestOf(part),
        };
        yield gap === undefined ? batch : { ...batch, gap };
      }
    },
  };
}

interface Cut {
  readonly part: ReceivedEventData[];
  bytes: number;
  readonly gap?: { readonly from: number; readonly to: number };
}

/** Cuts where a batch is large enough and where sequence numbers are missing. */
function cut(events: readonly ReceivedEventData[], before: number | undefined): readonly Cut[] {
  const cuts: Cut[] = [];
  let last = before;
  let current: Cut | undefined;
  for (const event of events) {
    const expected = (last ?? event.sequenceNumber - 1) + 1;
    last = event.sequenceNumber;
    const isGap = event.sequenceNumber > expected;
    if (current === undefined || isGap || current.bytes >= BATCH_BYTES) {
      current = { part: [], bytes: 0, ...(isGap ? { gap: { from: expected, to: event.sequenceNumber - 1 } } : {}) };
      cuts.push(current);
    }
    current.part.push(event);
    current.bytes += bodyBytes(event);
  }
  return cuts;
}

function decode(
  events: readonly ReceivedEventData[],
  { source, partition, scanner }: { source: string; partition: string; scanner: Scanner | undefined },
): Pick<Batch, "records" | "rejects" | "scans"> {
  const records: RawRecord[] = [];
  const rejects: Reject[] = [];
  const scans: RawColumns[] = [];
  for (const event of events) {
    const decoded = decodeEventBody(event.body, { source, partition, sequence: event.sequenceNumber }, scanner);
    for (const record of decoded.records) records.push(record);
    for (const reject of decoded.rejects) rejects.push(reject);
    for (const columns of decoded.scans) scans.push(columns);
  }
  return { records, rejects, scans };
}

function newestOf(events: readonly ReceivedEventData[]): EpochMs {
  const newest = events.reduce((ms, event) => Math.max(ms, event.enqueuedTimeUtc.getTime()), 0);
  return epochMs(instantFromMs(newest));
}
