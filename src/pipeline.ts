import { type Accepted, accept, acceptAgain } from "./accept.ts";
import type { Analysis, AnalysisOptions } from "./analysis.ts";
import { createAnalysis, keepBounded, packed } from "./analysis.ts";
import { callEvidence } from "./correlate/call-evidence.ts";
import { type CallRow, createCallRow, readCall } from "./correlate/call-row.ts";
import { rememberChange } from "./correlate/changes.ts";
import { drop, hold } from "./correlate/held.ts";
import { addGateway, addOperation, closeNext } from "./correlate/join.ts";
import { expectPartitions, flush as flushReorder, release, stopWaiting } from "./correlate/reorder.ts";
import { detect, type Due, finish } from "./detect/detect.ts";
import { explain } from "./explain/explain.ts";
import { correlationCounts, countCall } from "./findings/call-counts.ts";
import { cover, noteGap } from "./findings/coverage.ts";
import { addTally, createTally } from "./findings/input-counts.ts";
import { resolveQuiet, update } from "./findings/lifecycle.ts";
import { aborted } from "./lib/aborted.ts";
import {
  createEventTable,
  type EventTable,
  GATEWAY_KIND,
  kindOf,
  OPERATION_KIND,
  timeOf,
} from "./model/event-table.ts";
import type { Finding } from "./model/finding.ts";
import type { PrivilegeException } from "./privileges/exceptions.ts";
import { judgeHeard, setExceptions } from "./privileges/standing.ts";
import { type DurationMs, type Instant, instantFromMs } from "./model/time.ts";
import type { JoinPath } from "./normalize/join-path.ts";
import { ScanMemo } from "./normalize/scanned.ts";
import type { Source } from "./sources/source.ts";
import { hear, miss, stand } from "./stand.ts";
import { PendingCommit } from "./pending-commit.ts";
import { ReplayCost } from "./replay-cost.ts";
import { Silence } from "./silence.ts";
import type { CallLog, Commit, Saved, Store } from "./store/store.ts";

/** Told of each call as it closes; the row is filled again for the next one. */
export type OnCall = (call: CallRow) => void;

/** Where the steps put what comes of them. */
interface Out {
  readonly changed: Map<string, Finding>;
  readonly onCall: OnCall | undefined;
}

const outTo = (onCall: OnCall | undefined): Out => ({ changed: new Map(), onCall });

/** The pure part: the same analysis and accepted batch give the same findings, always. Gives those that are new or changed. */
export function step(analysis: Analysis, accepted: Accepted, onCall?: OnCall): readonly Finding[] {
  const { reorder } = analysis;
  if (accepted.expects !== undefined) {
    expectPartitions(reorder, accepted.expects);
    return [];
  }
  miss(analysis, accepted);
  if (accepted.silent !== undefined) return follow(analysis, stopWaiting(reorder, analysis, accepted.silent), onCall);
  addTally(analysis.input, accepted.tally);
  if (accepted.gap !== undefined) noteGap(analysis.coverage, accepted.partition, accepted.gap);
  hear(analysis, accepted);
  const changed = follow(analysis, release(reorder, analysis, accepted), onCall);
  const judged = judgeHeard(analysis.standing, analysis.now);
  keepBounded(analysis);
  return [...changed, ...judged];
}

/** correlate → detect → explain → findings, for held rows in the order of event time. */
function follow(analysis: Analysis, places: readonly number[], onCall: OnCall | undefined): readonly Finding[] {
  const out = outTo(onCall);
  for (const place of places) {
    stand(analysis, place, out.changed);
    followOne(analysis, place, out);
  }
  return [...out.changed.values()];
}

/** As `follow`, for the rows of a table that are in the order of event time. */
export function followTable(analysis: Analysis, table: EventTable, onCall?: OnCall): readonly Finding[] {
  const out = outTo(onCall);
  for (let row = 0; row < table.count; row++) followOne(analysis, hold(analysis.held, table, row), out);
  return [...out.changed.values()];
}

function followOne(analysis: Analysis, place: number, out: Out): void {
  const { join, held } = analysis;
  const { table } = held;
  const time = timeOf(table, place);
  closeUntil(analysis, time, out);
  const kind = kindOf(table, place);
  if (kind === GATEWAY_KIND) addGateway(join, table, place);
  else if (kind !== OPERATION_KIND) {
    rememberChange(analysis.changes, table.objects.get(place));
    drop(held, place);
  } else if (!addOperation(join, table, place)) drop(held, place);
  if (time > analysis.now) analysis.now = time;
}

/** The input has ended: what waits is counted, what is open is explained once more. */
export function end(analysis: Analysis, onCall?: OnCall): readonly Finding[] {
  const out = outTo(onCall);
  const { changed } = out;
  for (const finding of follow(analysis, flushReorder(analysis.reorder, analysis), onCall))
    changed.set(finding.id, finding);
  closeUntil(analysis, instantFromMs(8_640_000_000_000_000), out);
  const at = analysis.now;
  for (const due of finish(analysis.detection, at, analysis.names)) raise(analysis, due, changed);
  analysis.findings.nextSweep = at;
  for (const finding of resolveQuiet(analysis.findings, at)) changed.set(finding.id, finding);
  return [...changed.values()];
}

function closeUntil(analysis: Analysis, now: Instant, out: Out): void {
  const { join, held, closed } = analysis;
  while (closeNext(join, held.table, now, closed)) {
    judge(analysis, out);
    if (closed.gateway >= 0) drop(held, closed.gateway);
    for (const place of closed.operations) drop(held, place);
  }
}

const call = createCallRow();

function judge(analysis: Analysis, { changed, onCall }: Out): void {
  const { held, names, closed } = analysis;
  readCall(call, { table: held.table, names, gateway: closed.gateway, operations: closed.operations });
  countCall(analysis.calls, call);
  cover(analysis.coverage, call);
  onCall?.(call);
  for (const due of detect(analysis.detection, call)) raise(analysis, due, changed);
  for (const finding of resolveQuiet(analysis.findings, call.time)) changed.set(finding.id, finding);
}

function raise(analysis: Analysis, due: Due, changed: Map<string, Finding>): void {
  const explanations = explain(analysis.detection, due, analysis.changes);
  for (const finding of update(analysis.findings, analysis.detection, { explanations, at: due.at }))
    changed.set(finding.id, finding);
}

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
  readonly codec: { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown };
  /** Alerts that a finding's change calls for. */
  readonly alerts: (before: Finding | undefined, after: Finding) => Commit["outbox"];
  readonly every: (ms: DurationMs, task: () => void) => () => void;
  /** Told after each commit. */
  readonly onCommit: (analysis: Analysis) => void;
  /** Told when a commit failed; it is tried again each second, unless this ends the run. */
  readonly onCommitFailure: (error: unknown) => void;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  /** Whether another reader has taken over: what was read and is not committed yet is the other's by now. */
  readonly isTakenOver: (error: unknown) => boolean;
}

const COMMIT_MS: DurationMs = 1_000;
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
    if (!isTakenOver && !live.isThawing()) live.commit();
  }
}

class LiveRun {
  readonly #shell: Shell;
  readonly #analysis: Analysis;
  readonly #saved: Pick<Saved, "positions" | "kept">;
  readonly #told: Map<string, Finding>;
  readonly #silence = new Silence(SILENT_COMMITS);
  readonly #memo = new ScanMemo();
  #pending = new PendingCommit();
  #committed = Promise.withResolvers<void>();
  readonly #cost: ReplayCost;
  #beat: number;
  #holdUntil = Number.NEGATIVE_INFINITY;

  constructor(shell: Shell) {
    this.#shell = shell;
    this.#beat = shell.elapsed();
    const saved = shell.store.load();
    this.#saved = { positions: saved.positions, kept: saved.kept };
    this.#told = new Map(shell.store.findings().map((finding) => [finding.id, finding]));
    const { analysis, changes } = restore(shell, saved);
    this.#analysis = analysis;
    const bytes = saved.journal.reduce((sum, { length }) => sum + length, 0);
    this.#cost = new ReplayCost(saved.snapshot?.length, { bytes, changes });
    this.#forgetTold();
    this.#leaveOut(shell.sources);
    shell.onCommit(this.#analysis);
  }

  async follow(source: Source, signal: AbortSignal): Promise<void> {
    const { joinBy } = this.#shell;
    const partitions = (await source.partitions(signal)).map((partition) => `${source.name}/${partition}`);
    this.#silence.heard(source.name, partitions, false);
    this.#take({ expects: partitions });
    const { positions, kept } = this.#saved;
    for await (const batch of source.read(positions.get(source.name) ?? new Map(), signal, kept.get(source.name))) {
      const onReject: PendingCommit["reject"] = (reject, record) => this.#pending.reject(reject, record);
      const accepted = accept(this.#analysis, batch, { source: source.name, joinBy, memo: this.#memo, onReject });
      this.#silence.heard(source.name, [accepted.partition], batch.caughtUp);
      this.#pending.change(step(this.#analysis, accepted, keeping(this.#shell.calls)));
      this.#pending.read(source.name, batch, accepted);
      if (this.#pending.isFull) this.tryCommit();
      await this.#room(signal);
    }
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
  #take(input: Pick<Accepted, "expects" | "silent" | "left">): void {
    const nothing = {
      events: createEventTable(0),
      texts: [],
      tally: createTally(),
      caughtUp: true,
      enqueued: undefined,
      gap: undefined,
    };
    const accepted: Accepted = { partition: "", ...nothing, ...input };
    this.#pending.change(step(this.#analysis, accepted, keeping(this.#shell.calls)));
    this.#pending.journal.push(accepted);
  }

  /** Whether the process stood still just now. */
  isThawing(): boolean {
    const now = this.#shell.elapsed();
    if (now - this.#beat > FROZEN_MS) this.#holdUntil = now + THAW_MS;
    this.#beat = now;
    return now < this.#holdUntil;
  }

  tick(): void {
    const silent = this.#pending.isFull ? [] : this.#silence.tick();
    if (silent.length > 0) this.#take({ silent });
    this.tryCommit();
  }

  tryCommit(): void {
    if (this.isThawing()) return;
    try {
      this.commit();
    } catch (error) {
      this.#shell.onCommitFailure(error);
    }
  }

  commit(): void {
    if (this.#pending.journal.length === 0 && !this.#shell.calls.isFull) return;
    const { store, calls, codec, alerts, onCommit } = this.#shell;
    const { positions, kept, ledger, rejects, changes } = this.#pending;
    const findings = [...this.#pending.findings.values()];
    const journal = codec.encode(this.#pending.journal);
    const journaled = { bytes: journal.length, changes };
    const isDue = calls.isFull || this.#cost.isSnapshotDue(journaled);
    const snapshot = isDue ? codec.encode(packed(this.#analysis)) : undefined;
    if (isDue) calls.flush();
    store.commit({
      positions,
      kept,
      ledger,
      rejects,
      journal,
      findings,
      outbox: findings.flatMap((finding) => alerts(this.#told.get(finding.id), finding)),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
    if (isDue) calls.settle();
    this.#cost.committed(journaled, snapshot?.length);
    for (const finding of findings) this.#told.set(finding.id, finding);
    this.#forgetTold();
    this.#pending = new PendingCommit();
    this.#committed.resolve();
    this.#committed = Promise.withResolvers();
    onCommit(this.#analysis);
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
  const analysis = saved.snapshot === undefined ? createAnalysis(options) : (codec.decode(saved.snapshot) as Analysis);
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

const keeping =
  (calls: CallLog): OnCall =>
  (closed) =>
    calls.add(callEvidence(closed));
