import type { CallEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";

/** Input counts of one source partition; `records = accepted + duplicate + filtered + rejected`. */
export interface LedgerRow {
  readonly records: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly filtered: number;
  readonly rejected: number;
  readonly bytes: number;
}

export const addLedgerRows = (a: LedgerRow, b: LedgerRow): LedgerRow => ({
  records: a.records + b.records,
  accepted: a.accepted + b.accepted,
  duplicate: a.duplicate + b.duplicate,
  filtered: a.filtered + b.filtered,
  rejected: a.rejected + b.rejected,
  bytes: a.bytes + b.bytes,
});

/** One alert for one target, waiting or done. */
export interface OutboxRow {
  readonly alertId: string;
  readonly target: string;
  /** Its own id for an alert about no finding. */
  readonly findingId: string;
  readonly body: string;
  readonly attempts: number;
}

/** An alert that a commit adds; one with a known id and target changes nothing. */
export interface NewAlert {
  readonly alertId: string;
  readonly target: string;
  readonly body: string;
  /** Alerts about the same finding go to one target in order; without it, an alert waits for no other. */
  readonly findingId?: string;
}

/** A record that could not be read, as it is kept to look at and to try again. */
export interface NewReject {
  readonly source: string;
  readonly partition: string;
  readonly sequence: number;
  /** Index in its message. */
  readonly place: number;
  readonly stage: string;
  /** Few-valued. */
  readonly reason: string;
  readonly detail: string;
  /** At most 200 characters, redacted. */
  readonly sample: string;
  /** All of it as JSON, redacted; without it, it cannot be tried again. */
  readonly raw?: string;
}

export interface RejectRow extends NewReject {
  readonly id: number;
}

export interface RejectCount {
  readonly source: string;
  readonly partition: string;
  readonly stage: string;
  readonly reason: string;
  /** Ever. */
  readonly count: number;
  /** Of which that many are kept. */
  readonly kept: number;
}

export interface RejectsOfCommit {
  readonly rows: readonly NewReject[];
  readonly counts: readonly Omit<RejectCount, "kept">[];
  /** Ids of kept ones that could be read now. */
  readonly retried: readonly number[];
}

/** All that one checkpoint makes durable, in one transaction. */
export interface Commit {
  /** Source name → partition → checkpoint. */
  readonly positions: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** What sources keep beside their positions: source name → key → bytes; undefined forgets. */
  readonly kept: ReadonlyMap<string, ReadonlyMap<string, Uint8Array | undefined>>;
  /** Added to the ledger: source name → partition → counts. */
  readonly ledger: ReadonlyMap<string, ReadonlyMap<string, LedgerRow>>;
  readonly rejects: RejectsOfCommit;
  /** Input of the analysis since the last commit; replayed on load, in order. */
  readonly journal: Uint8Array;
  /** The staged snapshot is the one from now on: it takes the place of the one before, and of what was journaled before its first part. */
  readonly turns?: boolean;
  /** Findings that are new or changed. */
  readonly findings: readonly Finding[];
  /** Alerts to send once this is durable. */
  readonly outbox: readonly NewAlert[];
}

/** What a restart goes on from. */
export interface Saved {
  readonly positions: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly kept: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
  readonly snapshot: Uint8Array | undefined;
  readonly journal: readonly Uint8Array[];
  /** The snapshot is another version's: a part of it is known, and there is no journal. */
  readonly isOtherVersion: boolean;
}

/** Rejects that a store keeps, newest; all are counted. */
export const KEPT_REJECTS = 10_000;

/** Findings that a store keeps: those that were new last. The analysis itself follows far fewer. */
export const KEPT_FINDINGS = 10_000;

/** Bytes of a snapshot as they lie in memory; none where a part of it ends. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Few, and not packed. */
  readonly isPlain: boolean;
}

/** Pieces on their way into a store, not in memory. */
export interface Spooled {
  /** The next of them, which lasts until the one after it is asked for; undefined at the end, which closes it. */
  next(): Piece | undefined;
  close(): void;
}

/**
 * Durable state: one file, one connection, one transaction a checkpoint.
 * A commit that returned survives a crash and a power cut; one that did not return left nothing.
 */
export interface Store {
  load(): Saved;
  /** Takes all pieces, others have their turn between two parts; they are lost with the process. */
  spool(pieces: Iterable<Piece>, breathe: () => Promise<void>): Promise<Spooled>;
  /**
   * The next part of a snapshot of the analysis as it is after the last commit before its first part. It is durable and not
   * seen until a commit turns to it; the first part gives up what was staged before. The bytes are the caller's again afterwards.
   */
  stage(part: Uint8Array, isFirst: boolean): void;
  commit(commit: Commit): void;
  /** Gives up a part of a snapshot that was turned from; whether one is left. */
  tidy(): boolean;
  /** Source name → partition → checkpoint, as of the last commit. */
  positions(): ReadonlyMap<string, ReadonlyMap<string, string>>;
  ledger(): ReadonlyMap<string, ReadonlyMap<string, LedgerRow>>;
  findings(): readonly Finding[];
  /** Kept rejects with ids beyond `after`, oldest first. */
  rejects(query: {
    readonly after: number;
    readonly limit: number;
    readonly reason?: string | undefined;
  }): readonly RejectRow[];
  /** Most frequent first. */
  rejectCounts(): readonly RejectCount[];
  /** Alerts whose time has come, oldest first; a later alert about a finding never overtakes an earlier one to the same target. */
  due(now: EpochMs, limit: number): readonly OutboxRow[];
  /** It is being sent: it is not due again before `until`, or before the next start. */
  lease(alertId: string, target: string, until: EpochMs): void;
  sent(alertId: string, target: string): void;
  retry(alertId: string, target: string, next: EpochMs, because: string): void;
  dead(alertId: string, target: string, because: string): void;
  /** One alert in the place of several to the same target. */
  fold(target: string, alertIds: readonly string[], digest: NewAlert): void;
  /** Alerts that no commit plans; those that are known change nothing. */
  notify(alerts: readonly NewAlert[]): void;
  /** Makes a copy that a damaged state can be brought back from; commits go on meanwhile. */
  backUp(): Promise<void>;
  close(): void;
}

/** A part of the kept calls that cannot be read: what it held is told, never left out in silence. */
export interface Damage {
  readonly file: string;
  readonly says: string;
}

/** Calls of an id, with what could not be looked at. */
export interface FoundCalls {
  readonly calls: readonly CallEvidence[];
  readonly damages: readonly Damage[];
}

/** Calls that were closed, for as long as they are kept; durable with the snapshot that they were closed before. */
export interface CallLog {
  /** The analysis goes on after so many calls: what is kept beyond is told again. */
  begin(count: number): void;
  add(evidence: CallEvidence): void;
  /** So many wait that a snapshot is due. */
  readonly isFull: boolean;
  /** All that was added until now is on the disk once it resolves; a commit that turns to a snapshot of now follows. Rejects with `StoreError`. */
  flush(): Promise<void>;
  /** That commit returned: small segments are merged, old ones are given up. Rejects with `StoreError`. */
  settle(): Promise<void>;
  /** Calls of an id, newest last; also those that wait. */
  find(id: string): FoundCalls;
  /** Those that wait, packed as blocks of a segment, in the order of their closing. */
  waiting(): readonly Uint8Array[];
}
