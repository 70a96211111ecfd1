import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** One process from its start to its end. */
export interface Run {
  /** User and system time, of all its threads and of the children it waited for. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Largest resident set of the process, or of the largest of its children; NaN for programs that are not Node. */
  readonly peakMb: number;
  readonly stdout: string;
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Exit codes that are an answer; `analyze` gives no other for input that it read to the end. */
const GOOD = 0;

/** Each Node process of the run, workers and children included, says how large it was. */
const PEAK_PROBE = `process.on("exit",()=>process.stderr.write("\\nPEAK_KB="+process.resourceUsage().maxRSS+"\\n"))`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(PEAK_PROBE)}`;

/** `times` tells what the children used, once they have ended: freeing their memory counts as well. */
const TIMED = `"$@"; code=$?; times >&3; exit $code`;

/** Runs a program alone and gives what it used. Throws what it said when it fails. */
export async function measure({ command, args }: Program): Promise<Run> {
  const began = performance.now();
  const child = spawn("sh", ["-c", TIMED, "sh", command, ...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS },
  });
  const [, stdout, stderr, times] = child.stdio;
  const texts = Promise.all([stdout, stderr, times].map((stream) => readAll(stream)));
  const [code] = await once(child, "exit");
  const wallSeconds = (performance.now() - began) / 1_000;
  const [out = "", said = "", used = ""] = await texts;
  if (code !== GOOD) throw new Error(`${command} ${args.join(" ")} ended with ${String(code)}:\n${said.slice(-2_000)}`);
  return { cpuSeconds: cpuOfChildren(used), wallSeconds, peakMb: peakOf(said), stdout: out };
}

const readAll = async (stream: unknown): Promise<string> =>
  stream !== null && typeof stream === "object" && Symbol.asyncIterator in stream
    ? await text(stream as NodeJS.ReadableStream)
    : "";

/** The second line of `times`: user and system time of the shell's children, as `1m2.345s`. POSIX, Special Built-In Utilities. */
function cpuOfChildren(times: string): number {
  const found = [...(times.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.,]+)s/g)];
  if (found.length !== 2) throw new Error(`times said ${JSON.stringify(times)}`);
  return found.reduce(
    (sum, [, minutes, seconds = ""]) => sum + Number(minutes) * 60 + Number(seconds.replace(",", ".")),
    0,
  );
}

function peakOf(stderr: string): number {
  const peaks = [...stderr.matchAll(/PEAK_KB=(\d+)/g)].map(([, kb]) => Number(kb) / 1_024);
  return peaks.length === 0 ? Number.NaN : Math.max(...peaks);
}

export const isInstalled = (command: string): boolean => spawnSync(command, ["--version"]).status === 0;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Values at the share `q` of the sorted list; NaN without any. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
