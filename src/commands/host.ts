import { randomInt } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { aborted } from "../lib/aborted.ts";
import { clockWatch } from "../lib/steady-clock.ts";
import type { Analysis } from "../analysis.ts";
import type { Shell } from "../live-run.ts";
import type { AzurePortal } from "../server/azure-link.ts";
import type { BundleList } from "../server/export-view.ts";
import type { ExportHealth } from "../server/export-health.ts";
import { listen } from "../server/listen.ts";
import type { Silence } from "../findings/silences.ts";
import type { EpochMs } from "../model/time.ts";
import type { TrailHealth } from "../model/trail-health.ts";
import type { Sink } from "../sinks/sink.ts";
import type { DecisionLog } from "../store/decision-log.ts";
import { SourceError } from "../sources/source-error.ts";
import type { Source } from "../sources/source.ts";
import { stateCodec } from "../store/codec.ts";
import type { CallLog, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Serving } from "./build-access.ts";
import { createDashboard, type EvidenceParts } from "./dashboard.ts";
import { EXIT } from "./exit-codes.ts";
import { type Heartbeat, sendHeartbeats } from "./heartbeat.ts";
import { superviseSources } from "./run-sources.ts";
import { planAlerts, sendAlerts } from "./send-alerts.ts";
import { watchSinks } from "./watch-sinks.ts";

/** What a long-running analyzer is put together from. */
export interface Host {
  readonly sources: readonly Source[];
  readonly store: Store;
  readonly calls: CallLog;
  readonly sinks: readonly Sink[];
  /** What people decided about findings. */
  readonly decisions: DecisionLog;
  /** Seconds of event time to wait for stragglers, and for the operations of a call. */
  readonly lateness: number;
  readonly joinWindow: number;
  /** Seconds, at most, that a log is waited for which is slower than the other. */
  readonly longestDelay: number;
  /** How sure a join without an id has to be. */
  readonly joinProbability?: number;
  /** Targets that are told at intervals that all is well. */
  readonly heartbeats?: readonly Heartbeat[];
  readonly port: number;
  readonly joinBy?: Shell["joinBy"];
  /** Grants that somebody answers for. */
  readonly exceptions?: Shell["exceptions"];
  /** Where the dashboard answers and whom; loopback and everybody on this machine without it. */
  readonly serving?: Serving | undefined;
  readonly silences?: readonly Silence[];
  /** Where the logs lie in the portal. */
  readonly azure?: AzurePortal | undefined;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told once the dashboard answers and every source was reached. */
  readonly onReady: (address: string) => void;
  /** Told when every source has come to its end; the dashboard stays. */
  readonly onIdle?: () => void;
  /** Told after each commit. */
  readonly onCommit?: (analysis: Analysis) => void;
  /** Whether this machine is still the one that analyzes, where others stand by; see `Shell`. */
  readonly isOursSince?: Shell["isOursSince"];
  /** What auditors may take of the calls, and the log of who took it. */
  readonly evidence: EvidenceParts;
  /** What is in the folders that exports go to. */
  readonly bundles?: (() => readonly BundleList[]) | undefined;
  /** What becomes of scheduled exports. */
  readonly exports?: (() => readonly ExportHealth[]) | undefined;
  /** Told why it cannot go on, in a sentence with the way out. */
  readonly onFatal: (says: string) => void;
}

/** Gateway and Cosmos DB records of one call differ by seconds in event time; their delivery is what lateness waits for. */
export const JOIN_SECONDS = 60;

/** Between two words about sources that have not answered yet. */
const SLOW_START_MS = 5_000;

/** Runs analysis, outbox and dashboard until `signal` aborts; gives the exit code. */
export async function host(options: Host): Promise<number> {
  const { store, log, signal } = options;
  const watchedSinks = watchSinks(options.sinks, now);
  const { sinks } = watchedSinks;
  let port = options.port;
  let address = "";
  const sources = superviseSources({
    sources: options.sources,
    log,
    onReady() {
      if (!signal.aborted) options.onReady(address);
    },
  });
  const waitingFor = (): readonly string[] => (signal.aborted ? ["stopping"] : sources.waitingFor());
  const { app, view, shown } = createDashboard({
    ...options,
    targets: watchedSinks.health,
    trails: () => trailsOf(options.sources),
    waitingFor,
    allowedHosts: () => [...namesOf(port), ...(options.serving?.hosts ?? [])],
    now,
  });
  const server = await listen(app, { port, hostname: options.serving?.host ?? "127.0.0.1", tls: options.serving?.tls });
  if (!server.ok) {
    options.onFatal(server.error);
    return EXIT.usage;
  }
  port = server.value.port;
  ({ address } = server.value);
  const ended = new AbortController();
  const onFailure = failureHandler(ended, log);
  const alerting = sendAlerts({ store, sinks, log }, ended.signal, onFailure);
  sendHeartbeats({ heartbeats: options.heartbeats ?? [], sinks, store, waitingFor, now, log }, ended.signal);
  const analysis = sources.run(
    {
      store,
      calls: options.calls,
      ...shellOf(options),
      alerts: (before, after) => planAlerts(sinks, before, shown(after)),
      every,
      breathe: () => setImmediate(),
      onCommit(state) {
        view.publish(state);
        options.onCommit?.(state);
      },
      onLook: (look) => view.lookBy(look),
      onOtherVersion: () => log.warn(OTHER_VERSION),
      onCommitFailure: onFailure,
      elapsed: () => performance.now(),
      isOursSince: options.isOursSince,
    },
    AbortSignal.any([signal, ended.signal]),
  );
  const quiet = keepTelling(log, waitingFor);
  const code = await outcome(analysis, options, ended.signal);
  quiet();
  ended.abort();
  await Promise.all([alerting, server.value.close()]);
  return code;
}

/** Tells what is waited for, and when this machine's clock was set; gives how to end. */
function keepTelling(log: Logger, waitingFor: () => readonly string[]): () => void {
  const clockSet = clockWatch(now, () => performance.now());
  const endClock = every(CLOCK_MS, () => {
    const by = clockSet();
    if (by !== 0) log.warn({ seconds: Math.round(by / 1_000) }, CLOCK_SET);
  });
  const endWaits = every(SLOW_START_MS, () => {
    for (const says of waitingFor()) log.info(says);
  });
  return () => {
    endClock();
    endWaits();
  };
}

const CLOCK_MS = 1_000;
const CLOCK_SET =
  "This machine's clock was set. Records, findings and retries go by other clocks; times of sign-ins and of exports go by this one.";

const OTHER_VERSION =
  "The state is of another version. Counts, uses and calls go on; what is usual is learned anew, and open findings end: those that last are found again.";

const trailsOf = (sources: readonly Source[]): ReadonlyMap<string, TrailHealth> =>
  new Map(
    sources.flatMap((source) => {
      const trailed = source.trailed?.();
      return trailed === undefined ? [] : [[source.name, trailed] as const];
    }),
  );

const shellOf = ({ joinBy, exceptions, lateness, joinWindow, longestDelay, joinProbability }: Host) => ({
  joinBy,
  exceptions,
  options: {
    lateness: lateness * 1_000,
    joinWindow: joinWindow * 1_000,
    longestDelay: longestDelay * 1_000,
    joinProbability,
    prompt: true,
    seed: randomInt(2 ** 31),
  },
  codec: stateCodec,
});

// The clock is where a number becomes a time.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const now = (): EpochMs => Date.now() as EpochMs;

/** Names under which a browser on this machine asks; it leaves out the port of http. */
const namesOf = (port: number): readonly string[] =>
  ["127.0.0.1", "localhost"].flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));

function every(ms: number, task: () => void): () => void {
  const timer = setInterval(task, ms);
  return () => clearInterval(timer);
}

/** Between two words about a disk that stays full. */
const FULL_MS = 60_000;

/** A store that fails between two batches ends the run, as its state is not durable; a full disk is waited for. */
function failureHandler(ended: AbortController, log: Logger): (error: unknown) => void {
  let told = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!(error instanceof StoreError && error.kind === "full")) {
      ended.abort(error);
      return;
    }
    if (performance.now() - told < FULL_MS) return;
    told = performance.now();
    log.warn(`${error.message} Trying again.`);
  };
}

async function outcome(analysis: Promise<void>, options: Host, ended: AbortSignal): Promise<number> {
  const { signal } = options;
  try {
    await analysis;
    if (ended.aborted) return failed(ended.reason, options);
    if (!signal.aborted) options.onIdle?.();
    await aborted(AbortSignal.any([signal, ended]));
    return ended.aborted ? failed(ended.reason, options) : EXIT.ok;
  } catch (error) {
    return failed(error, options);
  }
}

/** What ends a run, said and as an exit code; a source that complains while it is being stopped is not heard. */
function failed(error: unknown, { signal, onFatal, log }: Host): number {
  if (error instanceof SourceError) {
    if (signal.aborted) return EXIT.ok;
    onFatal(error.message);
    return EXIT_OF[error.kind];
  }
  if (error instanceof StoreError) {
    onFatal(error.message);
    return EXIT.usage;
  }
  log.error({ err: error }, "stopped");
  return EXIT.bug;
}

/** Exit codes of a source that cannot go on. */
export const EXIT_OF = {
  refused: EXIT.refused,
  unreachable: EXIT.unreachable,
  stolen: EXIT.refused,
  config: EXIT.usage,
} as const;
