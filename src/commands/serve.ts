import { Command } from "commander";
import type { ServeFlags } from "./run-serve.ts";

/** `scopetrail serve --config F`. What it runs is loaded when it runs: other commands start sooner without. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("Analyze live, with dashboard and alerts, until stopped.")
    .requiredOption("--config <file>", "YAML or JSON; see docs/configuration.md")
    .option("--port <port>", "port of the dashboard on 127.0.0.1, instead of the configured one")
    .option("--standby", "where another serve has the state open, wait until it is gone and take over")
    .option("--salvage", "of a damaged state that has no copy, go on from the rows that can be read")
    .addHelpText(
      "after",
      `
Examples:
  scopetrail serve --config scopetrail.yml
  scopetrail serve --config scopetrail.yml --port 8080
  scopetrail serve --config scopetrail.yml --standby

Exit codes: 0 stopped · 2 usage, configuration or the port is taken · 3 refused by Azure · 4 unreachable · 70 a bug ·
130 interrupted`,
    )
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("./run-serve.ts");
      process.exitCode = await serve(flags);
      // The Event Hubs client can keep timers after it was closed.
      process.exit();
    });
}
