/**
 * Commits for as long as it lives, and prints each number once its commit returned: `commit-loop.ts PATH`.
 * Commit n stands for n in every part of the state, so that a torn one shows. A `StoreError` is printed as JSON and ends it.
 */
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { StoreError } from "../../src/store/store-error.ts";
import { loopCommit, numberIn } from "./loop-commit.ts";

const [, , path = "", limit = "1e9"] = process.argv;
try {
  const store = openSqliteStore(path);
  const start = numberIn(store);
  for (let n = start + 1; n <= start + Number(limit); n++) {
    store.commit(loopCommit(n));
    process.stdout.write(`${n}\n`);
  }
  store.close();
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  process.stdout.write(`${JSON.stringify({ kind: error.kind, message: error.message })}\n`);
}
