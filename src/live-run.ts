import { type Accepted, accept, acceptAgain } from "./accept.ts";
import { type Analysis, type AnalysisOptions, createAnalysis } from "./analysis.ts";
import { carryOver } from "./carry-over.ts";
import { callEvidence } from "./correlate/call-evidence.ts";
import { correlationCounts } from "./findings/call-counts.ts";
import { createTally } from "./findings/input-counts.ts";
import { aborted } from "./lib/aborted.ts";
import type { InTurns } from "./lib/in-turns.ts";
import { createEventTable } from "./model/event-table.ts";
import { fittedInput, Rooms } from "./rooms.ts";
import type { Finding } from "./model/finding.ts";
import type { DurationMs } from "./model/time.ts";
import type { JoinPath } from "./normalize/join-path.ts";
import { ScanMemo } from "./normalize/scanned.ts";
import { PendingCommit } from "./pending-commit.ts";
import { type OnCall, step, stepInTurns } from "./pipeline.ts";
import type { PrivilegeException } from "./privileges/exceptions.ts";
import { setExceptions } from "./privileges/standing.ts";
import { findWaysBack } from "./saved-form.ts";
import { changedSettings } from "./settings.ts";
import { Silence } from "./silence.ts";
import { Snapshots } from "./snapshots.ts";
import type { Source } from "./sources/source.ts";
import type { CallLog, Commit, Piece, Saved, Store } from "./store/store.ts";

/** What `run` needs from outside. Concrete adapters come from the commands. */
export interface Shell {
  readonly sources: readonly Source[];
  readonly store: Store;
  /** Where closed calls are kept. */
  readonly calls: CallLog;
  readonly options: AnalysisOptions;
  /** Leads to an id of the user's own in the gateway's records that is also the activity id of Cosmos. */
  readonly joinBy?: JoinPath | undefined;
  /** Grants that somebody answers for; none without it. */
  readonly exceptions?: readonly PrivilegeException[] | undefined;
  readonly codec: {
    encode(value: unknown): Uint8Array;
    /** The value as it lies in memory; each piece lasts until the next is taken, all are to be taken before it changes. Packed, they are what `encode` gives. */
    pieces(value: unknown, split?: ReadonlySet<string>): Iterable<Piece>;
    packed(piece: Piece): Uint8Array;
    decode(bytes: Uint8Array): unknown;
  };
  /** Alerts that a finding's change calls for. */
  readonly alerts: (before: Finding | undefined, after: Finding) => Commit["outbox"];
  readonly every: (ms: DurationMs, task: () => void) => () => void;
  /** Resolves once others had their turn: requests are answered between two parts of long work. */
  readonly breathe: () => Promise<void>;
  /** Told where the state is another version's, of which a part is gone on from. */
  readonly onOtherVersion?: () => void;
  /** Told after each commit. */
  readonly onCommit: (analysis: Analysis) => void;
  /** Told at the start how to look at the analysis for longer than a turn. */
  readonly onLook?: (look: Look) => void;
  /** Told when a commit failed; it is tried again each second, unless this ends the run. */
  readonly onCommitFailure: (error: unknown) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  /** Whether another reader has taken over: what was read and is not committed yet is the other's by now. */
  readonly isTakenOver: (error: unknown) => boolean;
  /** Whether an answer that was asked for at that moment of `elapsed` or later says that no other machine has taken over; always so without it. */
  readonly isOursSince?: ((at: DurationMs) => boolean) | undefined;
}

/** Looks at the analysis in turns: it stands still meanwhile. */
export type Look = <T>(work: (analysis: Analysis) => InTurns<T>) => Promise<T>;

const COMMIT_MS: DurationMs = 1_000;
/** What was read is followed for so long, then others have their turn. */
const TURN_MS: DurationMs = 25;
/** A process that stood still for longer may have been taken for dead meanwhile: it commits nothing before it has heard of that. */
const FROZEN_MS: DurationMs = 5_000;
const THAW_MS: DurationMs = 3_000;
/** Commits after which a source that is behind and silent holds the others back no longer. */
const SILENT_COMMITS = 60;

/**
 * source → decode → normalize → correlate → detect → explain → findings → one commit.
 * At least once in, effectively once out: state, positions, findings, outbox and ledger are one transaction, and what was
 * not committed is read again. Ends when all sources have ended or `signal` aborts; throws what a source throws.
 */
export async function run(shell: Shell, signal: AbortSignal): Promise<void> {
  const live = new LiveRun(shell);
  const stop = shell.every(COMMIT_MS, () => live.tick());
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const reading = shell.sources.map((source) => live.follow(source, either));
  let isTakenOver = false;
  try {
    await Promise.all(reading);
  } catch (error) {
    isTakenOver = shell.isTakenOver(error);
    throw error;
  } finally {
    failed.abort();
    await Promise.allSettled(reading);
    stop();
    await live.quiet();
    if (!isTakenOver && !live.isHeld()) await live.end();
    await Promise.all(shell.sources.map(async (source) => await source.quiet?.()));
  }
}

class LiveRun {
  readonly #shell: Shell;
  readonly #analysis: Analysis;
  readonly #saved: Pick<Saved, "positions" | "kept">;
  readonly #told: Map<string, Finding>;
  readonly #silence = new Silence(SILENT_COMMITS);
  readonly #memo = new ScanMemo();
  readonly #rooms = new Rooms();
  #pending = new PendingCommit();
  #committed = Promise.withResolvers<void>();
  readonly #snapshots: Snapshots;
  /** Resolves once nobody follows or looks turn by turn any more. */
  #underWay: Promise<void> | undefined;
  #turnedAt = Number.NEGATIVE_INFINITY;
  #beat: number;
  #thawedAt = Number.NEGATIVE_INFINITY;

  constructor(shell: Shell) {
    this.#shell = shell;
    this.#beat = shell.elapsed();
    const saved = shell.store.load();
    this.#saved = { positions: saved.positions, kept: saved.kept };
    this.#told = new Map(shell.store.findings().map((finding) => [finding.id, finding]));
    const { analysis, changes } = restore(shell, saved);
    this.#analysis = analysis;
    const bytes = saved.journal.reduce((sum, { length }) => sum + length, 0);
    const isFirst = saved.snapshot === undefined || saved.isOtherVersion;
    const replay = { snapshotBytes: isFirst ? undefined : saved.snapshot?.length, journaled: { bytes, changes } };
    this.#snapshots = new Snapshots({ ...shell, onStaged: () => this.tryCommit() }, analysis, replay);
    if (saved.isOtherVersion) {
      this.#pending.change(this.#given());
      shell.onOtherVersion?.();
    }
    this.#forgetTold();
    this.#leaveOut(shell.sources);
    const settings = changedSettings(analysis, shell.options);
    if (settings !== undefined) this.#take({ settings });
    shell.onLook?.((work) => this.#look(work));
    shell.onCommit(this.#analysis);
  }

  async follow(source: Source, signal: AbortSignal): Promise<void> {
    const { joinBy } = this.#shell;
    const partitions = (await source.partitions(signal)).map((partition) => `${source.name}/${partition}`);
    while (this.#isBusy) await this.#free();
    this.#silence.heard(source.name, partitions, false);
    this.#take({ expects: partitions });
    const { positions, kept } = this.#saved;
    for await (const batch of source.read(positions.get(source.name) ?? new Map(), signal, kept.get(source.name))) {
      while (this.#isBusy) await this.#free();
      const onReject: PendingCommit["reject"] = (reject, record) => this.#pending.reject(reject, record);
      const from = { source: source.name, joinBy, memo: this.#memo, onReject, room: this.#rooms.take() };
      const accepted = accept(this.#analysis, batch, from);
      this.#silence.heard(source.name, [accepted.partition], batch.caughtUp);
      await this.#follow(accepted, () => this.#pending.read(source.name, batch, accepted));
      if (this.#pending.isFull) this.tryCommit();
      await this.#room(signal);
      await this.#turn();
    }
  }

  /** Whether the analysis is followed, looked at or taken turn by turn: nobody else may change it, and no snapshot may begin. */
  get #isBusy(): boolean {
    return this.#underWay !== undefined || this.#snapshots.isTaking;
  }

  async #free(): Promise<void> {
    await this.#underWay;
    await this.#snapshots.taken();
  }

  /** `then` notes for the commit that it was followed. */
  async #follow(accepted: Accepted, then: () => void): Promise<void> {
    await this.#alone(stepInTurns(this.#analysis, accepted, keeping(this.#shell.calls)), (changed) => {
      this.#pending.change(changed);
      then();
    });
  }

  async #look<T>(work: (analysis: Analysis) => InTurns<T>): Promise<T> {
    while (this.#isBusy) await this.#free();
    return await this.#alone(work(this.#analysis), (found) => found);
  }

  /** Does what nobody else may come between, `then` included; others have their turn meanwhile. */
  async #alone<T, R>(work: InTurns<T>, then: (result: T) => R): Promise<R> {
    const underWay = Promise.withResolvers<void>();
    this.#underWay = underWay.promise;
    try {
      for (let part = work.next(); ; part = work.next()) {
        if (part.done === true) return then(part.value);
        await this.#turn();
      }
    } finally {
      this.#underWay = undefined;
      underWay.resolve();
    }
  }

  /** However much waits to be read, requests are answered in between. */
  async #turn(): Promise<void> {
    const { elapsed, breathe } = this.#shell;
    if (elapsed() - this.#turnedAt < TURN_MS) return;
    await breathe();
    this.#turnedAt = elapsed();
  }

  /** Partitions of sources that are no longer read: nobody waits for them. */
  #leaveOut(sources: readonly Source[]): void {
    const known = [...this.#analysis.reorder.partitions].filter(([, { caughtUp }]) => !caughtUp).map(([name]) => name);
    const left = known.filter((partition) => !sources.some(({ name }) => partition.startsWith(`${name}/`)));
    if (left.length > 0) this.#take({ silent: left, left: true });
  }

  /** No more is read than one commit holds: a full disk is waited for. */
  async #room(signal: AbortSignal): Promise<void> {
    while (this.#pending.isFull && !signal.aborted) await Promise.race([this.#committed.promise, aborted(signal)]);
  }

  /** What is not of a batch; journaled like any input, so that a replay goes the same way. */
  #take(input: NoBatch): void {
    const accepted = withoutBatch(input);
    this.#pending.change(step(this.#analysis, accepted, keeping(this.#shell.calls)));
    this.#pending.journal.push(accepted);
  }

  /** Whether another may have taken over while the process stood still, or has: it is not told of that at once. */
  isHeld(): boolean {
    const { elapsed, isOursSince = () => true } = this.#shell;
    const now = elapsed();
    if (now - this.#beat > FROZEN_MS) this.#thawedAt = now;
    this.#beat = now;
    return now < this.#thawedAt + THAW_MS || !isOursSince(this.#thawedAt);
  }

  tick(): void {
    if (this.#isBusy) return this.#tickLater();
    const silent = this.#pending.isFull ? [] : this.#silence.tick();
    if (silent.length === 0) return this.tryCommit();
    const accepted = withoutBatch({ silent });
    void this.#follow(accepted, () => this.#pending.journal.push(accepted)).then(() => this.tryCommit());
  }

  /** What is being followed is committed with the rest; a snapshot that is taken is waited for until the next tick. */
  #tickLater(): void {
    this.isHeld();
    void this.#underWay?.then(() => this.tick());
  }

  tryCommit(): void {
    if (this.isHeld() || this.#underWay !== undefined) return;
    try {
      this.commit();
    } catch (error) {
      this.#shell.onCommitFailure(error);
    }
  }

  /** Nothing is followed and no snapshot is on its way any more. */
  async quiet(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay;
    await this.#snapshots.quiet();
  }

  /** Everything is in the snapshot: a later start replays nothing, and a later version can go on. */
  async end(): Promise<void> {
    while (this.#isBusy) await this.#free();
    this.commit(true);
    await this.#snapshots.last(() => this.commit(true));
  }

  /** Findings that nobody follows any more: what they were told by was another version's. */
  #given(): readonly Finding[] {
    const { now } = this.#analysis;
    const open = [...this.#told.values()].filter(
      ({ kind, status }) => kind === "intermittent-refusal" && status === "open",
    );
    return open.map((finding): Finding => Object.assign({}, finding, { status: "resolved", end: now }));
  }

  commit(isLast = false): void {
    const { store, codec, alerts, onCommit } = this.#shell;
    if (this.#pending.journal.length === 0 && !this.#snapshots.isCommitAsked) return;
    const { positions, kept, ledger, rejects, changes } = this.#pending;
    const findings = [...this.#pending.findings.values()];
    const inputs = this.#pending.journal;
    const journal = inputs.length === 0 ? new Uint8Array(0) : codec.encode(inputs.map(fittedInput));
    const turns = this.#snapshots.turns();
    store.commit({
      positions,
      kept,
      ledger,
      rejects,
      journal,
      turns,
      findings,
      outbox: findings.flatMap((finding) => alerts(this.#told.get(finding.id), finding)),
    });
    for (const source of this.#shell.sources) {
      const checkpoints = positions.get(source.name);
      if (checkpoints !== undefined) source.committed?.(checkpoints);
    }
    for (const finding of findings) this.#told.set(finding.id, finding);
    this.#forgetTold();
    this.#rooms.giveBack(inputs);
    this.#pending = new PendingCommit();
    this.#committed.resolve();
    this.#committed = Promise.withResolvers();
    onCommit(this.#analysis);
    this.#snapshots.committed({ bytes: journal.length, changes }, { turns, isLast });
  }

  /** A finding that the analysis has given up does not change any more. */
  #forgetTold(): void {
    const { findings, standing } = this.#analysis;
    for (const id of this.#told.keys())
      if (!findings.tracked.has(id) && !standing.findings.has(id)) this.#told.delete(id);
  }
}

/** The last snapshot and what was accepted since, followed again: the same state as before the stop, findings changed on the way. */
function restore(
  { codec, options, exceptions = [], calls }: Shell,
  saved: Saved,
): { readonly analysis: Analysis; readonly changes: number } {
  // Both were written by this program into its own file; their version is checked by the store.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const known = saved.snapshot === undefined ? undefined : (codec.decode(saved.snapshot) as Analysis);
  const analysis =
    known === undefined ? createAnalysis(options) : saved.isOtherVersion ? carryOver(known, options) : known;
  findWaysBack(analysis);
  setExceptions(analysis.standing, exceptions);
  calls.begin(correlationCounts(analysis.calls).calls);
  const onCall = keeping(calls);
  let changes = 0;
  for (const bytes of saved.journal) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    for (const accepted of codec.decode(bytes) as readonly Accepted[]) {
      acceptAgain(analysis, accepted);
      changes += step(analysis, accepted, onCall).filter(({ kind }) => kind === "intermittent-refusal").length;
    }
  }
  return { analysis, changes };
}

type NoBatch = Pick<Accepted, "expects" | "silent" | "left" | "settings">;

function withoutBatch(input: NoBatch): Accepted {
  const events = createEventTable(0);
  const nothing = { events, texts: [], tally: createTally(), caughtUp: true, enqueued: undefined, gap: undefined };
  return { partition: "", ...nothing, ...input };
}

const keeping =
  (calls: CallLog): OnCall =>
  (closed) =>
    calls.add(callEvidence(closed));
