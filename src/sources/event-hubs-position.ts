import type { EventPosition, PartitionProperties } from "@azure/event-hubs";
import { earliestEventPosition } from "@azure/event-hubs";
import { err, ok, type Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";

/** Where a partition is read from when it has no checkpoint. */
export type EventHubsStart = "earliest" | "latest" | "checkpoint" | { readonly since: EpochMs };

/** The last event that was delivered; as text `sequence/created/offset`. */
export interface HubCheckpoint {
  /** -1 before the first event of the partition. */
  readonly sequence: number;
  /** When the hub was created, ms since 1970: one that was deleted and created again has the same name, and other events. */
  readonly created: number;
  /** Opaque, as newer namespaces do not use numbers. */
  readonly offset: string;
}

export const formatHubCheckpoint = (at: HubCheckpoint): string => `${at.sequence}/${at.created}/${at.offset}`;

export function parseHubCheckpoint(text: string): HubCheckpoint | undefined {
  const [, sequence, created, offset] = /^(-1|\d{1,16})\/(\d{1,16})\/(.*)$/s.exec(text) ?? [];
  if (sequence === undefined || offset === undefined) return undefined;
  return { sequence: Number(sequence), created: Number(created), offset };
}

/** How the reading of one partition begins. */
export interface PartitionStart {
  readonly partition: string;
  readonly position: EventPosition;
  /** Undefined where it is not known which event will be the first. */
  readonly last: HubCheckpoint | undefined;
  /** Sequence number of the newest event at the time of asking. */
  readonly newest: number;
  /** Events that were due and that retention has taken, both included. */
  readonly gap?: { readonly from: number; readonly to: number };
}

type Known = Pick<
  PartitionProperties,
  | "partitionId"
  | "isEmpty"
  | "beginningSequenceNumber"
  | "lastEnqueuedSequenceNumber"
  | "lastEnqueuedOffset"
  | "lastEnqueuedOnUtc"
>;

/** Goes on after a checkpoint; the error says why that cannot be, and what to do. */
export function resumeAfter(text: string, known: Known, created: number): Result<PartitionStart, string> {
  const checkpoint = parseHubCheckpoint(text);
  const partition = known.partitionId;
  if (checkpoint === undefined) return err(`"${text.slice(0, 50)}" is not a checkpoint of partition ${partition}`);
  const newest = known.lastEnqueuedSequenceNumber;
  if (checkpoint.created !== created)
    return err(`the hub was deleted and created again since partition ${partition} was last read. ${START_OVER}`);
  if (checkpoint.sequence > newest)
    return err(
      `partition ${partition} was read up to event ${checkpoint.sequence}, but its newest is ${newest}: it is another hub. ${START_OVER}`,
    );
  const firstLeft = known.isEmpty ? newest + 1 : known.beginningSequenceNumber;
  const isGap = firstLeft > checkpoint.sequence + 1;
  const sequence = isGap ? firstLeft - 1 : checkpoint.sequence;
  const start = { partition, position: after(sequence), last: { ...checkpoint, sequence }, newest };
  return ok(isGap ? { ...start, gap: { from: checkpoint.sequence + 1, to: sequence } } : start);
}

export const START_OVER =
  "To read what it holds now, give the source another name: it begins at startAt then, and findings and counts stay.";

/** Begins without a checkpoint. The end is pinned to the event that is newest now, so that a reconnect does not move it. */
export function startAt(start: EventHubsStart, known: Known, created: number): PartitionStart {
  const newest = known.lastEnqueuedSequenceNumber;
  const partition = known.partitionId;
  const offset = known.lastEnqueuedOffset;
  if (start === "earliest" || start === "checkpoint") {
    const sequence = known.isEmpty ? newest : known.beginningSequenceNumber - 1;
    return { partition, position: earliestEventPosition, last: { sequence, created, offset: "" }, newest };
  }
  const isAllOlder = start !== "latest" && (known.isEmpty || known.lastEnqueuedOnUtc.getTime() < start.since);
  if (start === "latest" || isAllOlder)
    return { partition, position: after(newest), last: { sequence: newest, created, offset }, newest };
  // The service takes events after the time, not those at it.
  return { partition, position: { enqueuedOn: start.since - 1 }, last: undefined, newest };
}

const after = (sequence: number): EventPosition =>
  sequence < 0 ? earliestEventPosition : { sequenceNumber: sequence, isInclusive: false };

/** One partition's begin, in words. */
export function startText({ partition, last, position, gap }: PartitionStart): string {
  const lost = gap === undefined ? "" : `, ${gap.to - gap.from + 1} events before it are lost`;
  if (last !== undefined && last.sequence >= 0) return `${partition} after event ${last.sequence}${lost}`;
  const { enqueuedOn } = position;
  return enqueuedOn === undefined
    ? `${partition} at its first event`
    : `${partition} at ${new Date(Number(enqueuedOn) + 1).toISOString()}`;
}
