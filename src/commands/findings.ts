import { Command, InvalidArgumentError, Option } from "commander";
import type { FindingsFlags, MuteFlags } from "./run-findings.ts";

const URL_OPTION = [
  "--url <address>",
  "a running Scopetrail; http://127.0.0.1:7433 or the variable SCOPETRAIL_URL without it",
] as const;
const TOKEN_OPTION = [
  "--token <reference>",
  "env:NAME or file:/path of an API token; or the variable SCOPETRAIL_TOKEN",
] as const;
const EXIT_CODES = `
Exit codes: 0 ok · 1 an open finding at or above --fail-on · 2 usage, or no such finding · 3 not allowed · 4 no answer`;

/** `scopetrail findings …`: what a running Scopetrail found. */
export function findingsCommand(): Command {
  const command = new Command("findings")
    .description("List, show, acknowledge and mute the findings of a running Scopetrail.")
    .addHelpText(
      "after",
      `
Examples:
  scopetrail findings list --status open
  scopetrail findings show F-7Q2KABCDEF
  scopetrail findings mute F-7Q2KABCDEF --for 8h --reason "planned key rotation"
${EXIT_CODES}`,
    );
  for (const one of [list(), show(), acknowledge(), mute(), unmute()]) command.addCommand(one.exitOverride());
  return command;
}

const many = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function list(): Command {
  return new Command("list")
    .description("Findings, those going on first, worst first.")
    .addOption(new Option("--status <state>", "open, resolved or muted; several times for any of them").argParser(many))
    .addOption(new Option("--severity <severity>", "high, medium or low").argParser(many))
    .addOption(new Option("--cause <id>", "such as backend-grants-differ").argParser(many))
    .addOption(new Option("--api <name>").argParser(many))
    .option("--search <text>", "text in title, cause, subject or sample ids")
    .option("--from <time>", "such as now-3h or 2026-11-25T12:00:00Z")
    .option("--to <time>")
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 when an open finding is at least this severe").choices([
        "low",
        "medium",
        "high",
      ]),
    )
    .option("--json", "print them as JSON")
    .option(...URL_OPTION)
    .option(...TOKEN_OPTION)
    .addHelpText("after", EXIT_CODES)
    .action(async (flags: FindingsFlags) => {
      process.exitCode = await (await import("./run-findings.ts")).listFindings(flags);
    });
}

function show(): Command {
  return new Command("show")
    .description("One finding: since when, what differs, why, and what to do.")
    .argument("<id>", "F- and ten letters or digits")
    .option("--json", "print it as JSON")
    .option(...URL_OPTION)
    .option(...TOKEN_OPTION)
    .addHelpText("after", EXIT_CODES)
    .action(async (id: string, flags: FindingsFlags) => {
      process.exitCode = await (await import("./run-findings.ts")).showFinding(id, flags);
    });
}

function acknowledge(): Command {
  return new Command("ack")
    .description("Say that somebody looks after a finding.")
    .argument("<id>")
    .option("--reason <text>")
    .option(...URL_OPTION)
    .option(...TOKEN_OPTION)
    .action(async (id: string, flags: MuteFlags) => {
      process.exitCode = await (await import("./run-findings.ts")).decideFinding("acknowledge", id, flags);
    });
}

const scopeOption = (): Option =>
  new Option("--scope <scope>", "this finding, or every one with its principal or cause")
    .choices(["finding", "principal", "cause"])
    .default("finding");

function mute(): Command {
  return new Command("mute")
    .description("Tell nobody of a finding; it stays on the dashboard, with the reason.")
    .argument("<id>")
    .requiredOption("--reason <text>", "why, for those who read it later")
    .option("--for <span>", "such as 30m, 8h or 7d; until somebody ends it without", spanOf)
    .addOption(scopeOption())
    .option(...URL_OPTION)
    .option(...TOKEN_OPTION)
    .action(async (id: string, flags: MuteFlags) => {
      process.exitCode = await (await import("./run-findings.ts")).decideFinding("mute", id, flags);
    });
}

function unmute(): Command {
  return new Command("unmute")
    .description("End a mute.")
    .argument("<id>")
    .requiredOption("--reason <text>", "why")
    .addOption(scopeOption())
    .option(...URL_OPTION)
    .option(...TOKEN_OPTION)
    .action(async (id: string, flags: MuteFlags) => {
      process.exitCode = await (await import("./run-findings.ts")).decideFinding("unmute", id, flags);
    });
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** Milliseconds of `30m`, `8h` or `7d`. */
function spanOf(text: string): number {
  const [, count, unit = ""] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("a span such as 30m, 8h or 7d");
  return Number(count) * (UNITS.get(unit) ?? 0);
}
