import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { generate } from "../../src/simulate/generate.ts";
import { readSegments } from "../../src/store/segment-folder.ts";
import { startEventHubsChild } from "../emulators/event-hubs-child.ts";
import { type ServeOptions, startServe } from "../live/serving.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRandom, faultRuns } from "./runs.ts";

const LINES_PER_EVENT = 100;
const LATENESS_S = 3_600;

/** Each request over a connection of its own: one that was kept may be closed by the other end just as it is used again. */
const ALONE = { headers: { connection: "close" } };

interface Report {
  readonly input: { readonly records: number };
  readonly findings: readonly { readonly id: string }[];
}

/** The report once all records are counted and the findings stand up to a time: looked at after each change that the dashboard is told of. */
async function reportAt(address: string, records: number, time: number): Promise<Report> {
  const gone = new AbortController();
  const read = async <T>(path: string): Promise<T> => (await (await fetch(new URL(path, address), ALONE)).json()) as T;
  const stream = await fetch(new URL("/api/v1/stream", address), { signal: gone.signal });
  try {
    for await (const _chunk of stream.body ?? []) {
      const { watermark } = await read<{ watermark?: string | null }>("/readyz");
      // From before a stop, it can be there while other partitions are still to be read to their ends.
      if (typeof watermark !== "string" || Date.parse(watermark) < time) continue;
      const report = await read<Report>("/api/v1/report");
      if (report.input.records >= records) return report;
    }
  } finally {
    gone.abort();
  }
  throw new Error("the stream ended");
}

/**
 * Events go by a thousand times faster than the clock. What one log alone tells ahead of the others is in order as long as partitions
 * are apart by less than 15 s of it, a moment of ours: while several are fed, that is a matter of how processes take turns. So one
 * is fed while `serve` reads it, or several while none does.
 */
test.each([
  { hub: "a partition that is fed meanwhile", partitions: 1 },
  { hub: "three partitions that are fed in between", partitions: 3 },
] as const)(
  "serve that is killed again and again while it reads $hub ends with the counts and findings of one that was not",
  {
    timeout: 120_000 + 20_000 * faultRuns(3),
  },
  async ({ partitions }) => {
    const isFedMeanwhile = partitions === 1;
    const random = faultRandom();
    const runs = faultRuns(3);
    await using folder = await temporaryFolder();
    const { records } = generate({ seed: 1, scenario: "mixed", hours: 5, from: Date.now() - 6 * 3_600_000 });
    const newest = records.at(-1)?.at ?? 0;
    const settled = Math.floor(records.findLast(({ at }) => at <= newest - LATENESS_S * 1_000)?.at ?? 0);
    await using hub = await startEventHubsChild("logs", partitions);
    const options = (name: string): ServeOptions => ({
      folder: folder.path,
      name,
      environment: { HUB: hub.connectionString },
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${join(folder.path, `${name}.db`)}\nlateness: ${LATENESS_S}\n`,
    });
    const feed = async (from: number, to: number, eventsPerSecond?: number): Promise<void> => {
      const file = join(folder.path, `${from}.ndjson`);
      const lines = records.slice(from, to).map(({ record }) => JSON.stringify(record));
      await writeFile(file, lines.join("\n"));
      await hub.ask({ do: "feed", file, linesPerEvent: LINES_PER_EVENT, ...(eventsPerSecond && { eventsPerSecond }) });
    };
    const events = Math.ceil(records.length / LINES_PER_EVENT);
    const all = isFedMeanwhile ? feed(0, records.length, events / (8 + 2.5 * runs)) : Promise.resolve();
    const part = (run: number): number => Math.floor((records.length * run) / (runs + 1));

    for (let run = 0; run < runs; run++) {
      if (!isFedMeanwhile) await feed(part(run), part(run + 1));
      await using serving = await startServe(options("killed"));
      await sleep((isFedMeanwhile ? 500 : 0) + random() * 1_500);
      await serving.stop("SIGKILL");
    }
    await all;
    if (!isFedMeanwhile) await feed(part(runs), records.length);
    await using last = await startServe(options("killed"));
    const interrupted = await reportAt(last.address, records.length, settled);
    const asked = closedIds(records, settled - JOIN_MS);
    const callsAfterKills = await callsOf(last.address, asked);
    await last.stop();

    await using whole = await startServe(options("whole"));
    const uninterrupted = await reportAt(whole.address, records.length, settled);
    const calls = await callsOf(whole.address, asked);
    await whole.stop();
    await hub.stop();
    expect(interrupted.input).toEqual(uninterrupted.input);
    expect(interrupted.input.records).toBe(records.length);
    expect(uninterrupted.findings.length).toBeGreaterThan(0);
    expect(interrupted).toEqual(uninterrupted);
    const [some, every] = ["killed", "whole"].map((name) => keptIds(join(folder.path, `${name}.db.calls`)));
    expect(calls.map((found) => found.length)).toEqual(asked.map(() => 1));
    expect(callsAfterKills).toEqual(calls);
    // How many are in segments already is a matter of when the last snapshot was due; the others are in the journal.
    const common = Math.min(some?.length ?? 0, every?.length ?? 0);
    expect(some?.slice(0, common)).toEqual(every?.slice(0, common));
  },
);

const ASKED = 200;
/** Of calls that are closed by then, twice over. */
const JOIN_MS = 120_000;

/** Ids of gateway requests up to a time, evenly over all of them. */
function closedIds(records: ReturnType<typeof generate>["records"], until: number): readonly string[] {
  const ids = records.flatMap(({ at, record }) => {
    const id = record["category"] === "GatewayLogs" && at <= until ? record["correlationId"] : undefined;
    return typeof id === "string" ? [id] : [];
  });
  const distinct = [...new Set(ids)];
  return distinct.filter((_, i) => i % Math.ceil(distinct.length / ASKED) === 0);
}

/** The kept calls of each id. */
async function callsOf(address: string, ids: readonly string[]): Promise<readonly (readonly unknown[])[]> {
  const found: (readonly unknown[])[] = [];
  for (const id of ids) {
    const answer = await fetch(new URL(`/api/v1/calls/${encodeURIComponent(id)}`, address), ALONE);
    const { items = [] } = (await answer.json()) as { readonly items?: readonly unknown[] };
    found.push(items);
  }
  return found;
}

/** Ids of the calls that were kept, in the order of their closing; nothing is missing in between. */
function keptIds(folder: string): (string | undefined)[] {
  const damages: string[] = [];
  const calls = [...readSegments(folder, {}, ({ says }) => damages.push(says))].flat();
  expect(damages).toEqual([]);
  return calls.map(({ ids }) => ids[0]);
}
