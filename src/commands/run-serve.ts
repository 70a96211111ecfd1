import type { Config } from "../config/config.ts";
import { loadExceptions } from "../config/exceptions.ts";
import { loadConfig } from "../config/load-config.ts";
import { ok } from "../lib/result.ts";
import type { Source } from "../sources/source.ts";
import { createJobSource } from "../sources/job-source.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { StoreError } from "../store/store-error.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { JOBS } from "./backfill-job.ts";
import { serveControl } from "./control.ts";
import { EXIT } from "./exit-codes.ts";
import { host, JOIN_SECONDS } from "./host.ts";
import { buildSources } from "./live-sources.ts";
import { portOf } from "./port.ts";
import { roleSources } from "./role-sources.ts";
import { controlHandler, resumeBackfills } from "./serve-control.ts";
import { exitCodeOf, stopSignal } from "./stop-signal.ts";
import { buildSinks } from "./targets.ts";

export interface ServeFlags {
  readonly config: string;
  readonly port?: string;
}

/** Analyzes live until stopped; gives the exit code. */
export async function serve(flags: ServeFlags): Promise<number> {
  const config = await loadConfig(flags.config);
  if (!config.ok) return usage(config.error);
  const log = createLogger(config.value.logLevel);
  const sinks = buildSinks(config.value, process.env);
  const sources = buildSources(config.value, log);
  const port = portOf(flags.port, process.env["PORT"], config.value.server.port);
  const exceptions = await exceptionsOf(config.value);
  const faults = [sinks, sources, port, exceptions].flatMap((part) => (part.ok ? [] : part.error));
  if (!sinks.ok || !sources.ok || !port.ok || !exceptions.ok) return usage(faults);
  return await serveWith({
    config: config.value,
    sinks: sinks.value,
    sources: [...sources.value, ...roleSources(config.value, log)],
    port: port.value,
    exceptions: exceptions.value,
    log,
  });
}

async function serveWith(parts: {
  config: Config;
  sinks: Parameters<typeof host>[0]["sinks"];
  sources: readonly Source[];
  port: number;
  exceptions: Parameters<typeof host>[0]["exceptions"];
  log: Logger;
}): Promise<number> {
  const { config, sinks, sources, port, exceptions, log } = parts;
  const stop = stopSignal();
  try {
    const store = openSqliteStore(config.state);
    try {
      const jobs = isLive(config) ? createJobSource({ name: JOBS, endsWithJobs: false }) : undefined;
      const serving = { config, store, jobs, log };
      const stopControl = await serveControl(config.state, controlHandler(serving)).catch((error: unknown) => {
        log.warn({ err: error }, "no commands are taken");
        return async () => undefined;
      });
      resumeBackfills(serving);
      const code = await host({
        sources: jobs === undefined ? sources : [...sources, jobs],
        onCommit: () => jobs?.committed(),
        store,
        sinks,
        lateness: config.lateness,
        joinWindow: JOIN_SECONDS,
        joinBy: config.joinBy,
        azure: config.azure,
        port,
        exceptions,
        log,
        signal: stop,
        onReady: (address) => process.stderr.write(`Scopetrail is ready: ${address}\n`),
        onIdle: () => log.info("all sources were read to their ends"),
        onFatal: (says) => usage([says]),
      });
      await stopControl();
      return exitCodeOf(code, stop);
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return usage([error.message]);
  }
}

/** Whether it goes on until it is stopped: then jobs can be done beside. */
const isLive = ({ sources }: Config): boolean => sources.some(({ type }) => type !== "files");

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`serve: ${fault}\n`);
  return EXIT.usage;
}

const exceptionsOf = async ({ exceptions: path }: Config): ReturnType<typeof loadExceptions> =>
  path === undefined ? ok([]) : await loadExceptions(path);
