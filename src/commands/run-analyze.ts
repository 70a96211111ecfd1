import { availableParallelism } from "node:os";
import { toReportJson } from "../findings/report-json.ts";
import { plainText } from "../lib/plain-text.ts";
import type { Severity } from "../model/finding.ts";
import type { Report } from "../model/report.ts";
import type { JoinPath } from "../normalize/join-path.ts";
import { isLoss } from "../sources/read-file.ts";
import { analyzePaths } from "./analyze-paths.ts";
import { exceptionsOf } from "./exceptions-of.ts";
import { EXIT } from "./exit-codes.ts";
import { lookOf } from "./look.ts";
import { PathError } from "./path-error.ts";
import { createProgressLine } from "./progress-line.ts";
import { tomorrow } from "./read-privileges.ts";
import { renderReport } from "./report-text.ts";

/** While this thread sorts what they have read, more would wait for it. */
const MOST_THREADS = 2;

export interface AnalyzeFlags {
  readonly threads?: number;
  readonly json?: boolean;
  readonly schema?: boolean;
  readonly failOn?: Severity;
  readonly joinBy?: JoinPath;
  readonly exceptions?: string;
}

const SEVERITIES: readonly Severity[] = ["low", "medium", "high"];

/** Analyzes, prints; gives the exit code. */
export async function analyze(paths: readonly string[], flags: AnalyzeFlags): Promise<number> {
  if (flags.schema === true) {
    const { reportJsonSchema } = await import("../findings/report-schema.ts");
    process.stdout.write(`${JSON.stringify(reportJsonSchema(), null, 2)}\n`);
    return EXIT.ok;
  }
  if (paths.length === 0) {
    process.stderr.write("analyze: no path given. Name files or folders, or - for standard input.\n");
    return EXIT.usage;
  }
  const exceptions = await exceptionsOf(flags.exceptions);
  if (!exceptions.ok) {
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
      exceptions: exceptions.value,
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
