import { Command } from "commander";
import { EXIT } from "./exit-codes.ts";

/** `scopetrail config …`: the configuration of serve, checked, printed, described. */
export function configCommand(): Command {
  const command = new Command("config")
    .description("Check, print and describe the configuration of serve.")
    .addHelpText(
      "after",
      `
Examples:
  scopetrail config check --config scopetrail.yml
  scopetrail config print --config scopetrail.yml
  scopetrail config token grafana
  scopetrail config schema > scopetrail.schema.json     then, first line of the YAML:
  # yaml-language-server: $schema=scopetrail.schema.json

Exit codes: 0 ok · 2 the configuration has faults, each on a line of standard error`,
    );
  for (const one of [check(), print(), schema(), token()]) command.addCommand(one.exitOverride());
  return command;
}

const OPTION = ["--config <file>", "YAML or JSON"] as const;

function check(): Command {
  return new Command("check")
    .description("Say every fault of a configuration at once.")
    .requiredOption(...OPTION)
    .action(async (flags: { config: string }) => {
      const loaded = await load(flags.config);
      if (loaded !== undefined) process.stderr.write(`${flags.config}: no faults.\n`);
    });
}

function print(): Command {
  return new Command("print")
    .description("Print a configuration with every default filled in; secrets stay references.")
    .requiredOption(...OPTION)
    .action(async (flags: { config: string }) => {
      const loaded = await load(flags.config);
      if (loaded !== undefined) process.stdout.write(`${JSON.stringify(loaded, null, 2)}\n`);
    });
}

async function load(path: string): Promise<unknown> {
  const { loadConfig } = await import("../config/load-config.ts");
  const config = await loadConfig(path);
  if (config.ok) return config.value;
  for (const fault of config.error) process.stderr.write(`config: ${fault}\n`);
  process.exitCode = EXIT.usage;
  return undefined;
}

function token(): Command {
  return new Command("token")
    .description("Make an API token: the token on standard output, what goes into the configuration on standard error.")
    .argument("[name]", "who it is for", "program")
    .action(async (name: string) => {
      const { newToken } = await import("./new-token.ts");
      const { text, sha256 } = newToken();
      process.stdout.write(`${text}\n`);
      process.stderr.write(`server.auth.tokens: - { name: ${name}, sha256: ${sha256}, roles: [viewer] }\n`);
    });
}

function schema(): Command {
  return new Command("schema")
    .description("Print the JSON Schema of the configuration, for editors.")
    .action(async () => {
      const { configJsonSchema } = await import("../config/reference.ts");
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    });
}
