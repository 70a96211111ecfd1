import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { z } from "zod";
import { generate } from "../../src/simulate/generate.ts";
import { startEventHubsChild } from "../emulators/event-hubs-child.ts";
import { type Counts, reportWhen, startServe } from "../live/serving.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRuns, faultSeed } from "./runs.ts";

const SECRET = "whsec_c2NvcGV0cmFpbC10ZXN0LXNlY3JldC0wMDAwMDE=";
const LINES_PER_EVENT = 100;
const JUMPING = join(import.meta.dirname, "jumping-clock.ts");

interface Told {
  readonly id: string;
  readonly finding: string;
  readonly isResolved: boolean;
}

interface Pager extends AsyncDisposable {
  readonly url: string;
  /** Alerts that were taken, in their order. */
  readonly taken: readonly Told[];
  /** Resolves once it fits. */
  until(fits: (taken: readonly Told[]) => boolean): Promise<void>;
}

const Body = z.object({ type: z.string(), data: z.object({ id: z.string() }) });

/** A receiver that takes its first alert at the second attempt only. */
async function startPager(): Promise<Pager> {
  const taken: Told[] = [];
  const waiting = new Set<() => void>();
  let attempts = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    attempts += 1;
    response.writeHead(attempts === 1 ? 503 : 204).end();
    if (attempts === 1) return;
    const { type, data } = Body.parse(JSON.parse(body));
    taken.push({
      id: String(request.headers["webhook-id"]),
      finding: data.id,
      isResolved: type === "finding.resolved",
    });
    for (const look of waiting) look();
  };
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    taken,
    until: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (fits(taken)) resolve();
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Report {
  readonly input: Counts;
  readonly findings: readonly { readonly id: string; readonly kind: string; readonly status: string }[];
}

/** Whether the last that was told of each is how it stands. */
const isAllTold = ({ findings }: Report, taken: readonly Told[]): boolean => {
  const last = new Map(taken.map(({ finding, isResolved }) => [finding, isResolved]));
  const refusals = findings.filter(({ kind }) => kind === "intermittent-refusal");
  return refusals.every(({ id, status }) => last.get(id) === (status === "resolved"));
};

test("a clock that is set again and again changes no count and no finding, and each alert comes once", {
  timeout: 30_000 + 40_000 * faultRuns(1),
}, async () => {
  const seed = faultSeed();
  console.info(`FAULT_SEED=${seed}`);
  await using folder = await temporaryFolder();
  const { records } = generate({ seed: 5, scenario: "mixed", hours: 2, from: Date.now() - 3 * 3_600_000 });
  const feed = join(folder.path, "feed.ndjson");
  await writeFile(feed, records.map(({ record }) => JSON.stringify(record)).join("\n"));
  const events = Math.ceil(records.length / LINES_PER_EVENT);
  const isWhole = ({ input }: Report): boolean => input.records >= records.length;

  for (let run = 0; run < faultRuns(1); run++) {
    await using pager = await startPager();
    await using hub = await startEventHubsChild("logs", 1);
    const options = (name: string) => ({
      folder: folder.path,
      name,
      environment: { HUB: hub.connectionString },
      config: `sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\nstate: ${join(folder.path, `${name}.db`)}\n`,
    });
    const { config, environment, ...rest } = options(`jumping-${run}`);
    await using jumping = await startServe({
      ...rest,
      config: `${config}targets: [{ type: webhook, name: pager, url: "env:HOOK", allowPrivate: true, secrets: ["env:SECRET"] }]\n`,
      environment: {
        ...environment,
        HOOK: pager.url,
        SECRET,
        NODE_OPTIONS: `--import=${JUMPING}`,
        JUMP_SEED: String(seed + run),
      },
    });
    await hub.ask({ do: "feed", file: feed, linesPerEvent: LINES_PER_EVENT, eventsPerSecond: events / 4 });
    const report = await reportWhen(jumping.address, isWhole);
    await pager.until((taken) => isAllTold(report, taken));
    await jumping.hear(/clock was set/);
    expect(await jumping.stop()).toBe(0);
    await using steady = await startServe(options(`steady-${run}`));
    expect(report).toEqual(await reportWhen(steady.address, isWhole));
    await steady.stop();
    await hub.stop();
    expect(report.findings.length).toBeGreaterThan(0);
    expect(pager.taken.length).toBeGreaterThan(1);
    expect(new Set(pager.taken.map(({ id }) => id)).size).toBe(pager.taken.length);
    const jumps = jumping.said.filter((line) => line.includes("clock was set")).length;
    console.info(
      `${jumps} jumps were noticed: ${report.input.records} records, ${pager.taken.length} alerts, none lost, none twice`,
    );
  }
});
