import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { epochMs, instantFromMs } from "../../src/model/time.ts";
import { textOf } from "../store/sample.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRuns } from "./runs.ts";

const SCRIPT = join(import.meta.dirname, "commit-order.ts");
const RECORDS = 200;

interface Outcome {
  readonly missing: number;
  readonly twice: number;
  readonly alertsMissing: number;
  /** By the ledger. */
  readonly counted: number;
}

async function run(state: string, ...args: readonly string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [SCRIPT, state, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  await once(child, "exit");
  return child.signalCode;
}

/** What stands in the state once a killed process was started again and came to its end. */
async function afterKill(order: string, point: string, batch: number): Promise<Outcome> {
  await using folder = await temporaryFolder();
  const state = join(folder.path, "state.db");
  expect(await run(state, order, point, String(batch))).toBe("SIGKILL");
  expect(await run(state, order)).toBeNull();
  const store = openSqliteStore(state);
  const ids = store.load().journal.flatMap((chunk) => textOf(chunk)?.trimEnd().split("\n") ?? []);
  const counted = store.ledger().get("hub")?.get("0")?.records ?? 0;
  const alerts = store.due(epochMs(instantFromMs(9e12)), 1_000).length;
  store.close();
  const distinct = new Set(ids).size;
  return { missing: RECORDS - distinct, twice: ids.length - distinct, alertsMissing: RECORDS / 10 - alerts, counted };
}

const batches = Array.from({ length: faultRuns(1) }, (_, i) => (7 * i + 3) % 20);
const whole: Outcome = { missing: 0, twice: 0, alertsMissing: 0, counted: RECORDS };

test.each(["before", "after"])(
  "one transaction, killed %s it: nothing is lost and nothing counted twice",
  {
    timeout: 30_000 * batches.length,
  },
  async (point) => {
    for (const batch of batches) expect(await afterKill("atomic", point, batch)).toEqual(whole);
  },
);

test.each([
  { order: "state-first", outcome: { ...whole, twice: 10, counted: RECORDS + 10 } },
  { order: "offset-first", outcome: { missing: 10, twice: 0, alertsMissing: 1, counted: RECORDS - 10 } },
])("the same check sees that $order is wrong", { timeout: 60_000 }, async ({ order, outcome }) => {
  expect(await afterKill(order, "between", 7)).toEqual(outcome);
});
