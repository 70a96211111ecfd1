import type { Config } from "../config/config.ts";
import { loadExceptions } from "../config/exceptions.ts";
import { loadConfig } from "../config/load-config.ts";
import { ok } from "../lib/result.ts";
import type { Source } from "../sources/source.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { StoreError } from "../store/store-error.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { host } from "./host.ts";
import { buildSources } from "./live-sources.ts";
import { portOf } from "./port.ts";
import { roleSources } from "./role-sources.ts";
import { exitCodeOf, stopSignal } from "./stop-signal.ts";
import { buildSinks } from "./targets.ts";

/** Gateway and Cosmos DB records of one call differ by seconds in event time; their delivery is what lateness waits for. */
const JOIN_SECONDS = 60;

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
      const code = await host({
        sources,
        store,
        sinks,
        lateness: config.lateness,
        joinWindow: JOIN_SECONDS,
        joinBy: config.joinBy,
        port,
        exceptions,
        log,
        signal: stop,
        onReady: (address) => process.stderr.write(`Scopetrail is ready: ${address}\n`),
        onIdle: () => log.info("all sources were read to their ends"),
        onFatal: (says) => usage([says]),
      });
      return exitCodeOf(code, stop);
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return usage([error.message]);
  }
}

function usage(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`serve: ${fault}\n`);
  return EXIT.usage;
}

const exceptionsOf = async ({ exceptions: path }: Config): ReturnType<typeof loadExceptions> =>
  path === undefined ? ok([]) : await loadExceptions(path);
