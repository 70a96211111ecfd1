import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { resolveSecret } from "../config/secret.ts";
import type { Schedule } from "../exports/manifest.ts";
import { Pseudonyms } from "../exports/redaction.ts";
import { isRedacting, NO_REDACTION, parseProfile, type Profile } from "../model/redaction-profile.ts";
import type { Entry } from "../exports/schedule.ts";
import { newSigningPem, parseSigningPem, type SigningKey } from "../exports/signing-key.ts";
import type { TableFormat } from "../exports/table-format.ts";
import { writeKept } from "../folder.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Instant } from "../model/time.ts";
import { parseInstant } from "../normalize/parse-time.ts";

export interface ExportFlags {
  readonly in?: readonly string[];
  readonly state?: string;
  readonly out?: string;
  readonly format: TableFormat;
  readonly from?: string;
  readonly to?: string;
  readonly principal?: string;
  readonly container?: string;
  readonly finding?: string;
  readonly redact?: string;
  readonly redactKey?: string;
  readonly key?: string;
  readonly rotateFrom?: string;
}

/** What the flags ask for, with every secret behind a reference read. */
export interface ExportOptions {
  /** Without any, the calls kept beside `state`. */
  readonly paths: readonly string[];
  readonly state: string;
  readonly folder: string;
  readonly format: TableFormat;
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  readonly principal: string | undefined;
  readonly container: string | undefined;
  readonly finding: string | undefined;
  readonly profile: Profile;
  readonly names: Pseudonyms;
  /** The pseudonyms' key is nowhere else: nobody can lead them back. */
  readonly isKeyLost: boolean;
  readonly key: SigningKey;
  readonly old: SigningKey | undefined;
  /** What of a schedule it is; undefined for an export by hand. */
  readonly scheduled?: { readonly entry: Entry; readonly before: Schedule } | undefined;
}

const DEFAULT_KEY = ".scopetrail/export-key.pem";
const LEAST_KEY = 16;
/** As the configuration has it. */
export const DEFAULT_STATE = ".scopetrail/state.db";

type Environment = Readonly<Record<string, string | undefined>>;

/** All faults at once, a sentence each. `tell` is told of a key that was made. */
export function exportOptions(
  flags: ExportFlags,
  environment: Environment,
  tell: (says: string) => void,
): Result<ExportOptions, readonly string[]> {
  const from = instantFlag("--from", flags.from);
  const to = instantFlag("--to", flags.to);
  const profile = flags.redact === undefined ? ok(NO_REDACTION) : named("--redact", parseProfile(flags.redact));
  const redactKey = redactKeyOf(flags.redactKey, environment);
  const { out } = flags;
  const folder = out === undefined ? err("--out: name the folder that the exports go to") : ok(out);
  const early = [from, to, profile, redactKey, folder].flatMap((part) => (part.ok ? [] : [part.error]));
  const key = early.length > 0 ? err("") : signingKey(flags.key, environment, tell);
  const old =
    flags.rotateFrom === undefined ? ok(undefined) : keyBehind("--rotate-from", flags.rotateFrom, environment);
  const faults = early.concat([key, old].flatMap((part) => (part.ok || part.error === "" ? [] : [part.error])));
  if (!from.ok || !to.ok || !profile.ok || !redactKey.ok || !folder.ok || !key.ok || !old.ok) return err(faults);
  return ok({
    paths: flags.in ?? [],
    state: flags.state ?? DEFAULT_STATE,
    folder: folder.value,
    format: flags.format,
    from: from.value,
    to: to.value,
    principal: flags.principal,
    container: flags.container,
    finding: flags.finding,
    profile: profile.value,
    names: new Pseudonyms(redactKey.value ?? randomBytes(32)),
    isKeyLost: redactKey.value === undefined && isRedacting(profile.value),
    key: key.value,
    old: old.value,
  });
}

const named = <T>(name: string, result: Result<T, string>): Result<T, string> =>
  result.ok ? result : err(`${name}: ${result.error}`);

/** A day or a time, UTC. */
export function instantFlag(name: string, text: string | undefined): Result<Instant | undefined, string> {
  if (text === undefined) return ok(undefined);
  const at = parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  return at === undefined
    ? err(`${name}: "${text}" is no day or time such as 2026-03-01 or 2026-03-01T12:00:00Z`)
    : ok(at);
}

function redactKeyOf(reference: string | undefined, environment: Environment): Result<Buffer | undefined, string> {
  if (reference === undefined) return ok(undefined);
  const text = secretOf("--redact-key", reference, environment);
  if (!text.ok) return text;
  const key = Buffer.from(text.value);
  return key.length < LEAST_KEY ? err(`--redact-key: a key has at least ${LEAST_KEY} bytes`) : ok(key);
}

function secretOf(name: string, reference: string, environment: Environment): Result<string, string> {
  if (!/^(?:env|file):./.test(reference))
    return err(`${name}: a reference such as env:NAME or file:/path, never the key`);
  return named(name, resolveSecret(reference, environment));
}

function keyBehind(name: string, reference: string, environment: Environment): Result<SigningKey, string> {
  const pem = secretOf(name, reference, environment);
  return pem.ok ? named(name, parseSigningPem(pem.value)) : pem;
}

/** The key behind the reference; without one, that of the default file, which is made where it is not there. */
function signingKey(
  reference: string | undefined,
  environment: Environment,
  tell: (says: string) => void,
): Result<SigningKey, string> {
  if (reference !== undefined) return keyBehind("--key", reference, environment);
  if (!existsSync(DEFAULT_KEY)) {
    writeKept(DEFAULT_KEY, newSigningPem());
    tell(`made a key that signs exports: ${DEFAULT_KEY}. Keep it; tell its public key to whoever checks them.`);
  }
  return keyBehind("--key", `file:${DEFAULT_KEY}`, environment);
}
