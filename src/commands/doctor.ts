import { Command } from "commander";

/** `scopetrail doctor --config F`. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Look for what would keep serve from its work: configuration, secrets, state, sources, targets.")
    .requiredOption("--config <file>", "the configuration of serve")
    .option("--json", "print the checks as JSON")
    .option("--offline", "look only at what is on this machine")
    .addHelpText(
      "after",
      `
Sources are asked for their partitions and nothing is read; targets' names are resolved and nothing is sent.

Examples:
  scopetrail doctor --config scopetrail.yml
  scopetrail doctor --config scopetrail.yml --offline --json

Exit codes: 0 nothing is wrong · 2 configuration, secrets or state · 3 a source refuses · 4 a source or target is not reached`,
    )
    .action(async (flags: { config: string; json?: boolean; offline?: boolean }) => {
      const { doctor } = await import("./run-doctor.ts");
      process.exitCode = await doctor(flags);
      process.exit();
    });
}
