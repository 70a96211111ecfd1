import { setTimeout as sleep } from "node:timers/promises";
import type { Config, SourceConfig } from "../config/config.ts";
import { loadExceptions } from "../config/exceptions.ts";
import { loadConfig } from "../config/load-config.ts";
import { resolveSecret } from "../config/secret.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { demoFeed } from "../simulate/demo.ts";
import { type EventHubsConfig, eventHubsSource } from "../sources/event-hubs.ts";
import { filesSource } from "../sources/files.ts";
import { grantsSource } from "../sources/grants-source.ts";
import { managementGrants } from "../sources/management-grants.ts";
import { simulatedSource } from "../sources/simulated.ts";
import type { Source } from "../sources/source.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { StoreError } from "../store/store-error.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { host } from "./host.ts";
import { portOf } from "./port.ts";
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

function buildSources(config: Config, log: Logger): Result<readonly Source[], readonly string[]> {
  const built = config.sources.map((source) => buildSource(source, log, config.joinBy));
  const faults = built.flatMap((source, i) =>
    source.ok ? [] : [`sources.${config.sources[i]?.name ?? i}: ${source.error}`],
  );
  return faults.length > 0 ? err(faults) : ok(built.flatMap((source) => (source.ok ? [source.value] : [])));
}

const exceptionsOf = async ({ exceptions: path }: Config): ReturnType<typeof loadExceptions> =>
  path === undefined ? ok([]) : await loadExceptions(path);

/** The accounts' roles, each account a source of its own. */
const roleSources = ({ accounts }: Config, log: Logger): readonly Source[] =>
  accounts.map((id) => {
    const account = id.slice(id.lastIndexOf("/") + 1).toLowerCase();
    const name = `roles:${account}`;
    return grantsSource({
      name,
      account,
      grants: managementGrants({ account: id }),
      now: () => epoch(Date.now()),
      wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
      onTrouble: (error) => log.warn({ source: name, because: error.message }, "trying again"),
    });
  });

function buildSource(source: SourceConfig, log: Logger, joinBy: JoinPath | undefined): Result<Source, string> {
  switch (source.type) {
    case "event-hubs": {
      const connection = connectionOf(source);
      if (!connection.ok) return connection;
      const start =
        source.startAt === "earliest" || source.startAt === "latest"
          ? source.startAt
          : { since: epoch(Date.parse(source.startAt)) };
      return ok(
        eventHubsSource({
          name: source.name,
          connection: connection.value,
          consumerGroup: source.consumerGroup,
          start,
          joinBy,
          onTrouble: (error) => log.warn({ source: source.name, because: error.message }, "trying again"),
          ...(source.ownerLevel === undefined ? {} : { ownerLevel: source.ownerLevel }),
        }),
      );
    }
    case "files":
      return ok(filesSource(source.paths, { name: source.name, joinBy }));
    case "simulated":
      return ok(
        simulatedSource(source.name, demoFeed({ seed: source.seed, now: epoch(Date.now()) }), {
          now: () => Date.now(),
        }),
      );
  }
}

// The clock and the config are where numbers become times.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const epoch = (ms: number): EpochMs => ms as EpochMs;

function connectionOf(
  source: Extract<SourceConfig, { type: "event-hubs" }>,
): Result<EventHubsConfig["connection"], string> {
  const hub = source.eventHub === undefined ? {} : { hub: source.eventHub };
  if (source.connectionString !== undefined) {
    const text = resolveSecret(source.connectionString, process.env);
    return text.ok ? ok({ kind: "connection-string", connectionString: text.value, ...hub }) : text;
  }
  if (source.namespace === undefined || source.eventHub === undefined)
    return err("needs a connectionString, or namespace and eventHub");
  return ok({ kind: "identity", fullyQualifiedNamespace: source.namespace, hub: source.eventHub });
}
