import type { Config, SourceConfig } from "../config/config.ts";
import { resolveSecret } from "../config/secret.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { demoFeed } from "../simulate/demo.ts";
import { createCredential } from "../sources/credential.ts";
import { type EventHubsConfig, eventHubsSource } from "../sources/event-hubs.ts";
import { Trail } from "../sources/event-hubs-trail.ts";
import { filesSource } from "../sources/files.ts";
import { logAnalyticsSource } from "../sources/log-analytics.ts";
import { simulatedSource } from "../sources/simulated.ts";
import type { SourceError } from "../sources/source-error.ts";
import type { Source } from "../sources/source.ts";
import type { Logger } from "../telemetry/log.ts";
import { containerOf } from "./blob-container.ts";
import { credentialOf } from "./credential-of.ts";

/** The configured sources; a fault names the source and the reference, never a secret. */
export function buildSources(
  config: Config,
  log: Logger,
  term?: () => number,
): Result<readonly Source[], readonly string[]> {
  const built = config.sources.map((source) => buildSource(source, log, { joinBy: config.joinBy, term }));
  const faults = built.flatMap((source, i) =>
    source.ok ? [] : [`sources.${config.sources[i]?.name ?? i}: ${source.error}`],
  );
  return faults.length > 0 ? err(faults) : ok(built.flatMap((source) => (source.ok ? [source.value] : [])));
}

function buildSource(
  source: SourceConfig,
  log: Logger,
  { joinBy, term }: { readonly joinBy: JoinPath | undefined; readonly term: (() => number) | undefined },
): Result<Source, string> {
  switch (source.type) {
    case "event-hubs": {
      const connection = connectionOf(source);
      if (!connection.ok) return connection;
      const trail = trailOf(source, connection.value, log);
      if (!trail.ok) return trail;
      const start =
        source.startAt === "earliest" || source.startAt === "latest" || source.startAt === "checkpoint"
          ? source.startAt
          : { since: epoch(Date.parse(source.startAt)) };
      return ok(
        eventHubsSource({
          name: source.name,
          connection: connection.value,
          consumerGroup: source.consumerGroup,
          start,
          joinBy,
          trail: trail.value,
          onTrouble: troubleOf(source.name, log),
          onStart: (says) => log.info({ source: source.name, partitions: says }, "reads on"),
          ...ownedBy(source, term),
        }),
      );
    }
    case "log-analytics":
      return ok(workspaceSource(source, log));
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

/**
 * Of several machines, each term has an owner level of its own: one that stood still in an earlier term is refused by the hub, also
 * where it connects again.
 */
function ownedBy(
  { ownerLevel }: Extract<SourceConfig, { type: "event-hubs" }>,
  term: (() => number) | undefined,
): Pick<EventHubsConfig, "ownerLevel"> {
  if (term !== undefined) return { ownerLevel: () => (ownerLevel ?? 0) + term() };
  return ownerLevel === undefined ? {} : { ownerLevel };
}

function trailOf(
  { name: source, checkpoints, consumerGroup }: Extract<SourceConfig, { type: "event-hubs" }>,
  connection: EventHubsConfig["connection"],
  log: Logger,
): Result<Trail | undefined, string> {
  if (checkpoints === undefined) return ok(undefined);
  const container = containerOf(checkpoints, process.env);
  if (!container.ok) return err(`checkpoints: ${container.error}`);
  const settings = { source, connection, consumerGroup };
  return ok(new Trail({ settings, container: container.value, onTrouble: troubleOf(source, log) }));
}

const troubleOf = (source: string, log: Logger) => (error: SourceError) =>
  log.warn({ source, because: error.message }, "trying again");

function workspaceSource(source: Extract<SourceConfig, { type: "log-analytics" }>, log: Logger): Source {
  const { name, workspaceId, endpoint, tables, startAt } = source;
  return logAnalyticsSource({
    name,
    workspaceId,
    endpoint,
    tables,
    credential: () => createCredential(credentialOf(source.credential), source.cloud),
    since: startAt === "latest" ? undefined : Date.parse(startAt),
    now: () => Date.now(),
    safetyMs: source.safetySeconds * 1_000,
    overlapMs: source.overlapMinutes * 60_000,
    pollMs: source.pollSeconds * 1_000,
    onTrouble: troubleOf(name, log),
    onReconciled: (table, until) =>
      log.info(
        { source: name, table, until: new Date(until).toISOString() },
        "all rows were read, by the workspace's own count",
      ),
  });
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
  return ok({
    kind: "identity",
    fullyQualifiedNamespace: source.namespace,
    hub: source.eventHub,
    credential: () => createCredential(credentialOf(source.credential), source.cloud),
  });
}
