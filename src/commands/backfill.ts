import { Command, InvalidArgumentError } from "commander";
import type { BackfillFlags } from "./run-backfill.ts";

/** `scopetrail backfill --config F --from T --to T`. What it runs is loaded when it runs. */
export function backfillCommand(): Command {
  return new Command("backfill")
    .description("Read what a Log Analytics workspace holds about a span of time, once.")
    .requiredOption("--config <file>", "the configuration of serve, with a source of type log-analytics")
    .requiredOption("--from <time>", "begin, such as 2026-11-20 or 2026-11-20T08:00:00Z", time)
    .option("--to <time>", "end, not included; now without it", time)
    .option("--source <name>", "the workspace's source, where the configuration has several")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      `
Where a serve has the state open, it is asked to do it, and the same record by both routes counts once. Stopped or killed, the same
command goes on where it was.

Examples:
  scopetrail backfill --config scopetrail.yml --from 2026-11-20
  scopetrail backfill --config scopetrail.yml --from 2026-11-20T08:00:00Z --to 2026-11-20T12:00:00Z

Exit codes: 0 done · 2 usage or configuration · 3 refused by Azure · 4 unreachable · 70 a bug · 130 interrupted`,
    )
    .action(async (flags: BackfillFlags) => {
      const { runBackfill } = await import("./run-backfill.ts");
      process.exitCode = await runBackfill(flags);
      process.exit();
    });
}

function time(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError("a day such as 2026-11-20, or a time with its zone such as 2026-11-20T08:00:00Z");
  return ms;
}
