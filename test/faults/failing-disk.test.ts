import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { segmentFile } from "../../src/store/segment-folder.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { areDecided, decisionsFile, numberIn, snapshotOf, tornCalls, tornParts } from "../store/loop-commit.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRandom, faultRuns } from "./runs.ts";

const SCRIPT = join(import.meta.dirname, "..", "store", "commit-loop.ts");
const COMMITS = 40;

/** What befalls a call from its n-th time on, of at most so many, on files of the state. */
interface Fault {
  readonly call: string;
  readonly befalls: "error=EIO" | "error=ENOSPC" | "signal=KILL";
  readonly most: number;
  /** How the process ends. */
  readonly ends: "broken" | "full" | "killed";
}

const FAULTS: readonly Fault[] = [
  { call: "fsync", befalls: "error=EIO", most: 60, ends: "broken" },
  { call: "pwrite64", befalls: "error=EIO", most: 900, ends: "broken" },
  { call: "rename", befalls: "error=EIO", most: 2, ends: "broken" },
  { call: "pwrite64", befalls: "error=ENOSPC", most: 900, ends: "full" },
  { call: "write", befalls: "error=ENOSPC", most: 42, ends: "full" },
  { call: "fsync", befalls: "signal=KILL", most: 60, ends: "killed" },
  { call: "pwrite64", befalls: "signal=KILL", most: 900, ends: "killed" },
  { call: "write", befalls: "signal=KILL", most: 42, ends: "killed" },
  { call: "rename", befalls: "signal=KILL", most: 2, ends: "killed" },
];

interface Ended {
  /** The last commit that returned. */
  readonly acked: number;
  /** The kind of the failure that was said, with the path. */
  readonly ends: string;
}

/** Commits into a state whose disk fails. */
async function commitWith({ call, befalls }: Fault, from: number, path: string): Promise<Ended> {
  const segments = [segmentFile(0, 13), segmentFile(13, 29)].map((file) => join(callsFolder(path), `${file}.part`));
  const files = [path, `${path}-wal`, `${path}-journal`, decisionsFile(path), ...segments];
  const watched = files.flatMap((file) => ["-P", file]);
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:${befalls}:when=${from}+`, ...watched];
  const child = spawn("strace", ["-f", "-o", "/dev/null", ...inject, process.execPath, SCRIPT, path, String(COMMITS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said, [, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const lines = said.trimEnd().split("\n");
  const numbers = lines.filter((line) => /^\d+$/.test(line)).map(Number);
  const failure = JSON.parse(lines.find((line) => line.startsWith("{")) ?? "{}");
  const says = String(failure.message).startsWith(path) ? String(failure.kind) : `nothing from ${from} on`;
  return { acked: numbers.at(-1) ?? 0, ends: signal === "SIGKILL" ? "killed" : says };
}

test.each(FAULTS)(
  "$call with $befalls at any time: the process ends $ends, and nothing is lost",
  {
    timeout: 60_000 + 10_000 * faultRuns(1),
  },
  async (fault) => {
    const random = faultRandom();
    for (let run = 0; run < faultRuns(1); run++) {
      await using folder = await temporaryFolder();
      const path = join(folder.path, "state.db");
      const { acked, ends } = await commitWith(fault, 1 + Math.floor(random() * fault.most), path);
      expect(ends).toBe(fault.ends);
      const store = openSqliteStore(path);
      const at = numberIn(store);
      expect([acked, acked + 1]).toContain(at);
      expect(tornParts(store, at)).toEqual([]);
      const inSnapshot = snapshotOf(store);
      store.close();
      openCallLog(callsFolder(path), Number.MAX_SAFE_INTEGER).begin(inSnapshot);
      expect(tornCalls(callsFolder(path), inSnapshot)).toEqual([]);
      expect(areDecided(path, acked)).toBe(true);
    }
  },
);
