/**
 * Others' ways beside ours on the same labelled corpora: `node bench/rivals.ts --seeds 12 --from 1`. Burn-rate alerts say when;
 * risk ratio, `diffpatterns` and `autocluster` say what differs, and are told the true time of each fault. They read what the
 * gateway's log says; faults that only Cosmos DB's log can split are left out of their column.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzePaths } from "../src/commands/analyze-paths.ts";
import { writeCorpus } from "../src/simulate/corpus.ts";
import { generate, type TrueFault } from "../src/simulate/generate.ts";
import { burnRateAlarms } from "./rivals/burn-rate.ts";
import { callsOf, type LoggedCall } from "./rivals/calls.ts";
import { RIVALS } from "./rivals/patterns.ts";
import { type Row, scoreReport } from "./score/rows.ts";
import { quantile, shareOf } from "./score/table.ts";

const { values: flags } = parseArgs({
  options: { seeds: { type: "string", default: "12" }, from: { type: "string", default: "1" } },
});

const rows: Row[] = [];
const burn = { found: 0, faults: 0, alarms: 0, wrong: 0, delays: [] as number[] };
const right = new Map<string, number>(RIVALS.map(({ name }) => [name, 0]));
const ours = { right: 0, faults: 0, wrong: 0 };

const key = (values: readonly string[]): string => values.toSorted().join("&");
const keyOf = (where: object): string => key(Object.entries(where).map(([name, value]) => `${name}=${String(value)}`));
const minutes = (ms: number): number => ms / 60_000;

function within({ onset, end }: TrueFault, at: number): boolean {
  return at >= Date.parse(onset) && at <= (end === null ? Number.POSITIVE_INFINITY : Date.parse(end));
}

function scoreBurnRate(faults: readonly TrueFault[], calls: readonly LoggedCall[]): void {
  const alarms = burnRateAlarms(calls);
  const apis = faults.map(({ refusedIds }) => {
    const ids = new Set(refusedIds);
    return new Set(
      calls.filter(({ id }) => ids.has(id)).map(({ values }) => values.find((one) => one.startsWith("api="))),
    );
  });
  const isOf = (alarm: { api: string; from: number; to: number }, i: number): boolean => {
    const fault = faults[i];
    if (fault === undefined || apis[i]?.has(alarm.api) !== true) return false;
    return within(fault, alarm.from) || (alarm.from <= Date.parse(fault.onset) && alarm.to >= Date.parse(fault.onset));
  };
  burn.alarms += alarms.length;
  burn.wrong += alarms.filter((alarm) => !faults.some((_, i) => isOf(alarm, i))).length;
  for (const [i, { twentieth }] of faults.entries()) {
    const own = alarms.filter((alarm) => isOf(alarm, i)).map(({ from }) => from);
    burn.faults += 1;
    if (own.length === 0) continue;
    burn.found += 1;
    if (twentieth !== null) burn.delays.push(Math.max(0, minutes(Math.min(...own) - Date.parse(twentieth))));
  }
}

function scoreSplits(faults: readonly TrueFault[], calls: readonly LoggedCall[], found: readonly Row[]): void {
  const known = new Set(calls.flatMap(({ values }) => values));
  for (const [i, fault] of faults.entries()) {
    const answers = [fault.where, ...fault.acceptable].map(keyOf);
    const isInLog = answers.some((answer) => answer !== "" && answer.split("&").every((value) => known.has(value)));
    if (!isInLog) continue;
    ours.faults += 1;
    if (found[i]?.splitRight === true) ours.right += 1;
    const during = calls.filter(({ at }) => within(fault, at));
    for (const rival of RIVALS)
      if (answers.includes(key(rival.best(during) ?? []))) right.set(rival.name, (right.get(rival.name) ?? 0) + 1);
  }
}

for (let seed = Number(flags.from); seed < Number(flags.from) + Number(flags.seeds); seed++) {
  const corpus = generate({ seed, scenario: seed % 3 === 0 ? "mixed" : "single", hours: 4 });
  const folder = mkdtempSync(join(tmpdir(), "scopetrail-rivals-"));
  try {
    writeCorpus(folder, corpus);
    const report = await analyzePaths([join(folder, "logs")], { seed: 1 });
    const scored = scoreReport({ corpus: `seed ${seed}`, lack: "nothing", truth: corpus.truth, report });
    rows.push(...scored.rows);
    ours.wrong += scored.falseAlarms.length;
    const calls = callsOf(corpus.records);
    scoreBurnRate(corpus.truth.faults, calls);
    scoreSplits(corpus.truth.faults, calls, scored.rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const found = rows.filter((row) => row.found);
const share = (value: number): string => value.toFixed(2).padStart(6);
const line = (name: string, cells: readonly string[]): void =>
  void process.stdout.write(`${name.padEnd(28)} ${cells.join("  ")}\n`);
line(`${rows.length} faults`, ["recall", "precision", "delay50 (min)", "right split first", "right cause"]);
line("Scopetrail", [
  share(shareOf(rows, (row) => row.found)),
  share(found.length / (found.length + ours.wrong)),
  quantile(
    found.map(({ delay }) => delay),
    0.5,
  ).toFixed(1),
  `${share(ours.right / ours.faults)} of ${ours.faults}`,
  share(shareOf(found, (row) => row.causeRight)),
]);
line("burn-rate alert", [
  share(burn.found / burn.faults),
  share((burn.alarms - burn.wrong) / Math.max(1, burn.alarms)),
  quantile(burn.delays, 0.5).toFixed(1),
  "     -",
  "     -",
]);
for (const [name, count] of right)
  line(name, ["     -", "     -", "  -", `${share(count / ours.faults)} of ${ours.faults}`, "     -"]);
