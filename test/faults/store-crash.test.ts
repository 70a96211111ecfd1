import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { numberIn, tornParts } from "../store/loop-commit.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRandom, faultRuns } from "./runs.ts";

const SCRIPT = join(import.meta.dirname, "..", "store", "commit-loop.ts");

interface Committer {
  /** The last number that was printed: its commit returned. */
  acked(): number;
  /** Resolves with the exit. */
  readonly ended: Promise<unknown>;
  readonly firstAck: Promise<unknown>;
  kill(): void;
  said(): string;
}

function startCommitter(path: string, shell?: string): Committer {
  const [command, args] =
    shell === undefined
      ? [process.execPath, [SCRIPT, path]]
      : ["sh", ["-c", `${shell}; exec "$0" "$@"`, process.execPath, SCRIPT, path]];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout);
  let acked = 0;
  let said = "";
  lines.on("line", (line) => {
    if (/^\d+$/.test(line)) acked = Number(line);
    else said += line;
  });
  return {
    acked: () => acked,
    said: () => said,
    firstAck: once(lines, "line"),
    ended: Promise.all([once(child, "exit"), once(lines, "close")]),
    kill: () => child.kill("SIGKILL"),
  };
}

/** Opens the file and compares it with what was acknowledged; returns the commit it is at. */
function checkState(path: string, acked: number): number {
  const store = openSqliteStore(path);
  const at = numberIn(store);
  expect(tornParts(store, at)).toEqual([]);
  expect(at).toBeGreaterThanOrEqual(acked);
  expect(at).toBeLessThanOrEqual(acked + 1); // one more may have been committed before its number was printed
  store.close();
  return at;
}

test(
  "a process killed in the middle of commits loses none that was acknowledged, and tears none",
  async () => {
    const random = faultRandom();
    await using folder = await temporaryFolder();
    const path = join(folder.path, "state.db");
    let at = 0;
    for (let run = 0; run < faultRuns(4); run++) {
      const committer = startCommitter(path);
      await committer.firstAck;
      await sleep(random() * 300);
      committer.kill();
      await committer.ended;
      const next = checkState(path, committer.acked());
      expect(next).toBeGreaterThan(at);
      at = next;
    }
  },
  60_000 + 5_000 * faultRuns(10),
);

test("a disk that refuses to write fails the commit, and the state is that of the last one", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "state.db");
  const committer = startCommitter(path, "ulimit -f 1000"); // blocks of 512 bytes; a longer file is refused with EFBIG
  await committer.ended;
  expect(committer.acked()).toBeGreaterThan(0);
  expect(JSON.parse(committer.said())).toMatchObject({ kind: "broken", message: expect.stringContaining(path) });
  checkState(path, committer.acked());
});
