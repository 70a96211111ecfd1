/**
 * Counts 200 numbered records into a state, ten a batch: `commit-order.ts STATE ORDER [POINT BATCH]`. ORDER says in which order state
 * and position are made durable; at POINT of batch BATCH it kills itself.
 */
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { bytes, commitOf, ledgerRow } from "../store/sample.ts";

const RECORDS = 200;
const BATCH = 10;
const [, , state = "", order = "atomic", point = "", at = "-1"] = process.argv;
const store = openSqliteStore(state);

let batch = 0;
const reached = (name: string): void => {
  if (name === point && batch === Number(at)) process.kill(process.pid, "SIGKILL");
};

const start = Number(store.load().positions.get("hub")?.get("0") ?? 0);
for (let from = start; from < RECORDS; from += BATCH) {
  batch = from / BATCH;
  const ids = Array.from({ length: BATCH }, (_, i) => String(from + i));
  const positions = new Map([["hub", new Map([["0", String(from + BATCH)]])]]);
  const counted = {
    ledger: new Map([["hub", new Map([["0", ledgerRow(BATCH)]])]]),
    journal: bytes(`${ids.join("\n")}\n`),
    outbox: [{ alertId: `alert-${batch}`, target: "teams", body: "" }],
  };
  reached("before");
  if (order === "atomic") store.commit(commitOf({ positions, ...counted }));
  else {
    const [first, second] =
      order === "state-first"
        ? [commitOf(counted), commitOf({ positions })]
        : [commitOf({ positions }), commitOf(counted)];
    store.commit(first);
    reached("between");
    store.commit(second);
  }
  reached("after");
}
store.close();
