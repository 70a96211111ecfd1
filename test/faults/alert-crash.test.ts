import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { z } from "zod";
import { generate } from "../../src/simulate/generate.ts";
import { readyServe, type Serving, spawnServe } from "../live/serving.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { faultRandom, faultRuns } from "./runs.ts";

const SECRET = "whsec_c2NvcGV0cmFpbC10ZXN0LXNlY3JldC0wMDAwMDE=";

const Body = z.object({ type: z.string(), data: z.object({ id: z.string() }) });
const Report = z.object({ findings: z.array(z.object({ id: z.string(), kind: z.string(), status: z.string() })) });

interface Received {
  readonly id: string;
  readonly body: string;
}

interface Pager {
  readonly received: readonly Received[];
  readonly url: string;
  /** Resolves with the next alert. */
  next(): Promise<void>;
}

/** A receiver that checks signatures and kills whoever tells it of an alert, before or after it has answered. */
async function startPager(
  killed: () => "before" | "after" | undefined,
  kill: () => Promise<void>,
): Promise<Pager & AsyncDisposable> {
  const received: Received[] = [];
  const arrived: (() => void)[] = [];
  const take = async (request: IncomingMessage): Promise<void> => {
    const body = await text(request);
    const header = (name: string): string => String(request.headers[name]);
    new Webhook(SECRET).verify(body, {
      "webhook-id": header("webhook-id"),
      "webhook-timestamp": header("webhook-timestamp"),
      "webhook-signature": header("webhook-signature"),
    });
    received.push({ id: header("webhook-id"), body });
    arrived.shift()?.();
  };
  const server = createServer((request, response) => {
    void (async () => {
      const when = killed();
      await take(request);
      if (when === "before") return kill();
      response.writeHead(204).end();
      if (when === "after") await kill();
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    received,
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/hook`,
    next: () => new Promise<void>((resolve) => arrived.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** By finding, what was told of it last. */
const told = (received: readonly Received[]): ReadonlyMap<string, string> =>
  new Map(
    received.map(({ body }) => {
      const { type, data } = Body.parse(JSON.parse(body));
      return [data.id, type === "finding.resolved" ? "resolved" : "open"];
    }),
  );

const KILLS = 4;

/** Resolves once everything that the report holds was told, and nothing is different by now. */
async function allTold(address: string, pager: Pager): Promise<void> {
  for (;;) {
    const next = pager.next();
    const report = Report.parse(await (await fetch(new URL("/api/v1/report", address))).json());
    const refusals = report.findings.filter(({ kind }) => kind === "intermittent-refusal");
    const last = told(pager.received);
    if (refusals.length > 0 && refusals.every(({ id, status }) => last.get(id) === status)) return;
    await next;
  }
}

test("serve that is killed in the middle of telling tells all of it, and only what it was killed at a second time", {
  timeout: 60_000 + 60_000 * faultRuns(1),
}, async () => {
  const random = faultRandom();
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "logs"));
  const { records } = generate({ seed: 2, scenario: "mixed", hours: 3, from: Date.now() - 4 * 3_600_000 });
  const lines = records.map(({ record }) => JSON.stringify(record)).join("\n");
  await writeFile(join(folder.path, "logs", "feed.ndjson"), lines);

  for (let run = 0; run < faultRuns(1); run++) {
    let kills = 0;
    let serving: Serving | undefined;
    await using pager = await startPager(
      () => {
        // Some are told in peace.
        if (kills === KILLS || (kills > 0 && random() < 0.3)) return undefined;
        kills += 1;
        return random() < 0.5 ? "before" : "after";
      },
      async () => void (await serving?.stop("SIGKILL")),
    );
    const config = `sources: [{ type: files, name: corpus, paths: ["${join(folder.path, "logs")}"] }]
state: ${join(folder.path, `${run}.db`)}
targets: [{ type: webhook, name: pager, url: "env:HOOK", allowPrivate: true, secrets: ["env:SECRET"] }]
`;
    for (let isTold = false; !isTold; ) {
      // Known before it is ready: it may tell, and be killed, sooner.
      serving = await spawnServe({ config, folder: folder.path, environment: { HOOK: pager.url, SECRET } });
      const killed = once(serving.child, "exit").then(() => false);
      // Killed, it cannot be asked any more.
      const whole = readyServe(serving)
        .then(({ address }) => allTold(address, pager))
        .then(
          () => true,
          () => killed,
        );
      isTold = await Promise.race([killed, whole]);
    }
    await serving?.stop();
    const byId = Map.groupBy(pager.received, ({ id }) => id);
    expect([...byId.values()].filter((same) => new Set(same.map(({ body }) => body)).size > 1)).toEqual([]);
    expect(pager.received.length - byId.size).toBeLessThanOrEqual(kills);
    expect(kills).toBeGreaterThan(0);
  }
});
