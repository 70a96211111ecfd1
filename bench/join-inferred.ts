/**
 * How sure joins without an id are, and how right: `npm run score:join -- [--seeds 4] [--from 50001] [--hours 1]
 * [--rates 0.2,1,5,20]`. Corpora lose their ids, once as they are and once with a gateway that logs one call of ten; truth
 * are the exact joins of the same corpora with their ids. Pairs from 0.5 up are weighed, those from 0.9 up are what is told.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzePaths } from "../src/commands/analyze-paths.ts";
import type { CallRow } from "../src/correlate/call-row.ts";
import { idAt } from "../src/correlate/row-event.ts";
import * as row from "../src/model/event-table.ts";
import { writeCorpus } from "../src/simulate/corpus.ts";
import { degrade, type Lack, ownActivityId } from "../src/simulate/degrade.ts";
import { type Corpus, generate } from "../src/simulate/generate.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "4" },
    from: { type: "string", default: "50001" },
    hours: { type: "string", default: "1" },
    rates: { type: "string", default: "0.2,1,5,20" },
  },
});

const TOLD = 0.9;

interface Judged {
  readonly probability: number;
  readonly isRight: boolean;
}

interface Outcome {
  readonly judged: readonly Judged[];
  /** Calls to Cosmos DB that have an operation. */
  readonly possible: number;
}

async function analyze(corpus: Corpus, lack: Lack, onCall: (call: CallRow) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-join-"));
  try {
    writeCorpus(folder, corpus, lack);
    await analyzePaths([join(folder, "logs")], { seed: 1, joinProbability: 0.5, onCall });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function judge(corpus: Corpus): Promise<Outcome> {
  const owners = new Map<string, string>();
  const judged: Judged[] = [];
  let possible = 0;
  await analyze(corpus, "nothing", ({ table, gateway, operations, match }) => {
    if (match !== "exact") return;
    if (((table.words[row.WORDS * gateway + row.TRAITS] ?? 0) & row.COSMOS_BACKEND) !== 0) possible += 1;
    for (const place of operations) owners.set(ownActivityId(idAt(table, place)), idAt(table, gateway));
  });
  await analyze(corpus, "join", ({ table, gateway, operations, inference }) => {
    if (inference === undefined) return;
    const isRight = owners.get(idAt(table, operations[0] ?? -1)) === idAt(table, gateway);
    judged.push({ probability: inference.probability, isRight });
  });
  return { judged, possible };
}

const EDGES = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01];

const shareRight = (judged: readonly Judged[]): number =>
  judged.filter(({ isRight }) => isRight).length / judged.length;
const meanOf = (judged: readonly Judged[]): number =>
  judged.reduce((sum, { probability }) => sum + probability, 0) / judged.length;

const binsOf = (judged: readonly Judged[]): readonly (readonly Judged[])[] =>
  EDGES.slice(1)
    .map((to, i) => judged.filter(({ probability }) => probability >= (EDGES[i] ?? 0) && probability < to))
    .filter(({ length }) => length > 0);

/** Mean distance between probability and share of right pairs, over bins. */
const calibrationError = (judged: readonly Judged[]): number =>
  binsOf(judged).reduce((sum, bin) => sum + bin.length * Math.abs(meanOf(bin) - shareRight(bin)), 0) / judged.length;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function report(name: string, { judged, possible }: Outcome): void {
  const told = judged.filter(({ probability }) => probability >= TOLD);
  const right = told.filter(({ isRight }) => isRight).length;
  say(
    `${name}: ${told.length} told of ${possible} possible: recall ${(right / possible).toFixed(3)}, precision ${shareRight(told).toFixed(4)}, mean probability ${meanOf(told).toFixed(4)}`,
  );
  say(
    `  calibration error: told ${calibrationError(told).toFixed(4)}, from 0.5 up ${calibrationError(judged).toFixed(4)}`,
  );
  for (const bin of binsOf(judged))
    say(
      `  from ${Math.max(...EDGES.filter((edge) => edge <= (bin[0]?.probability ?? 0))).toFixed(2)}: ${String(bin.length).padStart(6)} pairs, mean ${meanOf(bin).toFixed(4)}, right ${shareRight(bin).toFixed(4)}`,
    );
}

const all: Outcome[] = [];
for (const rate of flags.rates.split(",").map(Number)) {
  const whole: Outcome[] = [];
  const sampled: Outcome[] = [];
  for (let seed = Number(flags.from); seed < Number(flags.from) + Number(flags.seeds); seed++) {
    const corpus = generate({ seed, scenario: "single", hours: Number(flags.hours), rate });
    whole.push(await judge(corpus));
    sampled.push(await judge({ ...corpus, records: degrade(corpus.records, "nine calls of ten") }));
  }
  report(`rate ${rate}`, sumOf(whole));
  report(`rate ${rate}, one call of ten in the gateway's log`, sumOf(sampled));
  all.push(...whole, ...sampled);
}
report("all", sumOf(all));

function sumOf(outcomes: readonly Outcome[]): Outcome {
  return {
    judged: outcomes.flatMap(({ judged }) => judged),
    possible: outcomes.reduce((sum, { possible }) => sum + possible, 0),
  };
}
