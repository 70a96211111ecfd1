import type { Config, TargetConfig } from "../config/config.ts";
import { resolveSecret } from "../config/secret.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { alertmanagerSink } from "../sinks/alertmanager.ts";
import { addressFault } from "../sinks/address-guard.ts";
import { pagerDutySink } from "../sinks/pagerduty.ts";
import type { Sink } from "../sinks/sink.ts";
import { slackSink } from "../sinks/slack.ts";
import { retiredConnector, teamsSink } from "../sinks/teams.ts";
import { secretFault, webhookSink } from "../sinks/webhook.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Sinks of the configured targets; a fault names the target and the reference, never a secret. */
export function buildSinks(config: Config, environment: Environment): Result<readonly Sink[], readonly string[]> {
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
  environment: Environment,
): Result<Sink, readonly string[]> {
  const { name, allowPrivate } = target;
  if (target.type === "pagerduty") return buildPagerDuty(target, publicUrl, environment);
  const url = addressOf(target, environment);
  if (!url.ok) return err([url.error]);
  const base = { name, url: url.value, allowPrivate, publicUrl };
  switch (target.type) {
    case "slack":
      return ok(slackSink(base));
    case "teams":
      return ok(teamsSink(base));
    case "alertmanager":
      return ok(alertmanagerSink({ ...base, mode: target.mode }));
    case "webhook": {
      const secrets = target.secrets.map((reference) => secretOf(reference, environment));
      const faults = secrets.flatMap((secret) => (secret.ok ? [] : [secret.error]));
      if (faults.length > 0) return err(faults);
      const now = (): number => Date.now();
      return ok(webhookSink({ ...base, secrets: secrets.flatMap((secret) => (secret.ok ? [secret.value] : [])), now }));
    }
  }
}

type Routed = Extract<TargetConfig, { type: "pagerduty" }>;

function buildPagerDuty(
  { name, allowPrivate, routingKey, endpoint }: Routed,
  publicUrl: string | undefined,
  environment: Environment,
): Result<Sink, readonly string[]> {
  const key = resolveSecret(routingKey, environment);
  const url = new URL(endpoint);
  const faults = [...(key.ok ? [] : [key.error]), addressFault(url, allowPrivate)].filter(
    (fault) => fault !== undefined,
  );
  if (!key.ok || faults.length > 0) return err(faults);
  return ok(pagerDutySink({ name, url, routingKey: key.value, allowPrivate, publicUrl }));
}

function addressOf(
  { type, url, allowPrivate }: Exclude<TargetConfig, Routed>,
  environment: Environment,
): Result<URL, string> {
  const text = resolveSecret(url, environment);
  if (!text.ok) return text;
  if (!URL.canParse(text.value)) return err(`${url}: is no URL`);
  const address = new URL(text.value);
  const fault = addressFault(address, allowPrivate) ?? (type === "teams" ? retiredConnector(address) : undefined);
  return fault === undefined ? ok(address) : err(`${url}: ${fault}`);
}

function secretOf(reference: string, environment: Environment): Result<string, string> {
  const secret = resolveSecret(reference, environment);
  const fault = secret.ok ? secretFault(secret.value) : undefined;
  return fault === undefined ? secret : err(`${reference}: ${fault}`);
}
