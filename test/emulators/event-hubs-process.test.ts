import { join } from "node:path";
import { expect, test } from "vitest";
import { eventHubsSource } from "../../src/sources/event-hubs.ts";
import { readRecords } from "../contract/source.contract.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { startEventHubsChild } from "./event-hubs-child.ts";

test("feeds a file to what reads it, through dropped sockets and an absence", async () => {
  const lines = Array.from({ length: 500 }, (_, i) => JSON.stringify({ category: "GatewayLogs", id: `r${i}` }));
  await using folder = await temporaryFolder({ "logs.ndjson": lines.join("\n") });
  await using child = await startEventHubsChild("logs", 2);
  const source = eventHubsSource({
    name: "hub",
    connection: { kind: "connection-string", connectionString: child.connectionString },
    idleSeconds: 0.1,
    retry: { maxRetries: 5, retryDelayInMs: 20, maxRetryDelayInMs: 100 },
  });
  const reading = readRecords(source, { from: new Map(), count: 500, toTheEnd: false });
  const fed = child.ask({
    do: "feed",
    file: join(folder.path, "logs.ndjson"),
    linesPerEvent: 10,
    gzip: true,
    eventsPerSecond: 100,
  });
  expect(await child.ask({ do: "drop" })).toMatchObject({ did: "drop" });
  await child.ask({ do: "away", ms: 50 });
  expect(await fed).toMatchObject({ events: 50, records: 500 });
  const ids = (await reading).flatMap((batch) => batch.records.map((record) => record.value["id"]));
  expect(new Set(ids)).toEqual(new Set(lines.map((_, i) => `r${i}`)));
  expect(ids).toHaveLength(500);
  expect(await child.ask({ do: "state" })).toMatchObject({ partitions: [{ lastSequence: 24 }, { lastSequence: 24 }] });
  await child.stop();
});
