/**
 * `node bench/first-paint.ts [--calls N] [--runs N]`: how soon pages are painted by Chromium on loopback, with so many calls
 * in store, and how long requests wait while `serve` reads them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { z } from "zod";
import { corpusOf } from "./corpus.ts";
import { BASE, type Fault } from "./corpus/spec.ts";
import { quantile } from "./measure.ts";

const { values } = parseArgs({
  options: { calls: { type: "string", default: "1000000" }, runs: { type: "string", default: "15" } },
});
const CALLS = Number(values.calls);
const RUNS = Number(values.runs);
const CHROMIUM = "/usr/bin/chromium";
const ASK_MS = 100;

const seconds = CALLS / BASE.callsPerSecond;
const faults: readonly Fault[] = Array.from({ length: 6 }, (_, i) => ({
  at: Math.round((seconds * (i + 3)) / 10),
  seconds: Math.round(seconds / 30),
  api: 5 + 3 * i,
  share: 0.6,
  source: "validate-jwt",
  reason: ["TokenSignatureKeyNotFound", "TokenAudienceNotAllowed", "TokenIssuerNotAllowed"][i % 3] ?? "",
  status: 401,
}));

const Findings = z.object({
  items: z.array(z.object({ id: z.string(), samples: z.object({ refused: z.array(z.string()) }) })),
});
const Report = z.object({ correlation: z.object({ calls: z.number() }) });

interface Waits {
  readonly path: string;
  readonly ms: number[];
}

/** Asks again and again until told to stop. */
async function askAlways(address: string, path: string, signal: AbortSignal): Promise<Waits> {
  const ms: number[] = [];
  while (!signal.aborted) {
    const began = performance.now();
    const response = await fetch(new URL(path, address));
    await response.arrayBuffer();
    ms.push(performance.now() - began);
    await sleep(ASK_MS);
  }
  return { path, ms };
}

const figures = (ms: readonly number[]): string =>
  [0.5, 0.95, 1].map((share) => quantile(ms, share).toFixed(0)).join(" | ");

async function firstPaint(browser: Browser, url: URL): Promise<number> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url.href, { waitUntil: "load" });
  const painted = z
    .number()
    .parse(
      await page.evaluate(
        `new Promise((resolve) => new PerformanceObserver((list) => { for (const { name, startTime } of list.getEntries()) if (name === "first-contentful-paint") resolve(startTime); }).observe({ type: "paint", buffered: true }))`,
      ),
    );
  await context.close();
  return painted;
}

async function paint(address: string): Promise<void> {
  const { items } = Findings.parse(await (await fetch(new URL("/api/v1/findings", address))).json());
  const [finding] = items;
  const call = finding?.samples.refused[0];
  const paths = [
    "/",
    "/failures",
    ...(finding === undefined ? [] : [`/failures/${finding.id}`]),
    "/calls",
    ...(call === undefined ? [] : [`/calls/${call}`]),
    "/principals",
    "/exports",
    "/health",
  ];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox"] });
  try {
    console.log("\n| first contentful paint, ms | median | 95 % | most |\n| --- | --: | --: | --: |");
    for (const path of paths) {
      const ms: number[] = [];
      for (let run = 0; run < RUNS; run++) ms.push(await firstPaint(browser, new URL(path, address)));
      console.log(`| \`${path.replace(/[\da-f-]{36}|F-\w+/, ":id")}\` | ${figures(ms)} |`);
    }
  } finally {
    await browser.close();
  }
}

async function ready(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error("serve has no standard error");
  for await (const line of createInterface(child.stderr)) {
    const address = /ready: (http:\/\/\S+)/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error("serve ended before it was ready");
}

const corpus = await corpusOf({ ...BASE, calls: CALLS, faults }, ["mixed"]);
const folder = mkdtempSync(join(tmpdir(), "scopetrail-paint-"));
const config = join(folder, "scopetrail.json");
writeFileSync(
  config,
  JSON.stringify({
    sources: [{ type: "files", name: "bench", paths: [corpus.path("mixed")] }],
    state: join(folder, "state.db"),
    server: { port: 0 },
    logLevel: "error",
  }),
);
const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts"), "serve", "--config", config], {
  stdio: ["ignore", "ignore", "pipe"],
});
const exited = once(child, "exit");
try {
  const address = await ready(child);
  const began = performance.now();
  const read = new AbortController();
  const asking = ["/livez", "/", "/api/v1/report"].map((path) => askAlways(address, path, read.signal));
  let calls = 0;
  for (let still = 0; still < 3; ) {
    await sleep(1_000);
    const now = Report.parse(await (await fetch(new URL("/api/v1/report", address))).json()).correlation.calls;
    still = now > 0 && now === calls ? still + 1 : 0;
    calls = now;
  }
  read.abort();
  console.log(`${calls} calls in store after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  console.log("\n| answered while reading, ms | median | 95 % | most |\n| --- | --: | --: | --: |");
  for (const { path, ms } of await Promise.all(asking)) console.log(`| \`${path}\` | ${figures(ms)} |`);
  await paint(address);
} finally {
  child.kill("SIGTERM");
  await exited;
  rmSync(folder, { recursive: true, force: true });
}
