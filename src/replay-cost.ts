/** What one commit adds to the journal. */
export interface Journaled {
  readonly bytes: number;
  /** Changes of findings: a replay makes each again, and they take longest. */
  readonly changes: number;
}

const LEAST_BYTES = 4 << 20;
const MOST_CHANGES = 10;

/**
 * A start replays the journal, so a snapshot is due before that takes long: when the journal is half as large as the
 * snapshot before it, or changed several findings.
 */
export class ReplayCost {
  #snapshotBytes: number | undefined;
  #bytes: number;
  #changes: number;

  /** `snapshotBytes` is undefined where there is none yet: the first commit holds one, and with it the seed of the replay. */
  constructor(snapshotBytes: number | undefined, journal: Journaled) {
    this.#snapshotBytes = snapshotBytes;
    this.#bytes = journal.bytes;
    this.#changes = journal.changes;
  }

  /** Whether a start would replay anything. */
  get isBehind(): boolean {
    return this.#bytes > 0;
  }

  isSnapshotDue({ bytes, changes }: Journaled): boolean {
    if (this.#snapshotBytes === undefined || this.#changes + changes >= MOST_CHANGES) return true;
    return this.#bytes + bytes >= Math.max(LEAST_BYTES, this.#snapshotBytes / 2);
  }

  /** What was committed, with a snapshot of so many bytes or without. */
  committed({ bytes, changes }: Journaled, snapshotBytes: number | undefined): void {
    this.#snapshotBytes = snapshotBytes ?? this.#snapshotBytes;
    this.#bytes = snapshotBytes === undefined ? this.#bytes + bytes : 0;
    this.#changes = snapshotBytes === undefined ? this.#changes + changes : 0;
  }
}
