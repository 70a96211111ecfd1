import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { err, ok, type Result } from "../lib/result.ts";
import { type Config, ConfigSchema } from "./config.ts";
import { serverFaults } from "./server-config.ts";

/** Every fault of a configuration at once, each with its path and what to do; never a secret's value. */
export type Faults = readonly string[];

/** Reads YAML or JSON and checks it. */
export async function loadConfig(path: string): Promise<Result<Config, Faults>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    return err([
      `${path}: cannot be read (${error instanceof Error && "code" in error ? String(error.code) : "unknown"}). Check the path.`,
    ]);
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): Result<Config, Faults> {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 50 });
  } catch (error) {
    return err([`${path}: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : "not YAML"}`]);
  }
  const parsed = ConfigSchema.safeParse(value);
  if (!parsed.success) return err(parsed.error.issues.flatMap((issue) => faultsOf(issue, path)));
  const { sources, targets, exports } = parsed.data;
  const names = [...sources, ...targets, ...exports].map(({ name }) => name);
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  const served = serverFaults(parsed.data.server, parsed.data.publicUrl).map((fault) => `${path}: ${fault}`);
  return twice.length + served.length === 0
    ? ok(parsed.data)
    : err([
        ...served,
        ...twice.map(
          (name) => `${path}: the name "${name}" is given twice. Names of sources, targets and exports must differ.`,
        ),
      ]);
}

function faultsOf(issue: z.core.$ZodIssue, path: string): readonly string[] {
  const where = issue.path.length === 0 ? "(top)" : issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${path}: ${where}: unknown key "${key}".${suggestion(key)}`);
  return [`${path}: ${where}: ${fixOf(issue)}`];
}

/** What to write instead. */
function fixOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union" && "options" in issue && Array.isArray(issue.options))
    return `expected one of ${issue.options.map(String).join(", ")}`;
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return `is missing; expected ${issue.expected}`;
  return issue.message;
}

const KEYS = [
  "sources",
  "state",
  "lateness",
  "longestDelay",
  "joinProbability",
  "joinBy",
  "server",
  "targets",
  "accounts",
  "exceptions",
  "exports",
  "format",
  "rotateFrom",
  "redact",
  "redactKey",
  "afterMinutes",
  "account",
  "container",
  "prefix",
  "path",
  "publicUrl",
  "host",
  "tls",
  "cert",
  "key",
  "behindProxy",
  "hosts",
  "mcp",
  "auth",
  "openId",
  "tokens",
  "issuer",
  "jwksUri",
  "clientId",
  "audience",
  "clientSecret",
  "browser",
  "roles",
  "sha256",
  "expires",
  "silences",
  "matchers",
  "comment",
  "startsAt",
  "endsAt",
  "routingKey",
  "endpoint",
  "mode",
  "azure",
  "workspace",
  "tenant",
  "portal",
  "logLevel",
  "type",
  "name",
  "connectionString",
  "namespace",
  "eventHub",
  "consumerGroup",
  "startAt",
  "ownerLevel",
  "credential",
  "cloud",
  "clientId",
  "tenantId",
  "tokenFile",
  "certificate",
  "workspaceId",
  "endpoint",
  "tables",
  "safetySeconds",
  "overlapMinutes",
  "pollSeconds",
  "heartbeatSeconds",
  "paths",
  "seed",
  "url",
  "allowPrivate",
  "secrets",
  "port",
];

/** What to do about an unknown key: the known one may be at most two edits away. */
function suggestion(key: string): string {
  const near = KEYS.map((known) => ({ known, edits: distance(known.toLowerCase(), key.toLowerCase()) })).toSorted(
    (a, b) => a.edits - b.edits,
  )[0];
  if (near?.edits === 0) return ` "${near.known}" has no meaning here: leave it out.`;
  return near !== undefined && near.edits <= 2 ? ` Did you mean "${near.known}"?` : "";
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
