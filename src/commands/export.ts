import { Command, Option } from "commander";
import { EXPORT_FORMATS } from "../model/evidence.ts";
import type { ExportFlags } from "./export-options.ts";
import type { VerifyFlags } from "./run-verify-export.ts";

const HELP = `
Examples:
  scopetrail export --in logs/ --from 2026-03-01 --to 2026-04-01 --out evidence/
  scopetrail export --in logs/ --container shop/orders --format csv --redact address=truncate,identity=pseudonym --redact-key env:PSEUDONYMS --out evidence/
  scopetrail export verify evidence/

Each export is a folder with data, findings, what is missing, a README and a signed manifest; exports to one folder are a
chain. Exit codes: 0 ok · 1 verify: something is wrong · 2 usage · 5 some of the input could not be read · 70 a bug`;

/** `scopetrail export` and `scopetrail export verify DIR`. What they run is loaded when it runs. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description("Write calls as evidence that an auditor can check alone.")
    .option("--in <path...>", "files and folders to read, as analyze does; without it, the calls that serve keeps")
    .option("--state <file>", "state of serve; by default .scopetrail/state.db")
    .option("--out <folder>", "where the exports go")
    .addOption(new Option("--format <format>", "of the data").choices(EXPORT_FORMATS).default("parquet"))
    .option("--from <time>", "first day or time, UTC")
    .option("--to <time>", "day or time after the last one, UTC")
    .option("--principal <id>", "only calls of this application, object, subscription or Cosmos DB principal")
    .option("--container <name>", "only calls that reach this container, or database/container")
    .option("--finding <id>", "only calls of what this finding is about, from its onset to its end")
    .option("--redact <profile>", "address, identity, agent, text = none, pseudonym, truncate or drop")
    .option(
      "--redact-key <reference>",
      "env:NAME or file:/path of the pseudonyms' key; without it, one that is thrown away",
    )
    .option(
      "--key <reference>",
      "env:NAME or file:/path of the Ed25519 key that signs; by default .scopetrail/export-key.pem",
    )
    .option("--rotate-from <reference>", "the key that signed the chain so far, where --key is a new one")
    .addHelpText("after", HELP)
    .action(async (flags: ExportFlags) => {
      const { runExport } = await import("./export-files.ts");
      process.exitCode = await runExport(flags);
    });
  command
    .command("verify")
    .description("Check an export, or the chain of exports in a folder: offline, without state.")
    .argument("<folder>")
    .option("--key <hex>", "the public key that you trust")
    .option("--anchor <sha256>", "hash of a manifest that must be there")
    .option("--json", "print the outcome as JSON")
    .exitOverride()
    .action(async (folder: string, flags: VerifyFlags) => {
      const { verifyExport } = await import("./run-verify-export.ts");
      process.exitCode = await verifyExport(folder, flags);
    });
  return command;
}
