/**
 * Scores detection on labelled corpora of the simulator: `npm run score -- --seeds 20 --from 1 [--scenario mixed]
 * [--verbose] [--keep DIR]`; `--corpus DIR` scores a folder that `simulate` wrote. The last line is JSON.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzePaths } from "../src/commands/analyze.ts";
import type { Finding } from "../src/model/finding.ts";
import { epochMs } from "../src/model/time.ts";
import { writeCorpus } from "../src/simulate/corpus.ts";
import { generate, type TrueFault, type Truth } from "../src/simulate/generate.ts";
import type { Scenario } from "../src/simulate/scenario.ts";

const { values: flags } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    from: { type: "string", default: "1" },
    hours: { type: "string", default: "5" },
    scenario: { type: "string" },
    verbose: { type: "boolean", default: false },
    corpus: { type: "string", multiple: true },
    keep: { type: "string" },
  },
});

interface Match {
  readonly fault: TrueFault;
  readonly findings: readonly Finding[];
}

interface Row {
  readonly cause: string;
  readonly found: boolean;
  readonly causeRight: boolean;
  readonly splitRight: boolean;
  readonly anySplit: boolean;
  readonly onsetError: number;
  readonly endError: number | undefined;
  readonly delay: number;
  readonly duplicates: number;
}

const rows: Row[] = [];
const falseAlarms: string[] = [];
const total = { calls: 0, hours: 0, seconds: 0 };

const canonical = (where: object): string =>
  Object.entries(where)
    .map(([dimension, value]) => `${dimension}=${String(value)}`)
    .toSorted((x, y) => (x < y ? -1 : 1))
    .join("&");
const same = (a: object, b: object): boolean => canonical(a) === canonical(b);
const minutes = (a: number, b: number): number => Math.abs(a - b) / 60_000;
const text = (where: object): string =>
  Object.entries(where)
    .map(([dimension, value]) => `${dimension}=${String(value)}`)
    .join(" & ") || "(nothing)";

function matchesOf(
  truth: Truth,
  findings: readonly Finding[],
): { matches: readonly Match[]; rest: readonly Finding[] } {
  const owners = truth.faults.map((fault) => ({ fault, ids: new Set(fault.refusedIds) }));
  const ownerOf = new Map(findings.map((finding) => [finding, bestOwner(finding, owners)]));
  const matches = owners.map(({ fault }) => ({
    fault,
    findings: findings
      .filter((finding) => ownerOf.get(finding) === fault)
      .toSorted((a, b) => b.counts.refused - a.counts.refused),
  }));
  return { matches, rest: findings.filter((finding) => ownerOf.get(finding) === undefined) };
}

/** The fault that refused most of the finding's samples, if it refused half of them. */
function bestOwner(
  { samples: { refused } }: Finding,
  owners: readonly { readonly fault: TrueFault; readonly ids: ReadonlySet<string> }[],
): TrueFault | undefined {
  let best: { fault: TrueFault; hits: number } | undefined;
  for (const { fault, ids } of owners) {
    const hits = refused.filter((id) => ids.has(id)).length;
    if (hits > 0 && hits * 2 >= refused.length && hits > (best?.hits ?? 0)) best = { fault, hits };
  }
  return best?.fault;
}

function judge({ fault, findings }: Match): Row {
  const right = [fault.where, ...fault.acceptable];
  const [best] = findings; // the one with most refusals
  const first = best?.splits[0]?.where ?? {};
  const end = best?.end ?? null;
  return {
    cause: fault.cause,
    found: best !== undefined,
    causeRight: best?.cause.id === fault.cause,
    splitRight: right.some((where) => same(where, first)) || (fault.cause === "unknown" && best?.splits.length === 0),
    anySplit: best?.splits.some((split) => right.some((where) => same(where, split.where))) ?? false,
    onsetError: best === undefined ? Number.NaN : minutes(epochMs(best.onset), Date.parse(fault.onset)),
    endError: end === null || fault.end === null ? undefined : minutes(epochMs(end), Date.parse(fault.end)),
    delay: best === undefined ? Number.NaN : (epochMs(best.detectedAt) - Date.parse(fault.onset)) / 60_000,
    duplicates: Math.max(0, findings.length - 1),
  };
}

async function scoreCorpus(name: string, logs: string, truth: Truth): Promise<void> {
  const began = process.cpuUsage();
  const report = await analyzePaths([logs], { seed: 1 });
  const spent = process.cpuUsage(began);
  total.seconds += (spent.user + spent.system) / 1e6;
  total.calls += report.correlation.calls;
  total.hours += (Date.parse(truth.to) - Date.parse(truth.from)) / 3_600_000;
  const { matches, rest } = matchesOf(
    truth,
    report.findings.filter(({ kind }) => kind === "intermittent-refusal"),
  );
  for (const match of matches) {
    const row = judge(match);
    rows.push(row);
    if (!flags.verbose) continue;
    const found = match.findings.map(
      (finding) =>
        `${finding.cause.id} [${finding.splits
          .slice(0, 2)
          .map(({ where }) => text(where))
          .join(" | ")}] ${finding.counts.refused}/${finding.counts.calls}`,
    );
    const mark = row.found && row.causeRight && row.splitRight ? "ok  " : "MISS";
    process.stdout.write(
      `${mark} ${name} ${match.fault.cause} [${text(match.fault.where)}] ${match.fault.refused}/${match.fault.calls} → ${found.join("  AND  ") || "nothing"}; onset ${row.onsetError.toFixed(1)} min, delay ${row.delay.toFixed(1)} min\n`,
    );
  }
  for (const finding of rest) {
    falseAlarms.push(
      `${name}: ${finding.cause.id}: ${finding.title} (${finding.counts.refused}/${finding.counts.calls}) decoys: ${truth.decoys.map(({ kind }) => kind).join(",")}`,
    );
  }
}

const shareOf = (list: readonly Row[], test: (row: Row) => boolean): number =>
  list.length === 0 ? Number.NaN : list.filter(test).length / list.length;
function quantile(list: readonly number[], q: number): number {
  const sorted = list.filter(Number.isFinite).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function line(name: string, list: readonly Row[]): string {
  const found = list.filter(({ found: hit }) => hit);
  const cells = [
    name.padEnd(40),
    String(list.length).padStart(4),
    shareOf(list, ({ found: hit }) => hit).toFixed(3),
    shareOf(found, ({ causeRight }) => causeRight).toFixed(3),
    shareOf(found, ({ splitRight }) => splitRight).toFixed(3),
    shareOf(found, ({ anySplit }) => anySplit).toFixed(3),
    quantile(
      found.map(({ onsetError }) => onsetError),
      0.5,
    ).toFixed(1),
    quantile(
      found.map(({ onsetError }) => onsetError),
      0.9,
    ).toFixed(1),
    quantile(
      found.map(({ delay }) => delay),
      0.5,
    ).toFixed(1),
    quantile(
      found.map(({ endError }) => endError ?? Number.NaN),
      0.5,
    ).toFixed(1),
    String(found.reduce((sum, { duplicates }) => sum + duplicates, 0)),
  ];
  return cells.join("  ");
}

const SCENARIOS: readonly Scenario[] = ["single", "single", "mixed", "decoys"];

for (let seed = Number(flags.from); seed < Number(flags.from) + Number(flags.seeds); seed++) {
  const scenario = SCENARIOS.find((name) => name === flags.scenario) ?? SCENARIOS[seed % SCENARIOS.length] ?? "single";
  const folder =
    flags.keep === undefined
      ? mkdtempSync(join(tmpdir(), "scopetrail-score-"))
      : join(flags.keep, `seed-${seed}-${scenario}`);
  try {
    const corpus = generate({ seed, scenario, hours: Number(flags.hours) });
    writeCorpus(folder, corpus);
    await scoreCorpus(`seed ${seed} ${scenario}`, join(folder, "logs"), corpus.truth);
  } finally {
    if (flags.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
for (const folder of flags.corpus ?? []) {
  await scoreCorpus(
    folder,
    join(folder, "logs"),
    JSON.parse(readFileSync(join(folder, "truth.json"), "utf8")) as Truth,
  );
}

process.stdout.write(
  `${"cause".padEnd(40)}     n  recall  cause  split  any    onset50  onset90  delay50  end50  dup\n`,
);
for (const cause of [...new Set(rows.map((row) => row.cause))].toSorted())
  process.stdout.write(
    `${line(
      cause,
      rows.filter((row) => row.cause === cause),
    )}\n`,
  );
process.stdout.write(`${line("all", rows)}\n`);
for (const alarm of falseAlarms) process.stdout.write(`false alarm: ${alarm}\n`);
const found = rows.filter(({ found: hit }) => hit);
const summary = {
  faults: rows.length,
  recall: shareOf(rows, ({ found: hit }) => hit),
  cause: shareOf(found, ({ causeRight }) => causeRight),
  split: shareOf(found, ({ splitRight }) => splitRight),
  onsetMedianMinutes: quantile(
    found.map(({ onsetError }) => onsetError),
    0.5,
  ),
  onsetP90Minutes: quantile(
    found.map(({ onsetError }) => onsetError),
    0.9,
  ),
  endMedianMinutes: quantile(
    found.flatMap(({ endError }) => (endError === undefined ? [] : [endError])),
    0.5,
  ),
  delayMedianMinutes: quantile(
    found.map(({ delay }) => delay),
    0.5,
  ),
  falseAlarms: falseAlarms.length,
  falseAlarmsPerWeek: falseAlarms.length / (total.hours / 168),
  calls: total.calls,
  cpuSeconds: Number(total.seconds.toFixed(1)),
};
process.stdout.write(`${JSON.stringify(summary)}\n`);
