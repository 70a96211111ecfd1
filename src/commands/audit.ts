import { Command } from "commander";
import type { AuditFlags } from "./run-audit.ts";

const HELP = `
Examples:
  scopetrail audit --from 2026-03-01 --to 2026-04-01
  scopetrail audit --state state.db --json > audit.ndjson

Each line names the hash of the one before: a line that was changed or taken out is told. The newest 512 MB are kept, older ones counted.

Exit codes: 0 ok · 2 usage, or a log that was changed · 70 a bug`;

/** `scopetrail audit`. What it runs is loaded when it runs. */
export function auditCommand(): Command {
  return new Command("audit")
    .description("Who read calls, exported, took lists away or signed in: the log of accesses to what serve keeps.")
    .option("--state <file>", "state of serve; by default .scopetrail/state.db")
    .option("--from <time>", "first day or time, UTC")
    .option("--to <time>", "day or time after the last one, UTC")
    .option("--json", "one JSON object a line")
    .addHelpText("after", HELP)
    .action(async (flags: AuditFlags) => {
      const { runAudit } = await import("./run-audit.ts");
      process.exitCode = await runAudit(flags);
    });
}
