/**
 * `node bench/restart.ts [--principals N] [--times N]`: how long serve takes to end at SIGTERM, and to be ready again, with so many
 * principals in its state; after a peaceful end, and after `kill -9` with the records of the last moments to be replayed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { z } from "zod";
import { quantile } from "./measure.ts";

const { values } = parseArgs({
  options: { principals: { type: "string", default: "200000" }, times: { type: "string", default: "5" } },
});
const principals = Number(values.principals);
const times = Number(values.times);
const MAIN = join(import.meta.dirname, "../src/main.ts");
/** As the launcher starts it; without it between, so that `kill -9` meets serve itself. */
const environment = { NODE_COMPILE_CACHE: join(import.meta.dirname, "../node_modules/.cache/compile"), ...process.env };
const BEGIN_MS = Date.UTC(2026, 2, 2, 8);
const ROUND = 10_000;
const READ_MS = 600_000;

const guid = (text: string): string => hash("md5", text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** An operation of each principal, as Cosmos DB logs it. */
function operation(i: number): string {
  return JSON.stringify({
    time: new Date(BEGIN_MS + i * 20).toISOString(),
    category: "DataPlaneRequests",
    resourceId: "/SUBSCRIPTIONS/1/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.DOCUMENTDB/DATABASEACCOUNTS/ORDERS",
    operationName: "Read",
    properties: {
      activityId: guid(`activity ${i}`),
      statusCode: "200",
      aadPrincipalId: guid(`principal ${i % principals}`),
      authTokenType: "AadToken",
      databaseName: "shop",
      collectionName: `c${i % 7}`,
      requestResourceType: "Document",
      clientIpAddress: `10.0.${i % 250}.1`,
      userAgent: "azsdk-js-cosmos/4.0",
      regionName: "West Europe",
    },
  });
}

/** A file of operations. */
function write(folder: string, from: number, to: number): void {
  const file = join(folder, `operations-${from}.ndjson`);
  for (let at = from; at < to; at += ROUND) {
    const count = Math.min(ROUND, to - at);
    appendFileSync(file, `${Array.from({ length: count }, (_, i) => operation(at + i)).join("\n")}\n`);
  }
}

interface Ready {
  readonly child: ChildProcess;
  readonly address: string;
  readonly ms: number;
}

async function start(config: string): Promise<Ready> {
  const began = performance.now();
  const child = spawn(process.execPath, ["--max-semi-space-size=8", MAIN, "serve", "--config", config], {
    stdio: ["ignore", "ignore", "pipe"],
    env: environment,
  });
  for await (const line of createInterface(child.stderr)) {
    const address = /ready: (http:\/\/\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      child.stderr.resume();
      return { child, address, ms: performance.now() - began };
    }
    process.stderr.write(`serve: ${line}\n`);
  }
  throw new Error("serve ended before it was ready");
}

async function end({ child }: Ready, signal: NodeJS.Signals): Promise<number> {
  const began = performance.now();
  child.kill(signal);
  await once(child, "exit");
  return performance.now() - began;
}

const Report = z.object({ input: z.object({ records: z.number() }) });

async function read({ address }: Ready, records: number): Promise<void> {
  for (const until = performance.now() + READ_MS; performance.now() < until; ) {
    const { input } = Report.parse(await (await fetch(new URL("/api/v1/report", address))).json());
    if (input.records >= records) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`${records} records were not read in ${READ_MS / 1_000} s`);
}

const figures = (ms: readonly number[]): string =>
  `${[0.5, 1].map((share) => (quantile(ms, share) / 1_000).toFixed(2)).join(" s, at most ")} s`;

const scratch = mkdtempSync(join(tmpdir(), "scopetrail-restart-"));
let serve: Ready | undefined;
try {
  const logs = join(scratch, "logs");
  mkdirSync(logs);
  const state = join(scratch, "state.db");
  const config = join(scratch, "scopetrail.json");
  writeFileSync(
    config,
    JSON.stringify({
      sources: [{ type: "files", name: "logs", paths: [logs] }],
      state,
      server: { port: 0 },
      logLevel: "error",
    }),
  );
  write(logs, 0, principals);
  let records = principals;
  serve = await start(config);
  await read(serve, records);
  const ends: number[] = [];
  const starts: number[] = [];
  for (let i = 0; i < times; i++) {
    ends.push(await end(serve, "SIGTERM"));
    serve = await start(config);
    starts.push(serve.ms);
  }
  console.log(`${principals} principals, a state of ${(statSync(state).size / 1e6).toFixed(0)} MB`);
  console.log(`SIGTERM to exit: ${figures(ends)}; ready again: ${figures(starts)}`);
  const killed: number[] = [];
  for (let i = 0; i < times; i++) {
    await end(serve, "SIGTERM");
    write(logs, records, records + ROUND);
    records += ROUND;
    serve = await start(config);
    await read(serve, records);
    await end(serve, "SIGKILL");
    serve = await start(config);
    killed.push(serve.ms);
  }
  console.log(`ready again after kill -9: ${figures(killed)}`);
  process.exitCode = quantile(ends, 1) < 10_000 && quantile([...starts, ...killed], 1) < 2_000 ? 0 : 1;
} finally {
  if (serve !== undefined && serve.child.exitCode === null) await end(serve, "SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
}
