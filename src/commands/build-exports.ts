import type { Config, ExportConfig } from "../config/config.ts";
import { resolveSecret } from "../config/secret.ts";
import { uploadChain } from "../exports/blob-chain.ts";
import { parseProfile, type Profile } from "../model/redaction-profile.ts";
import { parseDay } from "../exports/schedule.ts";
import { parseSigningPem } from "../exports/signing-key.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import { containerOf } from "./blob-container.ts";
import type { ScheduledExport } from "./scheduled-exports.ts";

interface Context {
  readonly environment: NodeJS.ProcessEnv;
  readonly now: EpochMs;
  readonly state: string;
}

/** The configured schedules; a fault names the schedule and the reference, never a secret. */
export function buildExports(
  { exports, state }: Pick<Config, "exports" | "state">,
  context: Omit<Context, "state">,
): Result<readonly ScheduledExport[], readonly string[]> {
  const built = exports.map((one) => buildExport(one, { ...context, state }));
  const faults = built.flatMap((one, i) => (one.ok ? [] : [`exports.${exports[i]?.name ?? i}: ${one.error}`]));
  return faults.length > 0 ? err(faults) : ok(built.flatMap((one) => (one.ok ? [one.value] : [])));
}

function buildExport(config: ExportConfig, { environment, now, state }: Context): Result<ScheduledExport, string> {
  const key = pemOf("key", config.key, environment);
  const old = config.rotateFrom === undefined ? ok(undefined) : pemOf("rotateFrom", config.rotateFrom, environment);
  const redactKey = config.redactKey === undefined ? ok(undefined) : resolveSecret(config.redactKey, environment);
  const profile: Result<Profile | undefined, string> =
    config.redact === undefined ? ok(undefined) : parseProfile(config.redact);
  const from = config.from === undefined ? ok(now) : parseDay(config.from);
  const fault = [key, old, redactKey, profile, from].find((part) => !part.ok);
  if (!key.ok || !old.ok || !redactKey.ok || !profile.ok || !from.ok)
    return err(fault?.ok === false ? fault.error : "");
  const { name, format, afterMinutes } = config;
  const job = {
    name,
    format,
    profile: profile.value,
    redactKey: redactKey.value,
    key: key.value,
    old: old.value,
    from: from.value,
    delayMs: afterMinutes * 60_000,
  };
  if (config.type === "folder") return ok({ job: { ...job, folder: config.path }, to: config.path });
  const folder = `${state}.exports/${name}`;
  const container = containerOf(config, environment);
  if (!container.ok) return container;
  const { prefix } = config;
  return ok({
    job: { ...job, folder },
    to: [config.account ?? "blobs", config.container, ...(prefix === undefined ? [] : [prefix])].join("/"),
    upload: async (signal) => await uploadChain(folder, { container: await container.value(), prefix }, signal),
  });
}

function pemOf(name: string, reference: string, environment: NodeJS.ProcessEnv): Result<string, string> {
  const pem = resolveSecret(reference, environment);
  if (!pem.ok) return err(`${name}: ${pem.error}`);
  const key = parseSigningPem(pem.value);
  return key.ok ? pem : err(`${name}: ${reference} ${key.error}`);
}
