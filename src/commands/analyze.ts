import { Command, InvalidArgumentError, Option } from "commander";
import { type JoinPath, parseJoinPath } from "../normalize/join-path.ts";
import type { AnalyzeFlags } from "./run-analyze.ts";

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
      new Option("--fail-on <severity>", "exit with 1 when a finding is at least this severe").choices([
        "low",
        "medium",
        "high",
      ]),
    )
    .option("--exceptions <file>", "YAML or JSON of grants that somebody answers for: owner, reason, last day")
    .addHelpText("after", HELP)
    .action(async (paths: string[], flags: AnalyzeFlags) => {
      const { analyze } = await import("./run-analyze.ts");
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
