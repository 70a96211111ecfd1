import { buildCall } from "./correlate/call.ts";
import { addGateway, addOperation, closeUntil, createJoin, type Join, type Joined } from "./correlate/join.ts";
import { createReorder, expectPartitions, flush as flushReorder, type Reorder, release } from "./correlate/reorder.ts";
import { createSeen, type Seen, sawBefore } from "./correlate/seen.ts";
import { createDetection, detect, type Detection, type Due, finish } from "./detect/detect.ts";
import { explain } from "./explain/explain.ts";
import { cover, type Coverage, createCoverage, noteGap } from "./findings/coverage.ts";
import { addTally, countCategory, countReject, countTime, createTally, type Tally } from "./findings/input-counts.ts";
import { createFindings, type Findings, resolveQuiet, update } from "./findings/lifecycle.ts";
import { type CallCounts, countCall, createCallCounts } from "./findings/call-counts.ts";
import type { Change, Event } from "./model/event.ts";
import type { Finding } from "./model/finding.ts";
import { type DurationMs, type Instant, instantFromMs, plusMs } from "./model/time.ts";
import { normalize } from "./normalize/normalize.ts";
import type { Batch, Source } from "./sources/source.ts";
import type { Commit, LedgerRow, Saved, Store } from "./store/store.ts";

/** Everything that is remembered between two batches. Plain data: a structured clone of it goes on the same way. */
export interface Analysis {
  readonly seen: Seen;
  readonly reorder: Reorder;
  readonly join: Join;
  readonly detection: Detection;
  readonly findings: Findings;
  readonly coverage: Coverage;
  readonly input: Tally;
  readonly calls: CallCounts;
  /** Of the last two days, oldest first. */
  readonly changes: Change[];
  /** Newest event time that was followed. */
  now: Instant;
}

export interface AnalysisOptions {
  /** How long to wait for stragglers, in event time. */
  readonly lateness: DurationMs;
  /** How long a call waits for its operations, in event time; 150 s by default. */
  readonly joinWindow?: DurationMs;
  /** Seed of the fingerprints of seen records: not known to whoever writes the logs. */
  readonly seed: number;
}

const JOIN_WINDOW_MS: DurationMs = 150_000;
const OPEN_CALLS = 150_000;
const SEEN_SLOTS = 1 << 22;
const MAX_CHANGES = 5_000;

export const createAnalysis = ({ lateness, seed, joinWindow = JOIN_WINDOW_MS }: AnalysisOptions): Analysis => ({
  seen: createSeen(SEEN_SLOTS, seed),
  reorder: createReorder(lateness),
  join: createJoin(joinWindow, OPEN_CALLS),
  detection: createDetection(),
  findings: createFindings(),
  coverage: createCoverage(),
  input: createTally(),
  calls: createCallCounts(),
  changes: [],
  now: instantFromMs(0),
});

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
}

/** decode → normalize: a batch to new events; repeats, other categories and unreadable records are counted. */
export function accept(analysis: Analysis, batch: Batch, source = ""): Accepted {
  const tally = createTally();
  const events: Event[] = [];
  tally.bytes = batch.bytes;
  for (const reject of batch.rejects) countReject(tally, reject);
  for (const record of batch.records) {
    const normalized = normalize(record);
    if (normalized.kind === "reject") countReject(tally, normalized.reject);
    else if (normalized.kind === "filtered") {
      tally.records += 1;
      tally.filtered += 1;
      countCategory(tally, normalized.category);
    } else if (sawBefore(analysis.seen, normalized.event.dedupKey)) {
      tally.records += 1;
      tally.duplicate += 1;
    } else {
      tally.records += 1;
      tally.accepted += 1;
      countCategory(tally, normalized.category);
      countTime(tally, normalized.event.time);
      events.push(normalized.event);
    }
  }
  const { caughtUp, enqueued, gap } = batch;
  const partition = source === "" ? batch.partition : `${source}/${batch.partition}`;
  return { partition, events, tally, caughtUp, enqueued, gap };
}

/** The pure part: the same analysis and accepted batch give the same findings, always. Gives those that are new or changed. */
export function step(analysis: Analysis, accepted: Accepted): readonly Finding[] {
  if (accepted.expects !== undefined) {
    expectPartitions(analysis.reorder, accepted.expects);
    return [];
  }
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
    else if (event.kind === "change") remember(analysis, event);
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
  for (const due of finish(analysis.detection, at)) raise(analysis, due, changed);
  analysis.findings.nextSweep = at;
  for (const finding of resolveQuiet(analysis.findings, at)) changed.set(finding.id, finding);
  return [...changed.values()];
}

function judge(analysis: Analysis, joined: Joined, changed: Map<string, Finding>): void {
  const call = buildCall(joined.gateway, joined.operations);
  countCall(analysis.calls, call);
  cover(analysis.coverage, call);
  for (const due of detect(analysis.detection, call)) raise(analysis, due, changed);
  for (const finding of resolveQuiet(analysis.findings, call.time)) changed.set(finding.id, finding);
}

function raise(analysis: Analysis, due: Due, changed: Map<string, Finding>): void {
  const explanations = explain(analysis.detection, due, analysis.changes);
  for (const finding of update(analysis.findings, analysis.detection, { explanations, at: due.at }))
    changed.set(finding.id, finding);
}

function remember(analysis: Analysis, change: Change): void {
  analysis.changes.push(change);
  const dayAgo: Instant = plusMs(change.time, -2 * 86_400_000);
  while (analysis.changes.length > MAX_CHANGES || (analysis.changes[0]?.time ?? dayAgo) < dayAgo)
    analysis.changes.shift();
}

/** What `run` needs from outside. Concrete adapters come from the commands. */
export interface Shell {
  readonly sources: readonly Source[];
  readonly store: Store;
  readonly options: AnalysisOptions;
  readonly codec: { encode(value: unknown): Uint8Array; decode(bytes: Uint8Array): unknown };
  /** Alerts that a finding's change calls for. */
  readonly alerts: (before: Finding | undefined, after: Finding) => Commit["outbox"];
  readonly every: (ms: DurationMs, task: () => void) => () => void;
  /** Told after each commit. */
  readonly onCommit: (analysis: Analysis) => void;
}

const COMMIT_MS: DurationMs = 1_000;
const COMMIT_EVENTS = 20_000;
const SNAPSHOT_EVENTS = 200_000;

/**
 * source → decode → normalize → correlate → detect → explain → findings → one commit.
 * At least once in, effectively once out: state, positions, findings, outbox and ledger are one transaction, and what was
 * not committed is read again. Ends when all sources have ended or `signal` aborts; throws what a source throws.
 */
export async function run(shell: Shell, signal: AbortSignal): Promise<void> {
  const live = new LiveRun(shell);
  const stop = shell.every(COMMIT_MS, () => live.commit());
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
  readonly #positions: Map<string, Map<string, string>>;
  readonly #told: Map<string, Finding>;
  #journal: Accepted[] = [];
  #pending = {
    positions: new Map<string, Map<string, string>>(),
    ledger: new Map<string, Map<string, LedgerRow>>(),
    findings: new Map<string, Finding>(),
    events: 0,
  };
  #sinceSnapshot: number;

  constructor(shell: Shell) {
    this.#shell = shell;
    const saved = shell.store.load();
    this.#positions = new Map([...saved.positions].map(([source, partitions]) => [source, new Map(partitions)]));
    this.#told = new Map(shell.store.findings().map((finding) => [finding.id, finding]));
    this.#analysis = restore(shell, saved);
    // The first commit holds a snapshot, and with it the seed that the journal is replayed with.
    this.#sinceSnapshot = saved.snapshot === undefined ? SNAPSHOT_EVENTS : 0;
    shell.onCommit(this.#analysis);
  }

  async follow(source: Source, signal: AbortSignal): Promise<void> {
    this.#expect((await source.partitions(signal)).map((partition) => `${source.name}/${partition}`));
    for await (const batch of source.read(this.#positions.get(source.name) ?? new Map(), signal)) {
      const accepted = accept(this.#analysis, batch, source.name);
      for (const finding of step(this.#analysis, accepted)) this.#pending.findings.set(finding.id, finding);
      this.#note(source.name, batch, accepted);
      if (this.#pending.events >= COMMIT_EVENTS) this.commit();
    }
  }

  /** Journaled like any input, so that a replay goes the same way. */
  #expect(partitions: readonly string[]): void {
    const expected = {
      partition: "",
      events: [],
      tally: createTally(),
      caughtUp: true,
      enqueued: undefined,
      gap: undefined,
      expects: partitions,
    };
    step(this.#analysis, expected);
    this.#journal.push(expected);
  }

  #note(source: string, batch: Batch, accepted: Accepted): void {
    this.#journal.push(accepted);
    this.#pending.events += accepted.events.length;
    nested(this.#pending.positions, source).set(batch.partition, batch.checkpoint);
    nested(this.#positions, source).set(batch.partition, batch.checkpoint);
    const rows = nested(this.#pending.ledger, source);
    rows.set(batch.partition, addLedger(rows.get(batch.partition), accepted.tally));
  }

  commit(): void {
    if (this.#journal.length === 0) return;
    const { store, codec, alerts, onCommit } = this.#shell;
    const findings = [...this.#pending.findings.values()];
    this.#sinceSnapshot += this.#pending.events;
    const snapshot = this.#sinceSnapshot >= SNAPSHOT_EVENTS ? codec.encode(this.#analysis) : undefined;
    store.commit({
      positions: this.#pending.positions,
      ledger: this.#pending.ledger,
      journal: codec.encode(this.#journal),
      findings,
      outbox: findings.flatMap((finding) => alerts(this.#told.get(finding.id), finding)),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
    if (snapshot !== undefined) this.#sinceSnapshot = 0;
    for (const finding of findings) this.#told.set(finding.id, finding);
    this.#journal = [];
    this.#pending = { positions: new Map(), ledger: new Map(), findings: new Map(), events: 0 };
    onCommit(this.#analysis);
  }
}

/** The last snapshot and what was accepted since, followed again: the same state as before the stop. */
function restore({ codec, options }: Shell, saved: Saved): Analysis {
  // Both were written by this program into its own file; their version is checked by the store.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const analysis = saved.snapshot === undefined ? createAnalysis(options) : (codec.decode(saved.snapshot) as Analysis);
  for (const bytes of saved.journal) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    for (const accepted of codec.decode(bytes) as readonly Accepted[]) {
      for (const event of accepted.events) sawBefore(analysis.seen, event.dedupKey);
      step(analysis, accepted);
    }
  }
  return analysis;
}

function nested<K, V>(maps: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const known = maps.get(name) ?? new Map<K, V>();
  maps.set(name, known);
  return known;
}

function addLedger(row: LedgerRow | undefined, tally: Tally): LedgerRow {
  return {
    records: (row?.records ?? 0) + tally.records,
    accepted: (row?.accepted ?? 0) + tally.accepted,
    duplicate: (row?.duplicate ?? 0) + tally.duplicate,
    filtered: (row?.filtered ?? 0) + tally.filtered,
    rejected: (row?.rejected ?? 0) + tally.rejected,
    bytes: (row?.bytes ?? 0) + tally.bytes,
  };
}
