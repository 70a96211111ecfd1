import type { RawColumns } from "../decode/scan/scanner.ts";
import type { RawRecord, Reject } from "../model/record.ts";
import type { EpochMs } from "../model/time.ts";
import type { TrailHealth } from "../model/trail-health.ts";

/** What one read of one partition gave, decoded. */
export interface Batch {
  readonly partition: string;
  readonly records: readonly RawRecord[];
  readonly rejects: readonly Reject[];
  /** Records that were taken without being parsed. */
  readonly scans?: readonly RawColumns[];
  /** Bytes as delivered, before decompression. */
  readonly bytes: number;
  /** Where this partition goes on after this batch. Opaque to all but its source. */
  readonly checkpoint: string;
  /** What this source needs at its next start beside its checkpoints, committed with them; undefined forgets. Keys are the source's own. */
  readonly kept?: ReadonlyMap<string, Uint8Array | undefined>;
  /** Ids of kept rejects whose records are in here, read at last. */
  readonly retried?: readonly number[];
  /** Newest time at which the broker or file system took what is in here; bounds how far event time is believed. */
  readonly enqueued?: EpochMs;
  /** What is all in here, by the account's name (lower-cased) and ARM id: what is not is gone. */
  readonly lists?: { readonly account: string; readonly accountId: string; readonly of: "data-plane" | "azure" };
  /** Records before this batch that the source no longer has, counted in its own numbers, both ends included: they are lost. */
  readonly gap?: { readonly from: number; readonly to: number };
  /** Times between which records may have been missed, though the source still had them. */
  readonly unsure?: { readonly from: EpochMs; readonly to: EpochMs };
  /** The partition holds no more for now: it need not hold the watermark back. */
  readonly caughtUp: boolean;
}

/**
 * Delivers records at least once, in order within one partition.
 * A checkpoint is taken back only after all that it stands for was committed.
 */
export interface Source {
  readonly name: string;
  /** Partitions that must be heard of before the watermark moves; empty where the source has no notion of them. */
  partitions(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Starts each partition after its checkpoint, or at the configured start without one; ends when `signal` aborts or input is
   * exhausted. `kept` is what was committed with the checkpoints.
   */
  read(
    from: ReadonlyMap<string, string>,
    signal: AbortSignal,
    kept?: ReadonlyMap<string, Uint8Array>,
  ): AsyncIterable<Batch>;
  /** Told after a commit up to which checkpoints it went, by partition; others may know of them from then on. Does not throw. */
  committed?(checkpoints: ReadonlyMap<string, string>): void;
  /** What it does beside the reading is done; asked after the last commit. */
  quiet?(): Promise<void>;
  /** Checkpoints that it keeps elsewhere; absent or undefined where it keeps none. */
  trailed?(): TrailHealth | undefined;
}
