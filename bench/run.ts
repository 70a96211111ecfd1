/**
 * `npm run bench`: `analyze` beside DuckDB and JSON.parse on 200,000 records, 3 rounds; `--records 2000000 --rounds 5` is the full
 * run. `--growth [--max N]`: cost as records and callers grow. `--live [--rate N] [--seconds N]`: from hub to finding.
 * Writes results.json, RESULTS.md and results.svg beside itself; parts that were not measured keep what they had.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chart } from "./chart.ts";
import { compare } from "./compare.ts";
import { grow } from "./growth.ts";
import { live } from "./live.ts";
import { loadResults, type Results, saveResults, thisMachine } from "./results.ts";
import { report } from "./report.ts";

const { values: flags } = parseArgs({
  options: {
    records: { type: "string", default: "200000" },
    rounds: { type: "string", default: "3" },
    growth: { type: "boolean", default: false },
    max: { type: "string", default: "10000000" },
    live: { type: "boolean", default: false },
    rate: { type: "string", default: "20000" },
    seconds: { type: "string" },
  },
});

function whole(name: "records" | "rounds" | "max" | "rate" | "seconds", text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name} must be a whole number from ${least} on`);
  return value;
}

const rounds = whole("rounds", flags.rounds, 1);
let results: Results = loadResults();
const machine = thisMachine(new Date());

if (flags.growth)
  results = { ...results, growth: { machine, value: await grow({ max: whole("max", flags.max, 100_000), rounds }) } };
if (flags.live) {
  const seconds = flags.seconds === undefined ? undefined : whole("seconds", flags.seconds, 150);
  results = { ...results, live: { machine, value: await live({ rate: whole("rate", flags.rate, 100), seconds }) } };
}
if (!flags.growth && !flags.live)
  results = {
    ...results,
    comparison: { machine, value: await compare({ records: whole("records", flags.records, 1_000), rounds }) },
  };

const text = report(results);
saveResults(results);
writeFileSync(join(import.meta.dirname, "RESULTS.md"), text);
writeFileSync(join(import.meta.dirname, "results.svg"), chart(results));
process.stdout.write(text);
