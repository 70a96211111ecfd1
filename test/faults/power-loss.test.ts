import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { beforeAll, afterAll, expect, test } from "vitest";
import { accessFolder } from "../../src/store/access-log.ts";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { areDecided, areNoted, numberIn, snapshotOf, tornCalls, tornParts } from "../store/loop-commit.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { Disk } from "./disk/crash-states.ts";
import { type DiskOp, readTrace, traceArguments } from "./disk/trace.ts";
import { faultRandom, faultRuns, seededRandom } from "./runs.ts";

const SCRIPT = join(import.meta.dirname, "..", "store", "commit-loop.ts");
/** More than 16 snapshots, so that segments are merged. */
const COMMITS = 280;
const STATES_A_RUN = 10;

let folder: TemporaryFolder;
let ops: readonly DiskOp[];

beforeAll(async () => {
  folder = await temporaryFolder();
  const trace = join(folder.path, "trace");
  const traced = join(folder.path, "traced");
  const command = [process.execPath, SCRIPT, join(traced, "state.db"), String(COMMITS)];
  const child = spawn("strace", [...traceArguments(trace), ...command], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`strace ended with ${String(code)}`);
  ops = readTrace(trace, folder.path);
});

afterAll(async () => folder[Symbol.asyncDispose]());

/** What is wrong with the state in a folder of which so many commits were acknowledged. */
function wrongWith(left: string, acked: number): readonly string[] {
  const path = join(left, "traced", "state.db");
  try {
    const store = openSqliteStore(path);
    const at = numberIn(store);
    const torn = tornParts(store, at);
    const inSnapshot = snapshotOf(store);
    store.close();
    openCallLog(callsFolder(path), Number.MAX_SAFE_INTEGER).begin(inSnapshot);
    const isBetween = at >= acked && at <= acked + 1;
    return [
      ...(isBetween ? [] : [`is at commit ${at} after ${acked}`]),
      ...torn,
      ...tornCalls(callsFolder(path), inSnapshot),
      ...(areDecided(path, acked) ? [] : [`does not hold the ${acked} decisions`]),
      ...(areNoted(accessFolder(path), acked) ? [] : [`does not hold the ${acked} accesses`]),
    ];
  } catch (error) {
    return [String(error)];
  }
}

/** What is wrong after losses of power, each after a random number of the operations. */
function wrongIn(all: readonly DiskOp[], states: number, random: () => number): readonly string[] {
  const moments = Array.from({ length: states }, () => Math.floor(random() * (all.length + 1))).toSorted(
    (a, b) => b - a,
  );
  const disk = new Disk(folder.path);
  const wrong: string[] = [];
  let acked = 0;
  for (let done = 0; done <= all.length; done++) {
    for (; moments.at(-1) === done; moments.pop()) {
      const left = join(folder.path, "left");
      disk.lose(random, left);
      const [first] = wrongWith(left, acked);
      if (first !== undefined) wrong.push(`after ${done} of ${all.length} operations: ${first}`);
    }
    const op = all[done];
    if (op?.kind === "say") acked = Number(op.text);
    if (op !== undefined) disk.do(op);
  }
  return wrong;
}

const isSyncOf = (op: DiskOp, part: string): boolean => op.kind === "sync" && op.path.includes(part);

test("no loss of power at any operation loses what was acknowledged, nor tears a commit or a segment of calls", {
  timeout: 60_000 + 2_000 * faultRuns(10),
}, () => {
  const states = STATES_A_RUN * faultRuns(10);
  console.info(`${ops.length} operations, ${states} states`);
  expect(wrongIn(ops, states, faultRandom())).toEqual([]);
});

test.each([
  ["commits", "-wal"],
  ["segments of calls", ".part"],
  ["decisions", ".decisions"],
  ["accesses", ".access"],
  ["the folder of calls", ".calls"],
])("a program that does not sync %s is found out", (_, part) => {
  const careless = ops.filter((op) => !isSyncOf(op, part));
  expect(careless.length).toBeLessThan(ops.length);
  expect(wrongIn(careless, 60, seededRandom(1))).not.toEqual([]);
});
