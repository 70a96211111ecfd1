/**
 * Commits for as long as it lives, and prints each number once its commit returned: `commit-loop.ts PATH [COMMITS]`.
 * Commit n stands for n in every part of the state, and for call, decision and access n, so that a torn one shows. A `StoreError` is printed as
 * JSON and ends it.
 */
import { accessFolder, openAccessLog } from "../../src/store/access-log.ts";
import { callsFolder, openCallLog } from "../../src/store/call-log.ts";
import { openDecisionLog } from "../../src/store/decision-log.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import {
  commitLoop,
  decisionsFile,
  loopAccess,
  loopCall,
  loopDecision,
  numberIn,
  snapshotOf,
  stagedBefore,
} from "./loop-commit.ts";

const [, , path = "", limit = "1e9"] = process.argv;
try {
  const store = openSqliteStore(path);
  const calls = openCallLog(callsFolder(path), Number.MAX_SAFE_INTEGER);
  const decisions = openDecisionLog(decisionsFile(path));
  const accesses = openAccessLog(accessFolder(path));
  const start = numberIn(store);
  const inSnapshot = snapshotOf(store);
  calls.begin(inSnapshot);
  for (let n = inSnapshot + 1; n <= start; n++) calls.add(loopCall(n));
  for (let n = start + 1; n <= start + Number(limit); n++) {
    if (stagedBefore(n, start + 1).some(({ isFirst }) => isFirst)) await calls.flush();
    calls.add(loopCall(n));
    commitLoop(store, n, start + 1);
    if (snapshotOf(store) > inSnapshot && n % 16 === 0) {
      await calls.settle();
      store.tidy();
      store.tidy();
    }
    decisions.add(loopDecision(n));
    accesses.add(loopAccess(n));
    process.stdout.write(`${n}\n`);
  }
  store.close();
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  process.stdout.write(`${JSON.stringify({ kind: error.kind, message: error.message })}\n`);
}
