import { access, constants, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load-config.ts";
import { resolveSecret } from "../config/secret.ts";
import { ok as okOf } from "../lib/result.ts";
import { resolveDestination } from "../sinks/address-guard.ts";
import { filesSource } from "../sources/files.ts";
import { SourceError } from "../sources/source-error.ts";
import { createLogger } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { buildSources } from "./live-sources.ts";
import { lookOf } from "./look.ts";
import { problemText } from "./path-error.ts";
import { portOf } from "./port.ts";
import type { Line } from "./report-line.ts";
import { renderLines } from "./report-text.ts";
import { buildSinks } from "./targets.ts";

/** What was looked at, and what to do where it is wrong. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "fault";
  readonly says: string;
  /** Of the command, when this is the worst. */
  readonly exitCode: number;
}

const ok = (name: string, says: string): Check => ({ name, state: "ok", says, exitCode: EXIT.ok });
const warning = (name: string, says: string): Check => ({ name, state: "warning", says, exitCode: EXIT.ok });
const fault = (name: string, says: string, exitCode: number = EXIT.usage): Check => ({
  name,
  state: "fault",
  says,
  exitCode,
});

export interface DoctorFlags {
  readonly config: string;
  readonly json?: boolean;
  readonly offline?: boolean;
}

/** Looks at everything that serve will need, prints what it saw; gives the exit code. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const config = await loadConfig(flags.config);
  const checks = config.ok
    ? [ok("configuration", `${flags.config} has no faults`), ...(await look(config.value, flags.offline === true))]
    : config.error.map((says) => fault("configuration", says));
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ checks: checks.map(({ name, state, says }) => ({ name, state, says })) }, null, 2)}\n`
      : renderLines(checks.map(lineOf), lookOf(process.stdout)),
  );
  return checks.find(({ state }) => state === "fault")?.exitCode ?? EXIT.ok;
}

const MARKS = { ok: "ok     ", warning: "warning", fault: "FAULT  " } as const;
const STYLES = { ok: "green", warning: "yellow", fault: "red" } as const;

const lineOf = ({ name, state, says }: Check): Line => ({
  before: `${MARKS[state]} `,
  text: `${name}: ${says}`,
  style: STYLES[state],
});

async function look(config: Config, offline: boolean): Promise<readonly Check[]> {
  return [
    ...(await stateChecks(config.state)),
    await portCheck(config),
    ...advice(config),
    ...(offline ? [] : await sourceChecks(config)),
    ...(await targetChecks(config, offline)),
  ];
}

/** The folder, or the nearest above it that is there: nothing is made. */
async function existing(folder: string): Promise<string> {
  const above = dirname(folder);
  if (above === folder) return folder;
  const found = await stat(folder).catch(() => undefined);
  return found === undefined ? await existing(above) : folder;
}

const LEAST_FREE_BYTES = 1 << 30;
const PLACE = 'Set "state" to a file on a local disk.';

async function stateChecks(path: string): Promise<readonly Check[]> {
  const folder = await existing(dirname(resolve(path)));
  try {
    if (!(await stat(folder)).isDirectory()) return [fault("state", `${folder} is no folder. ${PLACE}`)];
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const says = `${folder} can be written, ${(free / 1e9).toFixed(1)} GB are free`;
    return [free < LEAST_FREE_BYTES ? warning("state", `${says}; a busy tenant needs 1 GB`) : ok("state", says)];
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return [fault("state", `${folder} cannot be written (${code}). ${PLACE}`)];
  }
}

async function portCheck(config: Config): Promise<Check> {
  const wanted = portOf(undefined, process.env["PORT"], config.server.port);
  if (!wanted.ok) return fault("dashboard", wanted.error);
  const server = createServer();
  const problem = await new Promise<string | undefined>((done) => {
    server.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen(wanted.value, "127.0.0.1", () => done(undefined));
  });
  server.close();
  return problem === undefined
    ? ok("dashboard", `port ${wanted.value} is free`)
    : warning("dashboard", `port ${wanted.value} cannot be taken now (${problem}): another serve may be running`);
}

/** What works, and will be regretted. */
function advice(config: Config): readonly Check[] {
  return config.sources.flatMap((source) =>
    source.type === "event-hubs" && source.consumerGroup === "$Default"
      ? [
          warning(
            `source ${source.name}`,
            "reads as the consumer group $Default, which every other reader of the hub uses too. Give Scopetrail one of its own.",
          ),
        ]
      : [],
  );
}

const REACH_MS = 20_000;

async function sourceChecks(config: Config): Promise<readonly Check[]> {
  const files = await Promise.all(config.sources.map(async (source) => await fileChecks(source)));
  const built = buildSources(config, createLogger("error"));
  if (!built.ok) return built.error.map((says) => fault("sources", says));
  const reached = await Promise.all(
    built.value.map(async (source): Promise<Check> => {
      const name = `source ${source.name}`;
      try {
        const partitions = await source.partitions(AbortSignal.timeout(REACH_MS));
        return ok(name, `reached, ${partitions.length} ${partitions.length === 1 ? "partition" : "partitions"}`);
      } catch (error) {
        if (!(error instanceof SourceError))
          return fault(name, `no answer within ${REACH_MS / 1_000} s`, EXIT.unreachable);
        const exitCode =
          error.kind === "unreachable" ? EXIT.unreachable : error.kind === "config" ? EXIT.usage : EXIT.refused;
        return fault(name, error.message, exitCode);
      }
    }),
  );
  return [...reached, ...files.flat()];
}

/** Paths that give nothing. */
async function fileChecks(source: Config["sources"][number]): Promise<readonly Check[]> {
  if (source.type !== "files") return [];
  const problems = await filesSource(source.paths, { name: source.name }).problems();
  return problems.map((problem) => fault(`source ${source.name}`, problemText(problem)));
}

async function targetChecks(config: Config, offline: boolean): Promise<readonly Check[]> {
  const sinks = buildSinks(config, process.env);
  if (!sinks.ok) return sinks.error.map((says) => fault("target", says));
  if (config.targets.length === 0) return [warning("targets", "nobody will be told: the configuration names none")];
  const open =
    config.publicUrl === undefined ? [warning("publicUrl", "alerts will hold no link to the dashboard")] : [];
  const checks = await Promise.all(
    config.targets.map(async (target): Promise<Check> => {
      const { name, allowPrivate } = target;
      const address = target.type === "pagerduty" ? okOf(target.endpoint) : resolveSecret(target.url, process.env);
      if (offline || !address.ok) return ok(`target ${name}`, "its address and secrets are there");
      const destination = await resolveDestination(new URL(address.value), allowPrivate);
      const says = `its host leads to an address; \`scopetrail alerts test ${name}\` sends something`;
      return destination.ok ? ok(`target ${name}`, says) : fault(`target ${name}`, destination.error, EXIT.unreachable);
    }),
  );
  return [...open, ...checks];
}
