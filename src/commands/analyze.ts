import { randomInt } from "node:crypto";
import type { Readable } from "node:stream";
import { Command, InvalidArgumentError, Option } from "commander";
import { compareEvents } from "../correlate/reorder.ts";
import { reportJsonSchema } from "../exports/report-schema.ts";
import { reportOf } from "../findings/report.ts";
import { toReportJson } from "../findings/report-json.ts";
import { addTally } from "../findings/input-counts.ts";
import type { Severity } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import { type Analysis, createAnalysis } from "../analysis.ts";
import { type JoinPath, parseJoinPath } from "../normalize/join-path.ts";
import { accept, end, follow } from "../pipeline.ts";
import { filesSource } from "../sources/files.ts";
import { EventSorter } from "../store/event-sorter.ts";
import { EXIT } from "./exit-codes.ts";
import { renderReport } from "./report-text.ts";

/** Events held in memory before a sorted run goes to a temporary folder: about 40 MB. */
const EVENTS_IN_MEMORY = 30_000;
const FOLLOW_BLOCK = 2_000;

export interface AnalyzeOptions {
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, records: number) => void;
  /** Seed of the fingerprints of seen records; random by default. */
  readonly seed?: number;
  readonly joinBy?: JoinPath | undefined;
}

/** A path that gives nothing, with what to do about it. */
export class PathError extends Error {
  override readonly name = "PathError";
}

/**
 * Reads log files to their ends and reports. Events are put in the order of event time first, whatever file they are in
 * and however late they were written, so the order of files does not matter. Throws PathError when a path gives nothing.
 */
export async function analyzePaths(paths: readonly string[], options: AnalyzeOptions = {}): Promise<Report> {
  const source = filesSource(paths, options.stdin === undefined ? {} : { stdin: options.stdin });
  const problems = await source.problems();
  if (problems.length > 0)
    throw new PathError(problems.map(({ path, says, fix }) => `${path}: ${says}. ${fix}`).join("\n"));
  const analysis = createAnalysis({ lateness: 0, seed: options.seed ?? randomInt(2 ** 31) });
  const sorter = new EventSorter(compareEvents, EVENTS_IN_MEMORY);
  try {
    for await (const batch of source.read(new Map(), options.signal ?? new AbortController().signal)) {
      const accepted = accept(analysis, batch, { joinBy: options.joinBy });
      addTally(analysis.input, accepted.tally);
      sorter.add(accepted.events);
      options.onProgress?.(analysis.input.bytes, analysis.input.records);
    }
    followAll(analysis, sorter);
  } finally {
    sorter.close();
  }
  return reportOf(analysis);
}

function followAll(analysis: Analysis, sorter: EventSorter): void {
  let block = [];
  for (const event of sorter.sorted()) {
    block.push(event);
    if (block.length < FOLLOW_BLOCK) continue;
    follow(analysis, block);
    block = [];
  }
  follow(analysis, block);
  end(analysis);
}

const SEVERITIES: readonly Severity[] = ["low", "medium", "high"];

interface Flags {
  readonly json?: boolean;
  readonly schema?: boolean;
  readonly failOn?: Severity;
  readonly joinBy?: JoinPath;
}

/** `scopetrail analyze PATH…` */
export function analyzeCommand(): Command {
  return new Command("analyze")
    .description("Read logs from files to the end and print what was refused, since when and why.")
    .argument("[paths...]", "files, folders (recursively) or - for standard input; .gz and .zst are unpacked")
    .option("--json", "print the report as JSON on standard output")
    .option("--schema", "print the JSON Schema of --json and exit")
    .addOption(
      new Option(
        "--join-by <path>",
        "where the gateway's records hold an id of your own that is also Cosmos DB's activity id, for instance requestHeaders.x-correlation-id",
      ).argParser(joinPath),
    )
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 when a finding is at least this severe").choices([...SEVERITIES]),
    )
    .action(async (paths: string[], flags: Flags) => {
      process.exitCode = await analyze(paths, flags);
    });
}

function joinPath(text: string): JoinPath {
  const path = parseJoinPath(text);
  if (path === undefined) throw new InvalidArgumentError("names with dots between, such as requestHeaders.traceparent");
  return path;
}

async function analyze(paths: readonly string[], flags: Flags): Promise<number> {
  if (flags.schema === true) {
    process.stdout.write(`${JSON.stringify(reportJsonSchema(), null, 2)}\n`);
    return EXIT.ok;
  }
  if (paths.length === 0) {
    process.stderr.write("analyze: no path given. Name files or folders, or - for standard input.\n");
    return EXIT.usage;
  }
  const progress = progressLine();
  try {
    const report = await analyzePaths(paths, { onProgress: progress.show, joinBy: flags.joinBy });
    progress.done(report);
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(toReportJson(report), null, 2)}\n`
        : renderReport(report, process.stdout.isTTY),
    );
    return exitCodeOf(report, flags.failOn);
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    process.stderr.write(`analyze: ${error.message}\n`);
    return EXIT.usage;
  }
}

function exitCodeOf(report: Report, failOn: Severity | undefined): number {
  if (failOn === undefined) return EXIT.ok;
  const least = SEVERITIES.indexOf(failOn);
  return report.findings.some(({ severity }) => SEVERITIES.indexOf(severity) >= least) ? EXIT.findings : EXIT.ok;
}

const PROGRESS_MS = 200;

/** One line on standard error while reading, and the rate at the end. */
function progressLine(): { show: (bytes: number, records: number) => void; done: (report: Report) => void } {
  const began = performance.now();
  let next = began + PROGRESS_MS;
  const rate = (bytes: number): string => `${(bytes / 1e6 / ((performance.now() - began) / 1000)).toFixed(0)} MB/s`;
  return {
    show(bytes, records) {
      if (!process.stderr.isTTY || performance.now() < next) return;
      next = performance.now() + PROGRESS_MS;
      process.stderr.write(`\r\x1b[K${(bytes / 1e6).toFixed(0)} MB · ${records} records · ${rate(bytes)}`);
    },
    done({ input }) {
      const seconds = (performance.now() - began) / 1000;
      const peak = process.resourceUsage().maxRSS / 1024;
      const clear = process.stderr.isTTY ? "\r\x1b[K" : "";
      process.stderr.write(
        `${clear}${(input.bytes / 1e6).toFixed(1)} MB, ${input.records} records in ${seconds.toFixed(1)} s (${rate(input.bytes)}, ${Math.round(input.records / seconds)} records/s), peak memory ${peak.toFixed(0)} MB\n`,
      );
    },
  };
}
