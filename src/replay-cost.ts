/** What one commit adds to the journal. */
export interface Journaled {
  readonly bytes: number;
  /** Changes of findings: a replay makes each again, and they take longest. */
  readonly changes: number;
}

const LEAST_BYTES = 4 << 20;
const MOST_CHANGES = 10;
const NOTHING: Journaled = { bytes: 0, changes: 0 };

/**
 * A start replays the journal, so a snapshot is due before that takes long: when the journal is half as large as the
 * snapshot before it, or changed several findings.
 */
export class ReplayCost {
  #snapshotBytes: number;
  #journal: Journaled;
  /** What was journaled before the snapshot that is on its way. */
  #before = NOTHING;
  /** A snapshot that no commit turned to yet, and what was journaled before it. */
  #staged: { readonly bytes: number; readonly before: Journaled } | undefined;

  constructor(snapshotBytes: number, journal: Journaled) {
    this.#snapshotBytes = snapshotBytes;
    this.#journal = journal;
  }

  /** Whether a start would replay anything. */
  get isBehind(): boolean {
    return this.#journal.bytes > 0;
  }

  get isSnapshotDue(): boolean {
    const { bytes, changes } = this.#journal;
    return changes >= MOST_CHANGES || bytes >= Math.max(LEAST_BYTES, this.#snapshotBytes / 2);
  }

  journaled(more: Journaled): void {
    this.#journal = { bytes: this.#journal.bytes + more.bytes, changes: this.#journal.changes + more.changes };
  }

  /** A snapshot that begins now holds all that was journaled until now. */
  begin(): void {
    this.#before = this.#journal;
  }

  /** The snapshot that was begun last is whole. */
  staged(bytes: number): void {
    this.#staged = { bytes, before: this.#before };
  }

  /** The staged snapshot is the one that a start goes on from. */
  turned(): void {
    const { bytes, before } = this.#staged ?? { bytes: this.#snapshotBytes, before: NOTHING };
    this.#snapshotBytes = bytes;
    this.#journal = { bytes: this.#journal.bytes - before.bytes, changes: this.#journal.changes - before.changes };
    this.#staged = undefined;
  }
}
