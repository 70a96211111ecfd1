/**
 * Scores detection on labelled corpora of the simulator: `npm run score -- --seeds 38 --from 1 [--scenario hard]
 * [--hours 24] [--rate 0.3] [--lacks turn|none|all] [--verbose] [--keep DIR] [--rows FILE]`; `--corpus DIR` scores a folder
 * that `simulate` wrote. Each corpus is scored whole, and with one thing not logged (in turn, or with each). The last line
 * is JSON. Days of decoys: `--scenario decoys --hours 24 --rate 0.3`, thinned to that many ordinary calls a second.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzePaths } from "../src/commands/analyze-paths.ts";
import { writeCorpus } from "../src/simulate/corpus.ts";
import { type Lack, LACKS } from "../src/simulate/degrade.ts";
import { generate, type Truth } from "../src/simulate/generate.ts";
import type { Scenario } from "../src/simulate/scenario.ts";
import { type Row, scoreReport } from "./score/rows.ts";
import { calibrationError, quantile, reliabilityTable, shareOf, tableOf } from "./score/table.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "38" },
    from: { type: "string", default: "1" },
    hours: { type: "string", default: "4" },
    scenario: { type: "string" },
    rate: { type: "string" },
    lacks: { type: "string", default: "turn" },
    verbose: { type: "boolean", default: false },
    corpus: { type: "string", multiple: true },
    keep: { type: "string" },
    rows: { type: "string" },
  },
});

const rows: Row[] = [];
const falseAlarms = new Map<Lack, string[]>(LACKS.map((lack) => [lack, []]));
const total = { calls: 0, hours: 0, seconds: 0 };

async function scoreCorpus(name: string, from: { logs: string; truth: Truth; lack: Lack }): Promise<void> {
  const { logs, truth, lack } = from;
  const began = process.cpuUsage();
  const report = await analyzePaths([logs], { seed: 1 });
  const spent = process.cpuUsage(began);
  const scored = scoreReport({ corpus: name, lack, truth, report });
  if (lack === "nothing") {
    total.seconds += (spent.user + spent.system) / 1e6;
    total.calls += report.correlation.calls;
    total.hours += (Date.parse(truth.to) - Date.parse(truth.from)) / 3_600_000;
  }
  rows.push(...scored.rows);
  falseAlarms.get(lack)?.push(...scored.falseAlarms);
  if (!flags.verbose) return;
  for (const row of scored.rows)
    process.stdout.write(
      `${row.causeRight && row.splitRight ? "ok  " : "MISS"} ${name} (without ${lack}) ${row.says}\n`,
    );
  for (const alarm of scored.falseAlarms) process.stdout.write(`FALSE (without ${lack}) ${alarm}\n`);
}

const MIXTURE: readonly Scenario[] = ["single", "hard", "single", "mixed", "decoys"];
const scenarioOf = (seed: number): Scenario => {
  const asked = ([...MIXTURE, "quiet", "demo"] as const).find((name) => name === flags.scenario);
  return asked ?? MIXTURE[seed % MIXTURE.length] ?? "single";
};

/** Something to leave out, other ones for neighbouring seeds. */
function lacksOf(seed: number): readonly Lack[] {
  if (flags.lacks === "all") return LACKS;
  const [whole, ...others] = LACKS;
  return flags.lacks === "none" ? [whole] : [whole, others[(seed * 3) % others.length] ?? whole];
}

async function scoreSeed(seed: number): Promise<void> {
  const scenario = scenarioOf(seed);
  const hours = scenario === "quiet" ? 30 : Number(flags.hours);
  const corpus = generate({ seed, scenario, hours, ...(flags.rate === undefined ? {} : { rate: Number(flags.rate) }) });
  for (const lack of lacksOf(seed)) {
    const folder =
      flags.keep === undefined
        ? mkdtempSync(join(tmpdir(), "scopetrail-score-"))
        : join(flags.keep, `seed-${seed}-${scenario}-${lack.replaceAll(" ", "-")}`);
    try {
      writeCorpus(folder, corpus, lack);
      const from = { logs: join(folder, "logs"), truth: corpus.truth, lack };
      await scoreCorpus(`seed ${seed} ${scenario}`, from);
    } finally {
      if (flags.keep === undefined) rmSync(folder, { recursive: true, force: true });
    }
  }
}

for (let seed = Number(flags.from); seed < Number(flags.from) + Number(flags.seeds); seed++) await scoreSeed(seed);
for (const folder of flags.corpus ?? []) {
  const truth = JSON.parse(readFileSync(join(folder, "truth.json"), "utf8")) as Truth;
  await scoreCorpus(folder, { logs: join(folder, "logs"), truth, lack: "nothing" });
}

if (flags.rows !== undefined) writeFileSync(flags.rows, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const whole = rows.filter(({ lack }) => lack === "nothing");
const alarms = falseAlarms.get("nothing") ?? [];
const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(tableOf("by cause, everything logged", whole, ({ cause }) => cause));
say(
  tableOf("by what is not logged", rows, ({ lack }) => {
    const count = falseAlarms.get(lack)?.length ?? 0;
    return `${lack}${count === 0 ? "" : ` (${count} false)`}`;
  }),
);
say(reliabilityTable(rows));
for (const alarm of alarms) say(`false alarm: ${alarm}`);

const found = whole.filter((row) => row.found);
const clear = whole.filter(({ share, refused }) => share >= 0.1 && refused >= 20);
const faint = whole.filter(({ share, refused }) => share < 0.1 && share >= 0.02 && refused >= 20);
const isFound = (row: Row): boolean => row.found;
const summary = {
  faults: whole.length,
  recall: shareOf(whole, isFound),
  recallFrom10Percent: shareOf(clear, isFound),
  recall2To10Percent: shareOf(faint, isFound),
  precision: found.length / (found.length + alarms.length),
  cause: shareOf(found, (row) => row.causeRight),
  causeAmongFirstTwo: shareOf(found, (row) => row.firstTwo),
  split: shareOf(found, (row) => row.splitRight),
  onsetMedianMinutes: quantile(
    found.map(({ onsetError }) => onsetError),
    0.5,
  ),
  onsetWithin1Minute: shareOf(found, ({ onsetError }) => onsetError <= 1),
  onsetWithin1MinuteOfSeen: shareOf(found, ({ onsetErrorSeen }) => onsetErrorSeen <= 1),
  delayMedianMinutes: quantile(
    found.map(({ delay }) => delay),
    0.5,
  ),
  expectedCalibrationError: calibrationError(rows),
  falseAlarms: alarms.length,
  days: Number((total.hours / 24).toFixed(2)),
  falseAlarmsPerWeek: alarms.length / (total.hours / 168),
  calls: total.calls,
  cpuSeconds: Number(total.seconds.toFixed(1)),
};
say(JSON.stringify(summary));
