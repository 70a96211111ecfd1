import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LogAnalyticsEmulator } from "../emulators/log-analytics.ts";
import { endWithTest } from "../end-with-test.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** What the published clients need to take a fake workspace for the real one: its authority, and an identity's endpoint. */
export const workspaceEnvironment = (azure: LogAnalyticsEmulator): Readonly<Record<string, string>> => ({
  NODE_EXTRA_CA_CERTS: azure.caFile,
  IDENTITY_ENDPOINT: azure.identityEndpoint,
  IDENTITY_HEADER: "secret-of-the-host",
});

/** Disposed of, it is killed where it still runs: a test that fails leaves none behind. */
export interface Serving extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly address: string;
  /** Lines of standard error so far. */
  readonly said: readonly string[];
  /** The first line that fits, of those said already too. */
  hear(pattern: RegExp): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServeOptions {
  /** YAML. */
  readonly config: string;
  readonly folder: string;
  readonly name?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Starts `serve` on a free port; resolves once it says that it is ready, throws where it ends before. */
export async function startServe(options: ServeOptions): Promise<Serving> {
  return readyServe(await spawnServe(options));
}

/** The same once it says that it is ready. */
export async function readyServe(serving: Serving): Promise<Serving> {
  const ready = await serving.hear(/ready: https?:\S+/);
  return { ...serving, address: /https?:\S+/.exec(ready)?.[0] ?? "" };
}

/** Starts `serve` and does not wait for it. */
export async function spawnServe({
  config,
  folder,
  name = "serve",
  environment = {},
  flags = [],
}: ServeOptions): Promise<Serving> {
  const path = join(folder, `${name}.yml`);
  await writeFile(path, config);
  const child = endWithTest(
    spawn(process.execPath, [MAIN, "serve", "--config", path, "--port", "0", ...flags], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    }),
  );
  const said: string[] = [];
  const listeners = new Set<(line: string | undefined) => void>();
  const tell = (line: string | undefined): void => {
    for (const listener of listeners) listener(line);
  };
  const lines = createInterface(child.stderr);
  lines.on("line", (line) => {
    said.push(line);
    tell(line);
  });
  lines.on("close", () => tell(undefined));
  const ended = once(child, "exit");
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return {
    child,
    address: "",
    said,
    hear: (pattern) => heard(pattern, said, listeners),
    stop: (signal = "SIGTERM") => stop(signal),
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
    },
  };
}

function heard(
  pattern: RegExp,
  said: readonly string[],
  listeners: Set<(line: string | undefined) => void>,
): Promise<string> {
  const known = said.find((line) => pattern.test(line));
  if (known !== undefined) return Promise.resolve(known);
  return new Promise((resolve, reject) => {
    const listener = (line: string | undefined): void => {
      if (line === undefined) reject(new Error(`it ended before it said ${String(pattern)}:\n${said.join("\n")}`));
      else if (pattern.test(line)) {
        listeners.delete(listener);
        resolve(line);
      }
    };
    listeners.add(listener);
  });
}

export interface Counts {
  readonly records: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly filtered: number;
  readonly rejected: number;
}

/** The report once it fits: looked at after each change that the dashboard is told of. */
export async function reportWhen<T extends { readonly input: Counts }>(
  address: string,
  fits: (report: T) => boolean,
): Promise<T> {
  const gone = new AbortController();
  const read = async (): Promise<T> => (await (await fetch(new URL("/api/v1/report", address))).json()) as T;
  const stream = await fetch(new URL("/api/v1/stream", address), { signal: gone.signal });
  try {
    const now = await read();
    if (fits(now)) return now;
    for await (const _chunk of stream.body ?? []) {
      const report = await read();
      if (fits(report)) return report;
    }
  } finally {
    gone.abort();
  }
  throw new Error("the stream ended");
}
