import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";
import type { Config, TargetConfig } from "../config/config.ts";
import { resolveSecret } from "../config/secret.ts";
import { alertFor, alertKey } from "../findings/alerts.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";
import { run } from "../pipeline.ts";
import { createApp } from "../server/app.ts";
import { listen } from "../server/listen.ts";
import type { Sink } from "../sinks/sink.ts";
import { alertIdOf, sendDue } from "../sinks/outbox.ts";
import { slackSink } from "../sinks/slack.ts";
import { teamsSink } from "../sinks/teams.ts";
import { webhookSink } from "../sinks/webhook.ts";
import { SourceError } from "../sources/source-error.ts";
import type { Source } from "../sources/source.ts";
import type { Commit, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Logger } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { createLiveView } from "./live-view.ts";

/** What a long-running analyzer is put together from. */
export interface Host {
  readonly sources: readonly Source[];
  readonly store: Store;
  readonly sinks: readonly Sink[];
  /** Seconds of event time to wait for stragglers, and for the operations of a call. */
  readonly lateness: number;
  readonly joinWindow: number;
  readonly port: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told once the dashboard answers. */
  readonly onReady: (address: string) => void;
  /** Told when every source has come to its end; the dashboard stays. */
  readonly onIdle?: () => void;
}

const OUTBOX_MS = 1_000;
const LAST_SENDS_MS = 2_000;
const VERSION = "0.1.0";

/** Runs analysis, outbox and dashboard until `signal` aborts; gives the exit code. */
export async function host(options: Host): Promise<number> {
  const { store, log, signal } = options;
  const view = createLiveView(() => store.ledger());
  let port = 0;
  const app = createApp(view, { allowedHosts: () => [`127.0.0.1:${port}`, `localhost:${port}`], version: VERSION });
  const server = await listen(app, { port: options.port, hostname: "127.0.0.1" });
  if (!server.ok) {
    log.error(server.error);
    return EXIT.usage;
  }
  port = server.value.port;
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const outbox = sendLoop(options, both);
  const analysis = run(
    {
      sources: options.sources,
      store,
      options: { lateness: options.lateness * 1_000, joinWindow: options.joinWindow * 1_000, seed: randomInt(2 ** 31) },
      codec: { encode: (value) => serialize(value), decode: (bytes) => deserialize(bytes) },
      alerts: (before, after) => planAlerts(options.sinks, before, after),
      every: (ms, task) => {
        const timer = setInterval(() => guarded(task, ended, log), ms);
        return () => clearInterval(timer);
      },
      onCommit: (state) => view.publish(state),
    },
    both,
  );
  options.onReady(server.value.address);
  const code = await outcome(analysis, options, ended);
  ended.abort();
  await outbox;
  await server.value.close();
  return code;
}

/** A commit that fails between two batches ends the run: its state is not durable. */
function guarded(task: () => void, ended: AbortController, log: Logger): void {
  try {
    task();
  } catch (error) {
    if (error instanceof StoreError && error.kind === "full") {
      log.warn(`${error.message} Trying again.`);
      return;
    }
    log.error({ err: error }, "the state cannot be committed");
    ended.abort(error);
  }
}

async function outcome(analysis: Promise<void>, options: Host, ended: AbortController): Promise<number> {
  const { log, signal } = options;
  try {
    await analysis;
    if (ended.signal.aborted) return EXIT.bug;
    options.onIdle?.();
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.ok;
    if (error instanceof SourceError) {
      log.error(error.message);
      return EXIT_OF[error.kind];
    }
    log.error({ err: error }, "stopped");
    return EXIT.bug;
  }
}

const EXIT_OF = {
  refused: EXIT.refused,
  unreachable: EXIT.unreachable,
  stolen: EXIT.refused,
  config: EXIT.usage,
} as const;

async function sendLoop({ store, sinks, log }: Host, signal: AbortSignal): Promise<void> {
  const byName = new Map(sinks.map((sink) => [sink.name, sink]));
  const lastSent = new Map<string, number>();
  const onTrouble = (target: string, because: string): void => log.warn({ target, because }, "alert not delivered");
  const round = (until: AbortSignal): Promise<number> =>
    sendDue(store, byName, { now, signal: until, onTrouble }, lastSent);
  while (!signal.aborted) {
    await round(signal);
    await sleep(OUTBOX_MS, undefined, { signal }).catch(() => undefined);
  }
  await round(AbortSignal.timeout(LAST_SENDS_MS));
}

// The clock is one of the places where a number becomes a time.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const now = (): EpochMs => Date.now() as EpochMs;

function planAlerts(sinks: readonly Sink[], before: Finding | undefined, after: Finding): Commit["outbox"] {
  const kind = alertFor(before, after);
  if (kind === undefined) return [];
  return sinks.map((sink) => {
    const id = alertIdOf(`${alertKey(kind, after)}|${sink.name}`);
    return { alertId: id, target: sink.name, body: sink.render({ id, kind, finding: after }), findingId: after.id };
  });
}

/** Sinks of the configured targets; a fault names the target and the reference, never a secret. */
export function buildSinks(config: Config, environment: NodeJS.ProcessEnv): Result<readonly Sink[], readonly string[]> {
  const faults: string[] = [];
  const sinks = config.targets.flatMap((target) => {
    const sink = buildSink(target, config.publicUrl, environment);
    if (sink.ok) return [sink.value];
    faults.push(...sink.error.map((fault) => `targets.${target.name}: ${fault}`));
    return [];
  });
  return faults.length === 0 ? ok(sinks) : err(faults);
}

function buildSink(
  target: TargetConfig,
  publicUrl: string | undefined,
  environment: NodeJS.ProcessEnv,
): Result<Sink, readonly string[]> {
  const address = resolveSecret(target.url, environment);
  if (!address.ok) return err([address.error]);
  if (!URL.canParse(address.value)) return err([`${target.url}: is no URL`]);
  const base = { name: target.name, url: new URL(address.value), allowPrivate: target.allowPrivate, publicUrl };
  switch (target.type) {
    case "slack":
      return ok(slackSink(base));
    case "teams":
      return ok(teamsSink(base));
    case "webhook": {
      const secrets = target.secrets.map((reference) => resolveSecret(reference, environment));
      const faults = secrets.flatMap((secret) => (secret.ok ? [] : [secret.error]));
      if (faults.length > 0) return err(faults);
      return ok(webhookSink({ ...base, secrets: secrets.flatMap((secret) => (secret.ok ? [secret.value] : [])), now }));
    }
  }
}
