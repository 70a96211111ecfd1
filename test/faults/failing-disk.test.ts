import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { segmentFile } from "../../src/store/segment-folder.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { areDecided, decisionsFile, numberIn, snapshotBefore, tornCalls, tornParts } from "../store/loop-commit.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRuns, faultSeed, seededRandom } from "./runs.ts";

const SCRIPT = join(import.meta.dirname, "..", "store", "commit-loop.ts");
const COMMITS = 40;

/** A call that fails from its n-th time on, of at most so many, on files of the state. */
interface Fault {
  readonly call: string;
  readonly error: "EIO" | "ENOSPC";
  readonly most: number;
}

const FAULTS: readonly Fault[] = [
  { call: "fsync", error: "EIO", most: 60 },
  { call: "pwrite64", error: "EIO", most: 900 },
  { call: "pwrite64", error: "ENOSPC", most: 900 },
  { call: "write", error: "ENOSPC", most: 42 },
  { call: "rename", error: "EIO", most: 2 },
];

interface Ended {
  /** The last commit that returned. */
  readonly acked: number;
  /** What the process said of the failure. */
  readonly failure: { readonly kind: string; readonly message: string } | undefined;
}

/** Commits into a state whose disk fails. */
async function commitWith({ call, error }: Fault, from: number, path: string): Promise<Ended> {
  const segments = [segmentFile(0, 16), segmentFile(16, 32)].map((file) => join(callsFolder(path), `${file}.part`));
  const files = [path, `${path}-wal`, `${path}-journal`, decisionsFile(path), ...segments];
  const watched = files.flatMap((file) => ["-P", file]);
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:error=${error}:when=${from}+`, ...watched];
  const child = spawn("strace", ["-f", "-o", "/dev/null", ...inject, process.execPath, SCRIPT, path, String(COMMITS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const lines = said.trimEnd().split("\n");
  const numbers = lines.filter((line) => /^\d+$/.test(line)).map(Number);
  const failure = lines.find((line) => line.startsWith("{"));
  return { acked: numbers.at(-1) ?? 0, failure: failure === undefined ? undefined : JSON.parse(failure) };
}

test.each(FAULTS)(
  "$call that fails with $error at any time ends the commits, says so, and loses nothing",
  {
    timeout: 60_000 + 10_000 * faultRuns(2),
  },
  async (fault) => {
    const seed = faultSeed();
    console.info(`FAULT_SEED=${seed}`);
    const random = seededRandom(seed);
    for (let run = 0; run < faultRuns(2); run++) {
      await using folder = await temporaryFolder();
      const path = join(folder.path, "state.db");
      const from = 1 + Math.floor(random() * fault.most);
      const { acked, failure } = await commitWith(fault, from, path);
      expect(failure ?? `nothing failed from ${from} on`).toMatchObject({
        kind: fault.error === "EIO" ? "broken" : "full",
        message: expect.stringContaining(path),
      });
      const store = openSqliteStore(path);
      const at = numberIn(store);
      expect([acked, acked + 1]).toContain(at);
      expect(tornParts(store, at)).toEqual([]);
      store.close();
      openCallLog(callsFolder(path), Number.MAX_SAFE_INTEGER).begin(snapshotBefore(at));
      expect(tornCalls(callsFolder(path), at)).toEqual([]);
      expect(areDecided(path, acked)).toBe(true);
    }
  },
);
