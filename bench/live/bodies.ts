import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** What the events of a file hold, one entry an event, in the order of sending. */
export interface Bodies {
  /** Records up to and including this event. */
  readonly recordsUntil: readonly number[];
  /** Newest event time up to and including this event, in milliseconds since the Unix epoch. */
  readonly newestUntil: readonly number[];
}

export async function readBodies(path: string): Promise<Bodies> {
  const recordsUntil: number[] = [];
  const newestUntil: number[] = [];
  let records = 0;
  let newest = Number.NEGATIVE_INFINITY;
  for await (const line of createInterface(createReadStream(path, { highWaterMark: 4 << 20 }))) {
    for (const [, time = ""] of line.matchAll(/\{"time":"([^"]+)"/g)) {
      records += 1;
      newest = Math.max(newest, Date.parse(time));
    }
    recordsUntil.push(records);
    newestUntil.push(newest);
  }
  return { recordsUntil, newestUntil };
}
