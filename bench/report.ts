import { type Bar, barsOf, ratio, spread } from "./bars.ts";
import type { Comparison, Growth, GrowthPoint, Live, LiveRun, Machine, Results, Row } from "./results.ts";

/** RESULTS.md: what was measured, where and how to measure it again. */
export function report(results: Results): string {
  const { comparison, growth, live } = results;
  return [
    "# Results of the benchmark",
    "",
    "Written by `npm run bench`. CPU is user and system time of the whole process, from its start to its end, workers and",
    "children included; figures are medians. Where other work shares the cores, trust ratios within a table before seconds.",
    "",
    ...barsTable(barsOf(results)),
    ...(comparison === undefined ? [] : ["", ...comparisonPart(comparison.value, comparison.machine)]),
    ...(growth === undefined ? [] : ["", ...growthPart(growth.value, growth.machine)]),
    ...(live === undefined ? [] : ["", ...livePart(live.value, live.machine)]),
    "",
  ].join("\n");
}

function barsTable(bars: readonly Bar[]): readonly string[] {
  const verdict = ({ isMet }: Bar): string => (isMet === undefined ? "not this run" : isMet ? "pass" : "**fail**");
  return table(
    ["bar", "measured", ""],
    bars.map((bar) => [bar.says, bar.measured, verdict(bar)]),
  );
}

function comparisonPart(comparison: Comparison, machine: Machine): readonly string[] {
  const { records, bytes, rounds, rows, skipped } = comparison;
  return [
    "## Beside its peers",
    "",
    `\`npm run bench -- --records ${records} --rounds ${rounds}\`, ${machineText(machine)}. ${count(records)} records, ${gigabytes(bytes)} as Event Hubs`,
    "bodies of 100; whole processes in turn. `analyze` does everything it does for a user. The peers decode, keep about 25 columns",
    "(DuckDB's best form only those of the answer), join both logs by activity id and group by principal, API, operation, container",
    "and status with count, request charge and 95th percentile of duration. Groups, calls, joins and charge agree between the peers",
    "and with what the generator wrote; records, calls and exact joins agree with the report of `analyze`.",
    "",
    ...table(
      [
        "",
        "records",
        "CPU s",
        "best",
        "wall s",
        "peak MB",
        "µs a record",
        "CPU ÷ ours",
        "wall ÷ ours",
        "memory ÷ ours",
      ],
      rows.map((row) => comparisonRow(row, rows)),
    ),
    "",
    "![CPU time a record and peak memory](results.svg)",
    ...(skipped.length === 0 ? [] : ["", `Skipped: ${skipped.join("; ")}.`]),
  ];
}

function comparisonRow(row: Row, rows: readonly Row[]): readonly string[] {
  const memory = ratio(rows, row.id, ({ peakMb }) => peakMb ?? Number.NaN);
  return [
    row.says,
    count(row.records),
    row.cpuSeconds.toFixed(2),
    row.bestCpuSeconds.toFixed(2),
    row.wallSeconds.toFixed(2),
    row.peakMb === null ? "–" : row.peakMb.toFixed(0),
    row.microsPerRecord.toFixed(2),
    ratio(rows, row.id).toFixed(2),
    ratio(rows, row.id, ({ wallSeconds, records }) => wallSeconds / records).toFixed(2),
    Number.isNaN(memory) ? "–" : memory.toFixed(2),
  ];
}

function growthPart(growth: Growth, machine: Machine): readonly string[] {
  const { records, callers, rounds, startCpuSeconds, delaySeconds, callsPerSecond } = growth;
  const headings = ["records", "callers", "CPU s", "µs a record", "wall s", "peak MB"];
  return [
    "## Growth",
    "",
    `\`npm run bench -- --growth --max ${records.at(-1)?.records ?? 0} --rounds ${rounds}\`, ${machineText(machine)}. \`analyze\` on one record a line,`,
    `${callsPerSecond} calls a second of event time, up to ${delaySeconds / 60} minutes late. The cost of a record leaves out the ${startCpuSeconds.toFixed(2)} CPU s`,
    "that a run on two records takes. Memory is the whole process.",
    "",
    ...table(headings, records.map(growthRow)),
    "",
    `Spread over the sizes: ${spread(records).toFixed(0)} %.`,
    ...(callers.length === 0
      ? []
      : [
          "",
          ...table(headings, callers.map(growthRow)),
          "",
          `Spread over the callers: ${spread(callers).toFixed(0)} %.`,
        ]),
  ];
}

const growthRow = (point: GrowthPoint): readonly string[] => [
  count(point.records),
  count(point.callers),
  point.cpuSeconds.toFixed(2),
  point.microsPerRecord.toFixed(2),
  point.wallSeconds.toFixed(1),
  point.peakMb.toFixed(0),
];

function livePart({ asked, sustained }: Live, machine: Machine): readonly string[] {
  const runs = sustained === null ? [asked] : [asked, sustained];
  return [
    "## From hub to finding",
    "",
    `\`npm run bench -- --live --rate ${Math.round(asked.sentPerSecond)} --seconds ${Math.round(asked.seconds)}\`, ${machineText(machine)}. The Event Hubs emulator and \`serve\``,
    "(lateness 1 s) are processes of their own on the same machine; event time runs as fast as the clock. A record's lag is from its",
    "enqueuing to the first look, every 50 ms, at which it was committed. A finding's time is from the enqueuing of the event that",
    "completes its evidence, after which only the configured windows have passed, to the first look that shows it.",
    "",
    ...table(
      [
        "sent a second",
        "committed a second",
        "s",
        "kept up",
        "lag p50 s",
        "lag p99 s",
        "found",
        "finding p50 s",
        "worst s",
        "cores",
        "peak MB",
      ],
      runs.map(liveRow),
    ),
    ...(asked.keptUp
      ? []
      : [
          "",
          `Highest sustained: ${Math.round(asked.committedPerSecond)} records/s were committed while more were sent.`,
        ]),
  ];
}

function liveRow(run: LiveRun): readonly string[] {
  const sorted = run.findingMs.toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined): string => (ms === undefined ? "–" : (ms / 1_000).toFixed(2));
  return [
    count(Math.round(run.sentPerSecond)),
    count(Math.round(run.committedPerSecond)),
    run.seconds.toFixed(0),
    run.keptUp ? "yes" : "no",
    seconds(run.lagMs.p50),
    seconds(run.lagMs.p99),
    `${sorted.length} of ${run.faults}`,
    seconds(sorted[sorted.length >> 1]),
    seconds(sorted.at(-1)),
    run.cpuSecondsPerSecond.toFixed(2),
    run.peakMb.toFixed(0),
  ];
}

const machineText = ({ cores, cpu, memoryGb, node, duckdb, date }: Machine): string =>
  `${date}: ${cores} cores of ${cpu}, ${memoryGb} GB, Node ${node}, DuckDB ${duckdb}`;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
const count = (value: number): string => value.toLocaleString("en-US");

/** The first column is text, the others are right-aligned; padded, as `npx biome ci` wants it. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = headings.map((_, i) => Math.max(3, ...[headings, ...rows].map((cells) => cells[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(headings), line(rule), ...rows.map(line)];
}
