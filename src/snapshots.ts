import { type Analysis, packed } from "./analysis.ts";
import { freeBytes } from "./lib/free-bytes.ts";
import { type Journaled, ReplayCost } from "./replay-cost.ts";
import { savedForm, SPLIT } from "./saved-form.ts";
import type { CallLog, Piece, Spooled, Store } from "./store/store.ts";

/** Bytes of a snapshot that go into the store in one transaction. */
const PART_BYTES = 1 << 20;

/** What snapshots are written with. */
export interface SnapshotShell {
  readonly store: Pick<Store, "spool" | "stage" | "tidy">;
  readonly calls: Pick<CallLog, "flush" | "settle" | "isFull">;
  readonly codec: {
    encode(value: unknown): Uint8Array;
    pieces(value: unknown, split?: ReadonlySet<string>): Iterable<Piece>;
    packed(piece: Piece): Uint8Array;
  };
  readonly breathe: () => Promise<void>;
  /** A snapshot is staged: a commit can turn to it. */
  readonly onStaged: () => void;
  readonly onCommitFailure: (error: unknown) => void;
}

/** What a start would do again. */
interface Replay {
  /** Undefined where no snapshot of this version is in the store yet. */
  readonly snapshotBytes: number | undefined;
  readonly journaled: Journaled;
}

/**
 * Snapshots of an analysis on their way into the store, beside its commits: piece by piece, so that requests are answered
 * and input is followed meanwhile. A commit turns to one that is whole; until then a start goes on from the one before.
 */
export class Snapshots {
  readonly #shell: SnapshotShell;
  readonly #analysis: Analysis;
  readonly #cost: ReplayCost;
  /** Staged by the first commit, which turns to it: a replay needs its seed. */
  #first: Uint8Array | undefined;
  #isStaged = false;
  #underWay: Promise<void> | undefined;
  #taking: Promise<void> | undefined;

  constructor(shell: SnapshotShell, analysis: Analysis, { snapshotBytes, journaled }: Replay) {
    this.#shell = shell;
    this.#analysis = analysis;
    this.#first = snapshotBytes === undefined ? shell.codec.encode(savedForm(analysis)) : undefined;
    this.#cost = new ReplayCost(snapshotBytes ?? 0, journaled);
  }

  /** Whether a commit is due though nothing is to be journaled. */
  get isCommitAsked(): boolean {
    return this.#isStaged || (this.#shell.calls.isFull && this.#underWay === undefined);
  }

  /** Whether the commit that follows turns to a staged snapshot. */
  turns(): boolean {
    const first = this.#first;
    if (first !== undefined) {
      this.#cost.begin();
      this.#cost.staged(first.length);
      this.#shell.store.stage(first, true);
      this.#first = undefined;
      this.#isStaged = true;
    }
    return this.#isStaged;
  }

  /** A commit returned: the next snapshot begins where one is due, or what was turned from is given up. */
  committed(journaled: Journaled, { turns, isLast }: { readonly turns: boolean; readonly isLast: boolean }): void {
    if (turns) {
      this.#isStaged = false;
      this.#cost.turned();
    }
    this.#cost.journaled(journaled);
    if (isLast) return;
    if (turns) this.#goOn(Promise.resolve(this.#underWay).then(() => this.#settle()));
    else if (this.#underWay === undefined && !this.#isStaged && (this.#shell.calls.isFull || this.#cost.isSnapshotDue))
      this.#goOn(this.#write());
  }

  /** Whether the analysis is being taken as it is, and must not change. */
  get isTaking(): boolean {
    return this.#taking !== undefined;
  }

  /** Resolves once the analysis may change, until the caller's next await at least. */
  async taken(): Promise<void> {
    while (this.#taking !== undefined) await this.#taking;
  }

  /** Nothing is under way any more. */
  async quiet(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay;
  }

  /** The last snapshot, just after a commit: `commit` turns to it, and nothing is left to be replayed. */
  async last(commit: () => void): Promise<void> {
    if (!this.#cost.isBehind) return;
    await this.#stage();
    commit();
    await this.#settle();
  }

  #goOn(work: Promise<void>): void {
    const mine = work.catch(this.#shell.onCommitFailure).finally(() => {
      if (this.#underWay === mine) this.#underWay = undefined;
    });
    this.#underWay = mine;
  }

  async #write(): Promise<void> {
    await this.#stage();
    this.#shell.onStaged();
  }

  /** The analysis as it is just after a commit: it stands still until all of it is taken and the first part is staged. */
  async #stage(): Promise<void> {
    const { store, calls, codec, breathe } = this.#shell;
    const taking = Promise.withResolvers<void>();
    this.#taking = taking.promise;
    const goOn = (): void => {
      this.#taking = undefined;
      taking.resolve();
    };
    this.#cost.begin();
    let snapshot: Spooled | undefined;
    try {
      snapshot = await store.spool(codec.pieces(savedForm(packed(this.#analysis)), SPLIT), breathe);
      let part: Uint8Array[] = [];
      let bytes = 0;
      let staged = 0;
      const stagePart = (): void => {
        const whole = Buffer.concat(part);
        store.stage(whole, staged === 0);
        for (const used of [whole, ...part]) freeBytes(used);
        staged += bytes;
        part = [];
        bytes = 0;
      };
      for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next()) {
        part.push(codec.packed(piece));
        bytes += part.at(-1)?.length ?? 0;
        const isFirst = staged === 0;
        if (isFirst || bytes >= PART_BYTES) stagePart();
        if (isFirst) {
          goOn();
          await calls.flush();
        }
        await breathe();
      }
      if (bytes > 0) stagePart();
      this.#cost.staged(staged);
    } finally {
      goOn();
      snapshot?.close();
    }
    this.#isStaged = true;
  }

  async #settle(): Promise<void> {
    const { store, calls, breathe } = this.#shell;
    await calls.settle();
    while (store.tidy()) await breathe();
  }
}
