import { randomInt } from "node:crypto";
import type { Readable } from "node:stream";
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { keepDistinct, newFacts, type Put, putBatch } from "../accept.ts";
import { compareContent } from "../correlate/row-event.ts";
import { reportOf, withFindings } from "../findings/report.ts";
import { toReportJson } from "../findings/report-json.ts";
import { addTally } from "../findings/input-counts.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Severity } from "../model/finding.ts";
import type { Reject } from "../model/record.ts";
import type { Report } from "../model/report.ts";
import { type Instant, instantFromMs } from "../model/time.ts";
import { createAnalysis } from "../analysis.ts";
import { loadExceptions } from "../config/exceptions.ts";
import { type JoinPath, parseJoinPath } from "../normalize/join-path.ts";
import { ScanMemo } from "../normalize/scanned.ts";
import { end, followTable, type OnCall } from "../pipeline.ts";
import type { PrivilegeException } from "../privileges/exceptions.ts";
import { leftOut, privilegeFindings } from "../privileges/findings.ts";
import { UseReader } from "../privileges/observe.ts";
import { holdersOf } from "../privileges/principals.ts";
import { learnFacts, learnRows, privilegeSpots } from "../privileges/privileges.ts";
import { type PrincipalRow, principalRows } from "../privileges/rows.ts";
import { filesSource } from "../sources/files.ts";
import { isLoss } from "../sources/read-file.ts";
import type { Batch } from "../sources/source.ts";
import { RowSorter } from "../store/row-sorter.ts";
import { EXIT } from "./exit-codes.ts";
import { InOrder } from "./in-order.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress-line.ts";
import { tomorrow } from "./read-privileges.ts";
import { lookOf } from "./look.ts";
import { renderReport } from "./report-text.ts";

/** Rows held in memory before a sorted run goes to a temporary folder: with those of a last batch, 50 MB. */
const ROWS_IN_MEMORY = (1 << 18) - (1 << 14);

export interface AnalyzeOptions {
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number, records: number) => void;
  /** Told of each part of the input that could not be read, in a sentence with the file and the way out. */
  readonly onLoss?: (says: string) => void;
  /** Seed of the fingerprints of seen records; random by default. */
  readonly seed?: number;
  readonly joinBy?: JoinPath | undefined;
  /** Grants that somebody answers for. */
  readonly exceptions?: readonly PrivilegeException[];
  /** Event times beyond are not believed in the usage ledger; all are by default. */
  readonly until?: Instant;
  /** Files that are read at once, each in a thread of its own: the result is the same. 0: in this one. */
  readonly threads?: number;
  /** Bytes from which on threads are worth their start. */
  readonly threadsFrom?: number;
  /** Parse every record: the result is the same, later. */
  readonly parsesAll?: boolean;
  /** Told of each call in the order of their closing. */
  readonly onCall?: OnCall;
  /** Told of each batch before it is followed. */
  readonly onBatch?: (batch: Batch) => void;
  /** Told at the end who holds what, and uses what of it. */
  readonly onPrincipals?: (rows: readonly PrincipalRow[]) => void;
}

/**
 * Reads log files to their ends and reports. Events are put in the order of event time first, whatever file they are in
 * and however late they were written, so the order of files does not matter. Throws PathError when a path gives nothing.
 */
export async function analyzePaths(paths: readonly string[], options: AnalyzeOptions = {}): Promise<Report> {
  const { stdin, joinBy, parsesAll, threads, threadsFrom } = options;
  const source = filesSource(paths, { parsesAll, joinBy, stdin, threads, threadsFrom });
  const problems = await source.problems();
  if (problems.length > 0)
    throw new PathError(problems.map(({ path, says, fix }) => `${path}: ${says}. ${fix}`).join("\n"));
  const analysis = createAnalysis({ lateness: 0, seed: options.seed ?? randomInt(2 ** 31) });
  const memo = new ScanMemo();
  const { privileges } = analysis.standing;
  if (options.until !== undefined) privileges.ledger.until = options.until;
  const reader = new UseReader(privileges.ledger, analysis.names);
  const sorter = new RowSorter(compareContent(analysis.names), ROWS_IN_MEMORY);
  const { signal = new AbortController().signal } = options;
  const inOrder = new InOrder<Put>(await source.partitions(signal), ({ tally, facts }) => {
    learnFacts(privileges, newFacts(analysis, facts, tally));
    addTally(analysis.input, tally);
  });
  let bytes = 0;
  let others = 0;
  try {
    for await (const batch of source.read(new Map(), signal)) {
      options.onBatch?.(batch);
      for (const reject of batch.rejects.filter(isLoss)) options.onLoss?.(lossText(reject));
      const put = putBatch(analysis.names, batch, sorter.rows, { joinBy, memo });
      bytes += batch.bytes;
      others += put.tally.records + put.facts.length;
      inOrder.add(batch.partition, put, batch.caughtUp);
      sorter.settle();
      options.onProgress?.(bytes, others + sorter.count);
    }
    let last = Number.NaN;
    for (const rows of sorter.sorted()) {
      last = keepDistinct(analysis, rows, last);
      learnRows(privileges, reader, rows);
      followTable(analysis, rows, options.onCall);
    }
    end(analysis, options.onCall);
  } finally {
    sorter.close();
  }
  const holders = holdersOf(privileges);
  const judging = {
    privileges,
    exceptions: options.exceptions ?? [],
    now: newestOf(analysis.now < privileges.ledger.until ? analysis.now : BEGINNING, privileges.ledger.newest),
  };
  const findings = privilegeFindings(holders, judging);
  options.onPrincipals?.(principalRows(holders, findings));
  return withFindings(reportOf(analysis), {
    findings,
    blindSpots: privilegeSpots(privileges, leftOut(holders)),
  });
}

const BEGINNING = instantFromMs(0);
const newestOf = (a: Instant, b: Instant): Instant => (a > b ? a : b);

/** What is wrong with a file as a whole names it by itself; what is wrong in it is told with its line. */
const lossText = ({ position, detail }: Reject): string =>
  position.sequence === 0 ? detail : `${position.partition}:${position.sequence}: ${detail}`;

const SEVERITIES: readonly Severity[] = ["low", "medium", "high"];

/** While this thread sorts what they have read, more would wait for it. */
const MOST_THREADS = 2;

interface Flags {
  readonly threads?: number;
  readonly json?: boolean;
  readonly schema?: boolean;
  readonly failOn?: Severity;
  readonly joinBy?: JoinPath;
  readonly exceptions?: string;
}

const HELP = `
Examples:
  scopetrail analyze insights-logs-gatewaylogs/ insights-logs-dataplanerequests/
  zcat export.ndjson.gz | scopetrail analyze -
  scopetrail analyze --json --fail-on high logs/ > report.json

Exit codes: 0 ok · 1 a finding at or above --fail-on · 2 usage, or a path that gives nothing ·
5 a file not read to its end · 70 a bug · 130 interrupted`;

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
      new Option(
        "--threads <count>",
        "files read at once, each in a thread of its own (0 to 16; one less than there are cores, 2 at the most, without it)",
      ).argParser(threadCount),
    )
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 when a finding is at least this severe").choices([...SEVERITIES]),
    )
    .option("--exceptions <file>", "YAML or JSON of grants that somebody answers for: owner, reason, last day")
    .addHelpText("after", HELP)
    .action(async (paths: string[], flags: Flags) => {
      process.exitCode = await analyze(paths, flags);
    });
}

function joinPath(text: string): JoinPath {
  const path = parseJoinPath(text);
  if (path === undefined)
    throw new InvalidArgumentError("a field, or headers and one of them such as requestHeaders.traceparent");
  return path;
}

function threadCount(text: string): number {
  if (!/^(?:\d|1[0-6])$/.test(text)) throw new InvalidArgumentError("a number from 0 to 16");
  return Number(text);
}

async function analyze(paths: readonly string[], flags: Flags): Promise<number> {
  if (flags.schema === true) {
    const { reportJsonSchema } = await import("../findings/report-schema.ts");
    process.stdout.write(`${JSON.stringify(reportJsonSchema(), null, 2)}\n`);
    return EXIT.ok;
  }
  if (paths.length === 0) {
    process.stderr.write("analyze: no path given. Name files or folders, or - for standard input.\n");
    return EXIT.usage;
  }
  const exceptions = flags.exceptions === undefined ? undefined : await loadExceptions(flags.exceptions);
  if (exceptions?.ok === false) {
    process.stderr.write(`analyze: ${plainText(exceptions.error.join("\n"))}\n`);
    return EXIT.usage;
  }
  const progress = progressLine();
  try {
    const report = await analyzePaths(paths, {
      onProgress: progress.show,
      onLoss: progress.tell,
      joinBy: flags.joinBy,
      threads: flags.threads ?? Math.min(MOST_THREADS, availableParallelism() - 1),
      until: tomorrow(),
      ...(exceptions === undefined ? {} : { exceptions: exceptions.value }),
    });
    progress.done(report);
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify(toReportJson(report), null, 2)}\n`
        : renderReport(report, lookOf(process.stdout)),
    );
    return exitCodeOf(report, flags.failOn);
  } catch (error) {
    if (!(error instanceof PathError)) throw error;
    process.stderr.write(`analyze: ${error.message}\n`);
    return EXIT.usage;
  }
}

function exitCodeOf(report: Report, failOn: Severity | undefined): number {
  const least = failOn === undefined ? SEVERITIES.length : SEVERITIES.indexOf(failOn);
  if (report.findings.some(({ severity }) => SEVERITIES.indexOf(severity) >= least)) return EXIT.findings;
  return report.input.rejects.some(isLoss) ? EXIT.partial : EXIT.ok;
}

/** Losses that are told one by one; the report counts all. */
const LOSSES_TOLD = 50;

interface Progress {
  readonly show: (bytes: number, records: number) => void;
  readonly tell: (loss: string) => void;
  readonly done: (report: Report) => void;
}

/**
 * On standard error while reading: one line that is rewritten at a terminal, a line at times elsewhere; what could not be
 * read; the rate at the end.
 */
function progressLine(): Progress {
  const began = performance.now();
  const line = createProgressLine();
  const rate = (bytes: number): string => `${(bytes / 1e6 / ((performance.now() - began) / 1000)).toFixed(0)} MB/s`;
  let losses = 0;
  return {
    tell(loss) {
      losses += 1;
      const says = losses > LOSSES_TOLD ? "" : `analyze: ${plainText(loss)}\n`;
      process.stderr.write(losses === LOSSES_TOLD + 1 ? "analyze: … and more that could not be read\n" : says);
    },
    show(bytes, records) {
      line.show(() => `${(bytes / 1e6).toFixed(0)} MB · ${records} records · ${rate(bytes)}`);
    },
    done({ input }) {
      const seconds = (performance.now() - began) / 1000;
      const peak = process.resourceUsage().maxRSS / 1024;
      line.clear();
      process.stderr.write(
        `${(input.bytes / 1e6).toFixed(1)} MB, ${input.records} records in ${seconds.toFixed(1)} s (${rate(input.bytes)}, ${Math.round(input.records / seconds)} records/s), peak memory ${peak.toFixed(0)} MB\n`,
      );
    },
  };
}
