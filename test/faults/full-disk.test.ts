import { join } from "node:path";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { commitLoop, numberIn, tornParts } from "../store/loop-commit.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRuns } from "./runs.ts";

const PAGE = 4_096;
/** Pages of an empty state and a little more. */
const LEAST = 60;

/** Commits until the limit is met; gives the last number whose commit returned. */
function fill(path: string, maxBytes: number): number {
  const store = openSqliteStore(path, { maxBytes });
  const first = numberIn(store) + 1;
  let acked = first - 1;
  try {
    for (;;) {
      commitLoop(store, acked + 1, first);
      acked += 1;
    }
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ kind: "full", message: expect.stringContaining("Free some") });
  }
  // What could not be written left nothing, in the open file as well.
  expect(tornParts(store, acked)).toEqual([]);
  store.close();
  return acked;
}

test("a disk that is full at any page keeps what was committed, and the state goes on once there is room", {
  timeout: 60_000 + 2_000 * faultRuns(4),
}, async () => {
  await using folder = await temporaryFolder();
  for (let run = 0; run < faultRuns(4); run++) {
    const path = join(folder.path, `${run}.db`);
    const acked = fill(path, (LEAST + 7 * run) * PAGE);
    const store = openSqliteStore(path);
    expect(numberIn(store)).toBe(acked);
    for (let n = acked + 1; n <= acked + 5; n++) commitLoop(store, n, acked + 1);
    expect(tornParts(store, acked + 5)).toEqual([]);
    store.close();
  }
});
