import { Command } from "commander";
import type { IncidentFlags } from "./run-incident.ts";

const HELP = `
Examples:
  scopetrail incident F-7Q2KABCDEF --in logs/ --out incident.html
  scopetrail incident F-7Q2KABCDEF --in logs/ > incident.html

Exit codes: 0 ok · 1 there is no such finding · 2 usage, or a path that gives nothing · 5 some of the input could not be read · 70 a bug`;

/** `scopetrail incident ID`. What it runs is loaded when it runs. */
export function incidentCommand(): Command {
  return new Command("incident")
    .description("A finding as one page for people: HTML without scripts, ready to be printed.")
    .argument("<id>", "a finding's id, as analyze prints it")
    .option("--in <path...>", "files and folders to read, as analyze does")
    .option("--out <file>", "where the page goes; standard output without it")
    .addHelpText("after", HELP)
    .action(async (id: string, flags: IncidentFlags) => {
      const { runIncident } = await import("./run-incident.ts");
      process.exitCode = await runIncident(id, flags);
    });
}
