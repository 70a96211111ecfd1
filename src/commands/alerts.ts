import { Command } from "commander";

/** `scopetrail alerts test TARGET`. */
export function alertsCommand(): Command {
  const command = new Command("alerts").description("Try the targets that findings are told to.").addHelpText(
    "after",
    `
Examples:
  scopetrail alerts test sre --config scopetrail.yml

Exit codes: 0 delivered · 2 usage, configuration or the target refused it · 4 no answer`,
  );
  command.addCommand(
    new Command("test")
      .description("Send a test alert to one target, or print what would be sent.")
      .argument("<target>", "its name in the configuration")
      .requiredOption("--config <file>", "the configuration of serve")
      .option("--dry-run", "print the request's body on standard output and send nothing")
      .action(async (target: string, flags: { config: string; dryRun?: boolean }) => {
        process.exitCode = await (await import("./run-alerts.ts")).testAlert(target, flags);
      })
      .exitOverride(),
  );
  return command;
}
