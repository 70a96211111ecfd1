import type { Analysis, AnalysisOptions } from "./analysis.ts";
import { createAnalysis } from "./analysis.ts";
import { createCallRow, readCall } from "./correlate/call-row.ts";
import { rememberChange } from "./correlate/changes.ts";
import { addGateway, addOperation, closeUntil, type Joined } from "./correlate/join.ts";
import { expectPartitions, flush as flushReorder, release, stopWaiting } from "./correlate/reorder.ts";
import { sawBefore } from "./correlate/seen.ts";
import { detect, type Due, finish } from "./detect/detect.ts";
import { explain } from "./explain/explain.ts";
import { countCall } from "./findings/call-counts.ts";
import { cover, noteGap } from "./findings/coverage.ts";
import {
  addTally,
  countAccepted,
  countDuplicate,
  countFiltered,
  countReject,
  createTally,
  type Tally,
} from "./findings/input-counts.ts";
import { resolveQuiet, update } from "./findings/lifecycle.ts";
import { aborted } from "./lib/aborted.ts";
import type { Event } from "./model/event.ts";
import { createEventTable } from "./model/event-table.ts";
import type { Finding } from "./model/finding.ts";
import { type DurationMs, instantFromMs } from "./model/time.ts";
import { putEvent } from "./normalize/event-row.ts";
import type { JoinPath } from "./normalize/join-path.ts";
import { normalize } from "./normalize/normalize.ts";
import type { Batch, Source } from "./sources/source.ts";
import { PendingCommit } from "./pending-commit.ts";
import { ReplayCost } from "./replay-cost.ts";
import { Silence } from "./silence.ts";
import type { Commit, Saved, Store } from "./store/store.ts";

/** What is left of a batch once it is normalized: new events, redacted, and what was counted. */
export interface Accepted {
  readonly partition: string;
  readonly events: readonly Event[];
  readonly tally: Tally;
  readonly caughtUp: boolean;
  readonly enqueued: Batch["enqueued"];
  readonly gap: Batch["gap"];
  /** Partitions that are about to be read: at the start of a source. */
  readonly expects?: readonly string[];
  /** Partitions that are behind and silent: the watermark waits for them no longer. */
  readonly silent?: readonly string[];
}

/** decode → normalize: a batch to new events; repeats, other categories and unreadable records are counted. */
export function accept(
  analysis: Analysis,
  batch: Batch,
  from: { readonly source?: string; readonly joinBy?: JoinPath | undefined } = {},
): Accepted {
  const { source, joinBy } = from;
  const tally = createTally();
  const events: Event[] = [];
  tally.bytes = batch.bytes;
  for (const reject of batch.rejects) countReject(tally, reject);
  for (const record of batch.records) {
    const normalized = normalize(record, joinBy);
    if (normalized.kind === "reject") countReject(tally, normalized.reject);
    else if (normalized.kind === "filtered") countFiltered(tally, normalized.category);
    else if (sawBefore(analysis.seen, normalized.event.dedupKey)) countDuplicate(tally);
    else {
      countAccepted(tally, normalized.category, normalized.event.time);
      events.push(normalized.event);
    }
  }
  const { caughtUp, enqueued, gap } = batch;
  const partition = source === undefined ? batch.partition : `${source}/${batch.partition}`;
  return { partition, events, tally, caughtUp, enqueued, gap };
}

/** The pure part: the same analysis and accepted batch give the same findings, always. Gives those that are new or changed. */
export function step(analysis: Analysis, accepted: Accepted): readonly Finding[] {
  if (accepted.expects !== undefined) {
    expectPartitions(analysis.reorder, accepted.expects);
    return [];
  }
  if (accepted.silent !== undefined) return follow(analysis, stopWaiting(analysis.reorder, accepted.silent));
  addTally(analysis.input, accepted.tally);
  if (accepted.gap !== undefined) noteGap(analysis.coverage, accepted.partition, accepted.gap);
  return follow(analysis, release(analysis.reorder, accepted));
}

/** correlate → detect → explain → findings, for events in the order of event time. */
export function follow(analysis: Analysis, ordered: readonly Event[]): readonly Finding[] {
  const changed = new Map<string, Finding>();
  for (const event of ordered) {
    for (const joined of closeUntil(analysis.join, event.time)) judge(analysis, joined, changed);
    if (event.kind === "gateway-request") addGateway(analysis.join, event);
    else if (event.kind === "data-plane-operation") addOperation(analysis.join, event);
    else if (event.kind === "change") rememberChange(analysis.changes, event);
    if (event.time > analysis.now) analysis.now = event.time;
  }
  return [...changed.values()];
}

/** The input has ended: what waits is counted, what is open is explained once more. */
export function end(analysis: Analysis): readonly Finding[] {
  const changed = new Map<string, Finding>();
  for (const finding of follow(analysis, flushReorder(analysis.reorder))) changed.set(finding.id, finding);
  for (const joined of closeUntil(analysis.join, instantFromMs(8_640_000_000_000_000)))
    judge(analysis, joined, changed);
  const at = analysis.now;
  for (const due of finish(analysis.detection, at, analysis.names)) raise(analysis, due, changed);
  analysis.findings.nextSweep = at;
  for (const finding of resolveQuiet(analysis.findings, at)) changed.set(finding.id, finding);
  return [...changed.values()];
}

const table = createEventTable();
const call = createCallRow();

function judge(analysis: Analysis, joined: Joined, changed: Map<string, Finding>): void {
  const { names } = analysis;
  table.count = 0;
  table.objects.clear();
  readCall(call, {
    table,
    names,
    gateway: joined.gateway === undefined ? -1 : putEvent(table, names, joined.gateway),
    operations: joined.operations.map((operation) => putEvent(table, names, operation)),
  });
  countCall(analysis.calls, call);
  cover(analysis.coverage, call);
  for (const due of detect(analysis.detection, call)) raise(analysis, due, changed);
  for (const finding of resolveQuiet(analysis.findings, call.time)) changed.set(finding.id, finding);
}

function raise(analysis: Analysis, due: Due, changed: Map<string, Finding>): void {
  const explanations = explain(analysis.detection, due, analysis.changes.recent);
  for (const finding of update(analysis.findings, analysis.detection, { explanations, at: due.at }))
    changed.set(finding.id, finding);
}

/** What `run` needs from outside. Concrete adapters come from the commands. */
export interface Shell {
  readonly sources: readonly Source[];
  readonly store: Store;
  readonly options: AnalysisOptions;
  /** Leads to an id of the user's own in the gateway's records that is also the activity id of Cosmos. */
  readonly joinBy?: JoinPath | undefined;
  readonly codec: { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown };
  /** Alerts that a finding's change calls for. */
  readonly alerts: (before: Finding | undefined, after: Finding) => Commit["outbox"];
  readonly every: (ms: DurationMs, task: () => void) => () => void;
  /** Told after each commit. */
  readonly onCommit: (analysis: Analysis) => void;
  /** Told when a commit failed; it is tried again each second, unless this ends the run. */
  readonly onCommitFailure: (error: unknown) => void;
}

const COMMIT_MS: DurationMs = 1_000;
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
  try {
    await Promise.all(reading);
  } finally {
    failed.abort();
    await Promise.allSettled(reading);
    stop();
    live.commit();
  }
}

class LiveRun {
  readonly #shell: Shell;
  readonly #analysis: Analysis;
  readonly #positions: Saved["positions"];
  readonly #told: Map<string, Finding>;
  readonly #silence = new Silence(SILENT_COMMITS);
  #pending = new PendingCommit();
  #committed = Promise.withResolvers<void>();
  readonly #cost: ReplayCost;

  constructor(shell: Shell) {
    this.#shell = shell;
    const saved = shell.store.load();
    this.#positions = saved.positions;
    this.#told = new Map(shell.store.findings().map((finding) => [finding.id, finding]));
    const { analysis, changes } = restore(shell, saved);
    this.#analysis = analysis;
    const bytes = saved.journal.reduce((sum, { length }) => sum + length, 0);
    this.#cost = new ReplayCost(saved.snapshot?.length, { bytes, changes });
    this.#forgetTold();
    shell.onCommit(this.#analysis);
  }

  async follow(source: Source, signal: AbortSignal): Promise<void> {
    const { joinBy } = this.#shell;
    const partitions = (await source.partitions(signal)).map((partition) => `${source.name}/${partition}`);
    this.#silence.heard(source.name, partitions, false);
    this.#take({ expects: partitions });
    for await (const batch of source.read(this.#positions.get(source.name) ?? new Map(), signal)) {
      const accepted = accept(this.#analysis, batch, { source: source.name, joinBy });
      this.#silence.heard(source.name, [accepted.partition], batch.caughtUp);
      this.#pending.change(step(this.#analysis, accepted));
      this.#pending.read(source.name, batch, accepted);
      if (this.#pending.isFull) this.tryCommit();
      await this.#room(signal);
    }
  }

  /** No more is read than one commit holds: a full disk is waited for. */
  async #room(signal: AbortSignal): Promise<void> {
    while (this.#pending.isFull && !signal.aborted) await Promise.race([this.#committed.promise, aborted(signal)]);
  }

  /** What is not of a batch; journaled like any input, so that a replay goes the same way. */
  #take(input: Pick<Accepted, "expects" | "silent">): void {
    const nothing = { events: [], tally: createTally(), caughtUp: true, enqueued: undefined, gap: undefined };
    const accepted: Accepted = { partition: "", ...nothing, ...input };
    this.#pending.change(step(this.#analysis, accepted));
    this.#pending.journal.push(accepted);
  }

  tick(): void {
    const silent = this.#pending.isFull ? [] : this.#silence.tick();
    if (silent.length > 0) this.#take({ silent });
    this.tryCommit();
  }

  tryCommit(): void {
    try {
      this.commit();
    } catch (error) {
      this.#shell.onCommitFailure(error);
    }
  }

  commit(): void {
    if (this.#pending.journal.length === 0) return;
    const { store, codec, alerts, onCommit } = this.#shell;
    const { positions, ledger, changes } = this.#pending;
    const findings = [...this.#pending.findings.values()];
    const journal = codec.encode(this.#pending.journal);
    const journaled = { bytes: journal.length, changes };
    const snapshot = this.#cost.isSnapshotDue(journaled) ? codec.encode(this.#analysis) : undefined;
    store.commit({
      positions,
      ledger,
      journal,
      findings,
      outbox: findings.flatMap((finding) => alerts(this.#told.get(finding.id), finding)),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
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
    for (const id of this.#told.keys()) if (!this.#analysis.findings.tracked.has(id)) this.#told.delete(id);
  }
}

/** The last snapshot and what was accepted since, followed again: the same state as before the stop, findings changed on the way. */
function restore({ codec, options }: Shell, saved: Saved): { readonly analysis: Analysis; readonly changes: number } {
  // Both were written by this program into its own file; their version is checked by the store.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const analysis = saved.snapshot === undefined ? createAnalysis(options) : (codec.decode(saved.snapshot) as Analysis);
  let changes = 0;
  for (const bytes of saved.journal) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    for (const accepted of codec.decode(bytes) as readonly Accepted[]) {
      for (const event of accepted.events) sawBefore(analysis.seen, event.dedupKey);
      changes += step(analysis, accepted).length;
    }
  }
  return { analysis, changes };
}
