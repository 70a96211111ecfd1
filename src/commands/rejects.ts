import { Command, InvalidArgumentError } from "commander";
import type { RejectsFlags } from "./run-rejects.ts";

/** `scopetrail rejects list|show|retry|export --config F`. What it runs is loaded when it runs. */
export function rejectsCommand(): Command {
  const rejects = new Command("rejects").description(
    "Records that could not be read: look at them, or read them again.",
  );
  const add = (name: string, description: string): Command =>
    rejects.command(name).description(description).requiredOption("--config <file>", "the configuration of serve");
  add("list", "how many there were, by source and reason")
    .option("--json", "as JSON")
    .action((flags: RejectsFlags) => start("list", flags));
  add("show", "one of them, with its place and what was kept of it")
    .argument("<id>", "its number, as export gives it", positive)
    .action((id: number, flags: RejectsFlags) => start("show", { ...flags, id }));
  add("retry", "read those that are kept once more: after an update, for instance")
    .option("--reason <reason>", "only those with this reason")
    .action((flags: RejectsFlags) => start("retry", flags));
  add("export", "those that are kept, one JSON object a line, to standard output")
    .option("--reason <reason>", "only those with this reason")
    .action((flags: RejectsFlags) => start("export", flags));
  return rejects.addHelpText(
    "after",
    `
Each is counted; the newest 10,000 are kept, redacted, whole where they were parsed. Where a serve has the state open, it is asked.
A record that is read at last is counted again, under the source "backfill".

Exit codes: 0 ok · 2 usage, configuration or no such reject · 70 a bug`,
  );
}

async function start(what: "list" | "show" | "retry" | "export", flags: RejectsFlags): Promise<void> {
  const { runRejects } = await import("./run-rejects.ts");
  process.exitCode = await runRejects(what, flags);
  process.exit();
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError("a whole number from 1");
  return Number(text);
}
