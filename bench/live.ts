import { setTimeout as sleep } from "node:timers/promises";
import { type Corpus, corpusOf, removeCorpus } from "./corpus.ts";
import { BEGIN_MS, type Fault, type Spec } from "./corpus/spec.ts";
import { type Bodies, readBodies } from "./live/bodies.ts";
import { LATENESS_SECONDS, startHub, startServe, steadySpec } from "./live/processes.ts";
import { lagsOf, type SeenFinding, type Watch, watchServe } from "./live/watch.ts";
import { quantile } from "./measure.ts";
import type { Live, LiveRun } from "./results.ts";

/** Event time for which `serve` waits for the operations of a call. */
const JOIN_SECONDS = 60;
const RECORDS_PER_EVENT = 100;
/** A first fault after this many seconds, one more every `FAULT_EVERY`, and time for the last to be found. */
const FIRST_FAULT = 40;
const FAULT_EVERY = 15;
const FAULT_SECONDS = 20;
const FIND_SECONDS = 30;
/** What is not committed by then, after the last event was sent, is a backlog. */
const DRAIN_SECONDS = 5;
const KEEP_BYTES = 4e9;
/** Of the measured capacity: a queue at its very limit has no steady state. */
const HEADROOM = 0.75;
const SMALLEST_RATE = 100;

const REASONS: readonly (readonly [source: string, reason: string, status: 401 | 403])[] = [
  ["validate-jwt", "TokenSignatureKeyNotFound", 401],
  ["validate-jwt", "TokenAudienceNotAllowed", 401],
  ["ip-filter", "CallerIpNotAllowed", 403],
  ["validate-jwt", "TokenIssuerNotAllowed", 401],
  ["validate-jwt", "TokenClaimValueNotAllowed", 401],
  ["quota", "QuotaExceeded", 403],
];

export interface LiveOptions {
  readonly rate: number;
  /** Shortest run that the faults and the join window allow when undefined. */
  readonly seconds: number | undefined;
}

/** From hub to finding at a rate of records; at the highest that is kept up with when that is less. */
export async function live({ rate, seconds }: LiveOptions): Promise<Live> {
  const asked = await runAt(rate, seconds);
  if (asked.keptUp) return { asked, sustained: null };
  const lower = Math.max(SMALLEST_RATE, Math.floor((asked.committedPerSecond * HEADROOM) / 100) * 100);
  process.stderr.write(`bench: ${rate} records/s is too much; again at ${lower}\n`);
  return { asked, sustained: await runAt(lower, seconds) };
}

const faultsIn = (seconds: number): readonly Fault[] =>
  REASONS.map(([source, reason, status], i) => ({
    at: FIRST_FAULT + i * FAULT_EVERY,
    seconds: FAULT_SECONDS,
    api: 5 + 3 * i,
    share: 0.6,
    source,
    reason,
    status,
  })).filter(({ at }) => at + FAULT_SECONDS + JOIN_SECONDS + FIND_SECONDS <= seconds);

const ALL_FAULTS = FIRST_FAULT + (REASONS.length - 1) * FAULT_EVERY + FAULT_SECONDS + JOIN_SECONDS + FIND_SECONDS;

async function runAt(rate: number, wanted: number | undefined): Promise<LiveRun> {
  const seconds = wanted ?? ALL_FAULTS;
  const spec: Spec = { ...steadySpec(rate, seconds), faults: faultsIn(seconds) };
  const corpus = await corpusOf(spec, ["bodies"]);
  try {
    return await runOn(corpus, { rate, faults: spec.faults });
  } finally {
    if (corpus.bytes("bodies") > KEEP_BYTES) removeCorpus(corpus);
  }
}

async function runOn(corpus: Corpus, { rate, faults }: { rate: number; faults: readonly Fault[] }): Promise<LiveRun> {
  const bodies = await readBodies(corpus.path("bodies"));
  await using stack = new AsyncDisposableStack();
  const hub = stack.adopt(await startHub(corpus.path("bodies"), rate / RECORDS_PER_EVENT), (it) => it.stop());
  const serve = stack.adopt(await startServe(hub.connectionString), (it) => it.stop());
  const watch = stack.adopt(watchServe(serve.address), (it) => it.stop());
  const before = serve.usage();
  const sentMs = await hub.send();
  const after = serve.usage();
  const [committed, seconds] = [watch.looks.at(-1)?.records ?? 0, spanOf(sentMs)];
  await drained(watch, corpus.records);
  const lags = lagsOf(watch.looks, sentMs, bodies.recordsUntil);
  return {
    sentPerSecond: corpus.records / seconds,
    committedPerSecond: committed / seconds,
    seconds,
    records: corpus.records,
    keptUp: (watch.looks.at(-1)?.records ?? 0) >= corpus.records,
    lagMs: { p50: quantile(lags, 0.5), p99: quantile(lags, 0.99) },
    faults: faults.length,
    findingMs: faults.flatMap((fault) => findingLatency(fault, [...watch.findings.values()], { sentMs, bodies })),
    cpuSecondsPerSecond: (after.cpuSeconds - before.cpuSeconds) / seconds,
    peakMb: after.peakMb,
  };
}

const spanOf = (sentMs: readonly number[]): number => ((sentMs.at(-1) ?? 0) - (sentMs[0] ?? 0)) / 1_000;

async function drained(watch: Watch, records: number): Promise<void> {
  const end = performance.now() + DRAIN_SECONDS * 1_000;
  while ((watch.looks.at(-1)?.records ?? 0) < records && performance.now() < end) await sleep(50);
}

/**
 * From the enqueuing of the event that completes the evidence to the finding: the first event whose newest event time lets the
 * watermark pass the join window of the call at which the evidence sufficed. Waiting for that window is what was configured.
 */
function findingLatency(
  fault: Fault,
  findings: readonly SeenFinding[],
  { sentMs, bodies }: { readonly sentMs: readonly number[]; readonly bodies: Bodies },
): readonly number[] {
  const [from, to] = [BEGIN_MS + fault.at * 1_000, BEGIN_MS + (fault.at + FAULT_SECONDS) * 1_000];
  const found = findings.find(
    ({ onset, detectedAt }) => Math.abs(onset - from) <= ONSET_MS && detectedAt <= to + 30_000,
  );
  if (found === undefined) return [];
  const complete = found.detectedAt + (JOIN_SECONDS + LATENESS_SECONDS) * 1_000;
  const at = bodies.newestUntil.findIndex((newest) => newest >= complete);
  const enqueued = sentMs[at];
  return enqueued === undefined ? [] : [found.seenAt - enqueued];
}

/** Less than half of what is between two faults. */
const ONSET_MS = 7_000;
