/**
 * `npm run soak [-- --rate N --minutes N --mb N]`: serve reads a hub at a steady rate for long, with so much memory. Prints how
 * memory and lag move over the second half, and whether every record is counted once. `-- --simulated --minutes 60`: what the
 * analysis alone remembers, in event time, faster than the clock.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Corpus, corpusOf, removeCorpus } from "./corpus.ts";
import { readBodies } from "./live/bodies.ts";
import { startHub, startServe, steadySpec } from "./live/processes.ts";
import { lagsOf, watchServe } from "./live/watch.ts";
import { quantile } from "./measure.ts";
import { simulate } from "./soak-simulated.ts";

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "5000" },
    minutes: { type: "string", default: "10" },
    mb: { type: "string", default: "512" },
    simulated: { type: "boolean", default: false },
  },
});
const rate = Number(values.rate);
const seconds = 60 * Number(values.minutes);
const limitMb = Number(values.mb);
const RECORDS_PER_EVENT = 100;
/** Records of a corpus that are made in a second, at least. */
const MADE_PER_SECOND = 15_000;
const DRAIN_MS = 60_000;
const SAMPLE_MS = 1_000;
const LOOK_MS = 500;
/** What a heap may have of the memory: buffers and code lie beside it. */
const HEAP_SHARE = 0.45;

/** Growth a minute that is taken for none. */
const FLAT_MB = 0.5;

const Input = z.object({
  records: z.number(),
  accepted: z.number(),
  duplicate: z.number(),
  filtered: z.number(),
  rejected: z.number(),
});
const Report = z.object({ input: Input });

/** Least squares; how much `y` grows while `x` grows by one. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (place: 0 | 1): number => points.reduce((sum, point) => sum + point[place], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const over = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return over / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

const half = <T>(all: readonly T[]): readonly T[] => all.slice(Math.floor(all.length / 2));

function soakSimulated(): void {
  const minutes = Number(values.minutes);
  const alive: (readonly [minute: number, mb: number])[] = [];
  simulate(rate, minutes, ({ minute, objects, tables }) => {
    console.log(`minute ${minute}: ${objects.toFixed(0)} MB of objects, ${tables.toFixed(0)} MB of tables`);
    alive.push([minute, objects + tables]);
  });
  const slope = slopeOf(half(alive));
  console.log(`over the second half ${slope.toFixed(2)} MB a minute`);
  process.exitCode = slope <= FLAT_MB ? 0 : 1;
}

async function soak(): Promise<void> {
  // Their times are those of the clock when they are sent: how long logs take is measured, as of real ones.
  const beginMs = Date.now() + (1_000 * rate * seconds) / MADE_PER_SECOND;
  const corpus = await corpusOf(steadySpec(rate, seconds, beginMs), ["bodies"]);
  try {
    await soakWith(corpus, beginMs);
  } finally {
    removeCorpus(corpus);
  }
}

async function soakWith(corpus: Corpus, beginMs: number): Promise<void> {
  const bodies = await readBodies(corpus.path("bodies"));
  await using stack = new AsyncDisposableStack();
  const hub = stack.adopt(await startHub(corpus.path("bodies"), rate / RECORDS_PER_EVENT), (it) => it.stop());
  const flags = [`--max-old-space-size=${Math.floor(HEAP_SHARE * limitMb)}`];
  const serve = stack.adopt(await startServe(hub.connectionString, flags), (it) => it.stop());
  const watch = stack.adopt(watchServe(serve.address, LOOK_MS), (it) => it.stop());
  await sleep(Math.max(0, beginMs - Date.now()));
  const memory: (readonly [minute: number, mb: number])[] = [];
  const began = performance.now();
  const sampling = setInterval(() => memory.push([(performance.now() - began) / 60_000, serve.usage().mb]), SAMPLE_MS);
  const sentMs = await hub.send();
  clearInterval(sampling);
  const { cpuSeconds, peakMb } = serve.usage();
  const end = performance.now() + DRAIN_MS;
  while ((watch.looks.at(-1)?.records ?? 0) < corpus.records && performance.now() < end) await sleep(100);
  const { input } = Report.parse(await (await fetch(`${serve.address}/api/v1/report`)).json());
  const lags = lagsOf(watch.looks, sentMs, bodies.recordsUntil);
  const minutesOf = (i: number): number => ((sentMs[i] ?? 0) - (sentMs[0] ?? 0)) / 60_000;
  const took = ((sentMs.at(-1) ?? 0) - (sentMs[0] ?? 0)) / 1_000;
  const isConserved =
    input.records === corpus.records &&
    input.records === input.accepted + input.duplicate + input.filtered + input.rejected &&
    input.duplicate === 0 &&
    input.rejected === 0;
  console.log(`${corpus.records} records in ${took.toFixed(0)} s: ${(corpus.records / took).toFixed(0)} a second`);
  console.log(`CPU: ${(cpuSeconds / took).toFixed(2)} of a core`);
  console.log(
    `memory: at most ${peakMb.toFixed(0)} MB of ${limitMb}; over the second half ${slopeOf(half(memory)).toFixed(2)} MB a minute`,
  );
  console.log(
    `lag to the commit: ${quantile(lags, 0.5).toFixed(0)} ms, 99 % ${quantile(lags, 0.99).toFixed(0)} ms; over the second half ${slopeOf(half(lags.map((ms, i) => [minutesOf(i), ms] as const))).toFixed(1)} ms a minute`,
  );
  console.log(
    `${input.records} of ${corpus.records} counted: ${input.accepted} accepted, ${input.duplicate} duplicate, ${input.filtered} filtered, ${input.rejected} rejected: ${isConserved ? "each once" : "NOT each once"}`,
  );
  process.exitCode = isConserved && peakMb <= limitMb ? 0 : 1;
}

if (values.simulated) soakSimulated();
else await soak();
