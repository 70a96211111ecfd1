import { Command } from "commander";
import type { CallFlags } from "./run-call.ts";

const HELP = `
Examples:
  scopetrail call 3f06647e-1111-4222-8333-530eb9f15261 --in logs/
  scopetrail call ID --in logs/ --json

Exit codes: 0 ok · 1 there is no such call · 2 usage, or a path that gives nothing · 5 some of the input could not be read · 70 a bug`;

/** `scopetrail call ID`. What it runs is loaded when it runs. */
export function callCommand(): Command {
  return new Command("call")
    .description("One call by any of its ids: what became of it, when, who, and how that is known.")
    .argument("<id>", "correlation id, activity id, or an id of your own (--join-by)")
    .option("--in <path...>", "files and folders to read, as analyze does; without it, the calls that serve keeps")
    .option("--state <file>", "state of serve; by default .scopetrail/state.db")
    .option("--join-by <path>", "as for analyze")
    .option("--json", "print JSON on standard output")
    .addHelpText("after", HELP)
    .action(async (id: string, flags: CallFlags) => {
      const { runCall } = await import("./run-call.ts");
      process.exitCode = await runCall(id, flags);
    });
}
