/** Reads a hub into a state file for as long as it lives: `ingest.ts STATE CONNECTION`. Prints the records committed so far. */
import { eventHubsSource } from "../../src/sources/event-hubs.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { bytes, commitOf, ledgerRow } from "../store/sample.ts";

const [, , state = "", connectionString = ""] = process.argv;
const store = openSqliteStore(state, { identity: "hub logs" });
const source = eventHubsSource({
  name: "hub",
  connection: { kind: "connection-string", connectionString },
  idleSeconds: 0.1,
  retry: { maxRetries: 8, retryDelayInMs: 20, maxRetryDelayInMs: 200 },
});
let records = 0;
for await (const batch of source.read(store.load().positions.get("hub") ?? new Map(), new AbortController().signal)) {
  const ids = batch.records.map((record) => String(record.value["id"]));
  store.commit(
    commitOf({
      positions: new Map([["hub", new Map([[batch.partition, batch.checkpoint]])]]),
      ledger: new Map([
        ["hub", new Map([[batch.partition, ledgerRow(ids.length, { rejected: batch.rejects.length })]])],
      ]),
      journal: bytes(ids.length === 0 ? "" : `${ids.join("\n")}\n`),
    }),
  );
  records += ids.length;
  process.stdout.write(`${records}\n`);
}
