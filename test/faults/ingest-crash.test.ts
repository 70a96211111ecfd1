import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { startEventHubsChild } from "../emulators/event-hubs-child.ts";
import { textOf } from "../store/sample.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRandom, faultRuns } from "./runs.ts";
import { endWithTest } from "../end-with-test.ts";

const SCRIPT = join(import.meta.dirname, "ingest.ts");
const RECORDS_PER_RUN = 2_000;
const LINES_PER_EVENT = 5;

interface Committed {
  readonly ids: readonly string[];
  readonly records: number;
}

function committedIn(path: string): Committed {
  const store = openSqliteStore(path, { identity: "hub logs" });
  const ids = store.load().journal.flatMap((chunk) => textOf(chunk)?.trimEnd().split("\n") ?? []);
  const records = [...(store.ledger().get("hub")?.values() ?? [])].reduce((sum, row) => sum + row.records, 0);
  store.close();
  return { ids, records };
}

test("a reader of a hub that is killed again and again commits each record once", async () => {
  const random = faultRandom();
  const runs = faultRuns(3);
  const total = runs * RECORDS_PER_RUN;
  await using folder = await temporaryFolder();
  const state = join(folder.path, "state.db");
  const feed = join(folder.path, "feed.ndjson");
  await writeFile(
    feed,
    Array.from({ length: total }, (_, i) => JSON.stringify({ category: "GatewayLogs", id: `r${i}` })).join("\n"),
  );
  await using hub = await startEventHubsChild("logs", 3);
  const fed = hub.ask({ do: "feed", file: feed, linesPerEvent: LINES_PER_EVENT, eventsPerSecond: 800 });

  for (let run = 0; run < runs; run++) {
    const reader = endWithTest(
      spawn(process.execPath, [SCRIPT, state, hub.connectionString], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    await once(reader.stdout, "data");
    await sleep(random() * 200);
    if (random() < 0.5) await hub.ask({ do: "drop" });
    await sleep(random() * 200);
    reader.kill("SIGKILL");
    await once(reader, "exit");
    const { ids, records } = committedIn(state);
    expect(new Set(ids).size).toBe(ids.length);
    expect(records).toBe(ids.length);
  }

  expect(await fed).toMatchObject({ records: total });
  const last = endWithTest(
    spawn(process.execPath, [SCRIPT, state, hub.connectionString], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const missing = total - committedIn(state).ids.length;
  let output = "";
  for await (const chunk of last.stdout) {
    output += String(chunk);
    if (Number(output.trimEnd().split("\n").at(-1)) >= missing) break;
  }
  last.kill("SIGKILL");
  await hub.stop();
  const { ids, records } = committedIn(state);
  expect(records).toBe(total);
  expect(ids.length).toBe(total);
  expect(new Set(ids).size).toBe(total);
}, 600_000);
