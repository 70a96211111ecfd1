import { expect, test } from "vitest";
import { sendHeartbeats } from "../../src/commands/heartbeat.ts";
import type { Sink } from "../../src/sinks/sink.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { commitOf, ledgerRow } from "../store/sample.ts";

test("a target is told at intervals what was read and what is waited for, also after one that failed, until the stop", async () => {
  const stop = new AbortController();
  const sent: string[] = [];
  const third = Promise.withResolvers<void>();
  const sink: Sink = {
    name: "pager",
    render: () => "",
    async send(_id, body) {
      if (sent.push(body) === 1) throw new Error("down");
      if (sent.length === 3) third.resolve();
      return await Promise.resolve({ kind: "delivered", status: 200 });
    },
  };
  const store = createMemoryStore();
  store.commit(commitOf({ ledger: new Map([["hub", new Map([["0", ledgerRow(4, { rejected: 1 })]])]]) }));
  store.commit(commitOf({ ledger: new Map([["workspace", new Map([["t", ledgerRow(2)]])]]) }));
  const heartbeats = [
    { target: "pager", seconds: 0.005 },
    { target: "nobody", seconds: 0.005 },
  ];
  const waitingFor = () => ["source hub was not reached yet"];
  const log = createLogger("silent");
  sendHeartbeats({ heartbeats, sinks: [sink], store, waitingFor, now: () => 0, log }, stop.signal);
  await third.promise;
  stop.abort();
  expect(JSON.parse(sent[2] ?? "")).toEqual({
    type: "heartbeat",
    timestamp: "1970-01-01T00:00:00.000Z",
    data: {
      schemaVersion: 1,
      ledger: { records: 7, accepted: 6, duplicate: 0, filtered: 0, rejected: 1 },
      waitingFor: waitingFor(),
    },
  });
});
