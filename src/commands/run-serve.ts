import { setTimeout as sleep } from "node:timers/promises";
import type { Analysis } from "../analysis.ts";
import type { Config } from "../config/config.ts";
import { loadExceptions } from "../config/exceptions.ts";
import type { Silence } from "../findings/silences.ts";
import type { Access } from "../model/access.ts";
import type { CallEvidence } from "../model/evidence.ts";
import type { EpochMs } from "../model/time.ts";
import { loadConfig } from "../config/load-config.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Source } from "../sources/source.ts";
import { createJobSource } from "../sources/job-source.ts";
import { accessFolder, type AccessLog, openAccessLog } from "../store/access-log.ts";
import { callsFolder } from "../store/call-log.ts";
import { type DecisionLog, decisionsFile, openDecisionLog } from "../store/decision-log.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { JOBS } from "./backfill-job.ts";
import { serveControl } from "./control.ts";
import { containerOf } from "./blob-container.ts";
import { bundlesOf } from "./bundle-lists.ts";
import { buildExports } from "./build-exports.ts";
import { buildServing, type Serving } from "./build-access.ts";
import { EXIT } from "./exit-codes.ts";
import { exportRows } from "./export-rows.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { host, type Host, JOIN_SECONDS } from "./host.ts";
import { buildSources } from "./live-sources.ts";
import { keepBackups, openState } from "./open-state.ts";
import { portOf } from "./port.ts";
import { roleSources } from "./role-sources.ts";
import { keepExports, type ScheduledExport } from "./scheduled-exports.ts";
import { controlHandler, resumeBackfills } from "./serve-control.ts";
import { openKeptCalls } from "./kept-calls.ts";
import { keptSuccess } from "./live-calls.ts";
import { factsOf, type StateFacts } from "./state-facts.ts";
import { type SharedOptions, takeTerm } from "./shared-term.ts";
import { exitCodeOf, stopSignal } from "./stop-signal.ts";
import { buildSinks } from "./targets.ts";

export interface ServeFlags {
  readonly config: string;
  readonly port?: string;
  readonly standby?: boolean;
  readonly salvage?: boolean;
}

/** Analyzes live until stopped; gives the exit code. */
export async function serve(flags: ServeFlags): Promise<number> {
  const config = await loadConfig(flags.config);
  if (!config.ok) return usage(config.error);
  const log = createLogger(config.value.logLevel);
  const sinks = buildSinks(config.value, process.env);
  let term = 0;
  const sources = buildSources(config.value, log, config.value.standby && (() => term));
  const port = portOf(flags.port, process.env["PORT"], config.value.server.port);
  const answering = buildServing(config.value, { environment: process.env, now, log });
  const exceptions = await exceptionsOf(config.value);
  const exports = buildExports(config.value, { environment: process.env, now: now() });
  const shared = sharedOf(config.value, log, (begun) => (term = begun));
  const faults = [sinks, sources, port, answering, exceptions, exports, shared].flatMap((part) =>
    part.ok ? [] : part.error,
  );
  if (!sinks.ok || !sources.ok || !port.ok || !answering.ok || !exceptions.ok || !exports.ok || !shared.ok)
    return usage(faults);
  const parts = {
    config: config.value,
    sinks: sinks.value,
    sources: [...sources.value, ...roleSources(config.value, log)],
    port: port.value,
    exceptions: exceptions.value,
    answering: answering.value,
    exports: exports.value,
    shared: shared.value,
    log,
  };
  return await serveWith({ ...parts, isStandby: flags.standby === true, salvages: flags.salvage === true });
}

interface Parts {
  readonly config: Config;
  readonly sinks: Host["sinks"];
  readonly sources: readonly Source[];
  readonly port: number;
  readonly exceptions: Host["exceptions"];
  readonly answering: Serving;
  readonly exports: readonly ScheduledExport[];
  readonly shared: SharedOptions | undefined;
  readonly log: Logger;
}

async function serveWith(parts: Parts & { readonly isStandby: boolean; readonly salvages: boolean }): Promise<number> {
  const { config, log, isStandby, salvages, shared } = parts;
  const stop = stopSignal();
  try {
    const term = shared === undefined ? undefined : await takeTerm(shared, stop);
    if (shared !== undefined && term === undefined) return exitCodeOf(EXIT.ok, stop);
    const store = isStandby ? await takeOver(config.state, log, stop) : openState(config.state, log, { salvages });
    if (store === undefined) return exitCodeOf(EXIT.ok, stop);
    const copies = term?.keep(store);
    const decisions = openDecisionLog(decisionsFile(config.state));
    const accesses = telling(openAccessLog(accessFolder(config.state)), copies?.changed);
    const signal = term === undefined ? stop : AbortSignal.any([stop, term.lost]);
    try {
      const isOursSince = term?.isOursSince;
      const code = await hostOn(store, { ...parts, decisions, accesses, stop: signal, copies, isOursSince });
      if (term?.lost.aborted === true) return taken();
      return exitCodeOf(code, stop);
    } finally {
      await copies?.end();
      accesses.close();
      decisions.close();
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return usage([error.message]);
  }
}

/** The log, whose changes are told of. */
const telling = (log: AccessLog, changed: (() => void) | undefined): AccessLog => ({
  ...log,
  add(access) {
    log.add(access);
    changed?.();
  },
});

function taken(): number {
  process.stderr.write("serve: another machine has the lease and goes on. Start this one again for it to stand by.\n");
  return EXIT.refused;
}

interface Hosted extends Parts {
  readonly decisions: DecisionLog;
  readonly accesses: AccessLog;
  readonly stop: AbortSignal;
  /** Of the state, for another machine. */
  readonly copies: { readonly changed: () => void } | undefined;
  readonly isOursSince: Host["isOursSince"];
}

/** Host and what goes on beside it, until it is stopped; gives the exit code. */
async function hostOn(store: Store, parts: Hosted): Promise<number> {
  const { config, sinks, sources, port, exceptions, answering, log, decisions, accesses, stop } = parts;
  const jobs = isLive(config) ? createJobSource({ name: JOBS, endsWithJobs: false }) : undefined;
  const calls = openKeptCalls(config);
  let analysis: Analysis | undefined;
  const facts = (): StateFacts => factsOf(store, { principals: analysis?.standing.rows, closed: calls.durable });
  const note = (access: Access): void => accesses.add(access);
  const successBefore = (call: CallEvidence): CallEvidence | undefined =>
    analysis && keptSuccess(call, { current: analysis, findCalls: (id) => calls.find(id) });
  const serving = { config, store, jobs, log, calls, facts, note, successBefore };
  const stopControl = await serveControl(config.state, controlHandler(serving)).catch((error: unknown) => {
    log.warn({ err: error }, "no commands are taken");
    return async () => undefined;
  });
  resumeBackfills(serving);
  // Copies for another machine are made of backups: more often, and never two at once.
  const stopBackups = parts.copies === undefined ? keepBackups(store, log) : () => undefined;
  const exports = keepExports({ exports: parts.exports, state: config.state, calls, facts, now, log });
  const code = await host({
    sources: jobs === undefined ? sources : [...sources, jobs],
    onCommit(state) {
      analysis = state;
      jobs?.committed();
      parts.copies?.changed();
    },
    store,
    calls,
    exports: exports.health,
    evidence: {
      accesses,
      rows: exportRows({ calls, folder: callsFolder(config.state), durable: () => calls.durable ?? 0 }),
    },
    bundles: bundlesOf(parts.exports),
    sinks,
    heartbeats: heartbeatsOf(config),
    decisions,
    lateness: config.lateness,
    joinWindow: JOIN_SECONDS,
    longestDelay: config.longestDelay,
    joinProbability: config.joinProbability,
    joinBy: config.joinBy,
    azure: config.azure,
    silences: silencesOf(config),
    serving: noting(answering, accesses),
    port,
    exceptions,
    log,
    isOursSince: parts.isOursSince,
    signal: stop,
    onReady: (address) => process.stderr.write(`Scopetrail is ready: ${address}\n`),
    onIdle: () => log.info("all sources were read to their ends"),
    onFatal: (says) => usage([says]),
  });
  stopBackups();
  await exports.stop();
  await stopControl();
  return code;
}

/** Sign-ins, those that failed as well, and pseudonyms that were led back are noted as accesses. */
function noting(serving: Serving, accesses: AccessLog): Serving {
  const { signIn, access } = serving;
  return {
    ...serving,
    access: access && {
      ...access,
      log(event) {
        access.log(event);
        const { who, what, of, reason, found } = event;
        accesses.add({
          at: now(),
          who,
          what,
          via: "/api/v1/reveals",
          filter: `${of}: ${reason}`,
          rows: Number(found),
          outcome: "ok",
        });
      },
    },
    signIn: signIn && {
      ...signIn,
      onSignIn(who, problem) {
        signIn.onSignIn(who, problem);
        const noted = { at: now(), who, what: "sign-in", via: "/auth/callback", rows: null } as const;
        accesses.add({ ...noted, filter: problem ?? "", outcome: problem === undefined ? "ok" : "refused" });
      },
    },
  };
}

function sharedOf(
  { standby, state }: Config,
  log: Logger,
  onTerm: SharedOptions["onTerm"],
): Result<SharedOptions | undefined, readonly string[]> {
  if (standby === undefined) return ok(undefined);
  const container = containerOf(standby, process.env);
  if (!container.ok) return err([`standby: ${container.error}`]);
  return ok({ container: container.value, path: state, copySeconds: standby.copySeconds, onTerm, log });
}

const STANDBY_MS = 1_000;

/** The store once no other process has it; undefined when stopped before. */
async function takeOver(path: string, log: Logger, stop: AbortSignal): Promise<Store | undefined> {
  for (let isFirst = true; !stop.aborted; isFirst = false) {
    try {
      const store = openState(path, log, { busyMs: 0 });
      if (!isFirst) log.warn("the other serve is gone; this one takes over");
      return store;
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === "in-use")) throw error;
    }
    if (isFirst) log.info("standby: another serve has the state; it is taken over when that one is gone");
    await sleep(STANDBY_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}

const heartbeatsOf = ({ targets }: Config): readonly Heartbeat[] =>
  targets.flatMap((target) =>
    target.type === "webhook" && target.heartbeatSeconds !== undefined
      ? [{ target: target.name, seconds: target.heartbeatSeconds }]
      : [],
  );

/** Whether it goes on until it is stopped: then jobs can be done beside. */
const isLive = ({ sources }: Config): boolean => sources.some(({ type }) => type !== "files");

// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const now = (): EpochMs => Date.now() as EpochMs;

// The config is where texts become times.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const epoch = (text: string): EpochMs => Date.parse(text) as EpochMs;

const silencesOf = ({ silences }: Config): readonly Silence[] =>
  silences.map(({ matchers, comment, startsAt, endsAt }) => ({
    matchers,
    comment,
    startsAt: startsAt === undefined ? undefined : epoch(startsAt),
    endsAt: endsAt === undefined ? undefined : epoch(endsAt),
  }));

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`serve: ${fault}\n`);
  return EXIT.usage;
}

const exceptionsOf = async ({ exceptions: path }: Config): ReturnType<typeof loadExceptions> =>
  path === undefined ? ok([]) : await loadExceptions(path);
