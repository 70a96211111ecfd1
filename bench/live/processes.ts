import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { z } from "zod";
import { BASE, type Spec } from "../corpus/spec.ts";

const Hello = z.object({ connectionString: z.string() });
const Sent = z.object({ sentMs: z.array(z.number()) });

/** Ended with this process, however that ends: a run that fails or is stopped leaves none behind. */
const started = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of started) child.kill();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

export interface HubProcess {
  readonly connectionString: string;
  /** Sends the file; gives when each event was enqueued. */
  send(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

export async function startHub(file: string, eventsPerSecond: number): Promise<HubProcess> {
  const script = join(import.meta.dirname, "hub.ts");
  const child = spawn(process.execPath, [script, file, String(eventsPerSecond)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.add(child);
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout);
  const { connectionString } = Hello.parse(JSON.parse(await nextLine(lines, child)));
  return {
    connectionString,
    async send() {
      const answer = nextLine(lines, child);
      child.stdin.write("go\n");
      return Sent.parse(JSON.parse(await answer)).sentMs;
    },
    async stop() {
      child.stdin.end();
      child.kill();
      await exited;
    },
  };
}

/** The next line of a process; throws when it ends before. */
async function nextLine(lines: Interface, child: ChildProcess): Promise<string> {
  const ended = once(child, "exit").then(([code]): never => {
    throw new Error(`${child.spawnargs.join(" ")} ended with ${String(code)}`);
  });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  return String(line);
}

export interface ServeProcess {
  /** Where the dashboard answers, without a slash at the end. */
  readonly address: string;
  /** CPU seconds so far, resident megabytes now and at most. Linux only; NaN elsewhere. */
  usage(): { readonly cpuSeconds: number; readonly mb: number; readonly peakMb: number };
  stop(): Promise<void>;
}

/** `serve` on one hub as it is started by users, with the least lateness that it takes and a state file of its own; `flags` are Node's. */
export async function startServe(connectionString: string, flags: readonly string[] = []): Promise<ServeProcess> {
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-bench-live-"));
  const config = join(folder, "scopetrail.json");
  writeFileSync(
    config,
    JSON.stringify({
      sources: [{ type: "event-hubs", name: "bench", connectionString: "env:BENCH_HUB" }],
      state: join(folder, "state.db"),
      lateness: LATENESS_SECONDS,
      server: { port: 0 },
      logLevel: "error",
    }),
  );
  const launcher = join(import.meta.dirname, "../../bin/scopetrail.js");
  const child = spawn(process.execPath, [launcher, "serve", "--config", config], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      BENCH_HUB: connectionString,
      NODE_OPTIONS: [process.env["NODE_OPTIONS"] ?? "", ...flags].join(" "),
    },
  });
  started.add(child);
  const exited = once(child, "exit");
  const lines = createInterface(child.stderr);
  const first = await nextLine(lines, child);
  const address = /ready: (http:\/\/\S+?)\/?$/.exec(first)?.[1];
  if (address === undefined) throw new Error(`serve: ${first}`);
  lines.on("line", (line) => process.stderr.write(`serve: ${line}\n`));
  return {
    address,
    usage: () => usageOf(startedBy(child.pid ?? 0)),
    async stop() {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const LATENESS_SECONDS = 1;

/** Calls at a steady rate of records, two a call, that arrive within the lateness. */
export const steadySpec = (rate: number, seconds: number, beginMs = BASE.beginMs): Spec => ({
  ...BASE,
  beginMs,
  calls: Math.ceil((rate * seconds) / 2),
  callsPerSecond: rate / 2,
  delaySeconds: 0.4 * LATENESS_SECONDS,
});
/** Linux counts CPU time for programs in hundredths of a second, whatever the kernel's own clock. proc(5), sysconf(3). */
const TICKS_PER_SECOND = 100;

/** The process that the launcher runs. */
function startedBy(launcher: number): number {
  if (process.platform !== "linux") return launcher;
  return Number(readFileSync(`/proc/${launcher}/task/${launcher}/children`, "utf8").trim().split(" ")[0]);
}

function usageOf(pid: number): ReturnType<ServeProcess["usage"]> {
  if (process.platform !== "linux") return { cpuSeconds: Number.NaN, mb: Number.NaN, peakMb: Number.NaN };
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mbOf = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024;
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return { cpuSeconds, mb: mbOf("VmRSS"), peakMb: mbOf("VmHWM") };
}
