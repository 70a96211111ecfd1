import { Command, InvalidArgumentError } from "commander";
import { parseScope, type Scope } from "../model/grant.ts";
import type { PrincipalsFlags } from "./run-principals.ts";

const HELP = `
Examples:
  az cosmosdb sql role assignment list -a ACCOUNT -g GROUP > roles/assignments.json
  az cosmosdb sql role definition list -a ACCOUNT -g GROUP > roles/definitions.json
  scopetrail principals --in insights-logs-dataplanerequests/ roles/
  scopetrail principals --in logs/ --account "$(az cosmosdb show -n ACCOUNT -g GROUP --query id -o tsv)"
  scopetrail principals show OBJECT-ID --in logs/ roles/
  scopetrail principals replay OBJECT-ID --role narrow.json --scope /dbs/shop --in logs/ roles/

Exit codes: 0 ok · 2 usage, or a path that gives nothing · 3 refused by Azure · 4 unreachable · 5 a file not read to its end · 70 a bug`;

/** `scopetrail principals`, `principals show ID`, `principals replay ID` */
export function principalsCommand(): Command {
  const command = withInput(new Command("principals"))
    .description("Who holds which rights on Cosmos DB, and what of them is used; most that is not needed first.")
    .addHelpText("after", HELP)
    .action(async (flags: PrincipalsFlags) => {
      const { list, read } = await import("./run-principals.ts");
      process.exitCode = await read(flags, list);
    });
  const show = withInput(new Command("show"))
    .description("One principal: what it holds, uses and needs, the smallest role, and the way there and back.")
    .argument("<id>", "object id, or the name of a key")
    .action(async (id: string, _: unknown, self: Command) => {
      const { read, showOne } = await import("./run-principals.ts");
      process.exitCode = await read(self.optsWithGlobals<PrincipalsFlags>(), (known) =>
        showOne(id.toLowerCase(), known),
      );
    });
  const replay = withInput(new Command("replay"))
    .description("What past calls of a principal another role would have denied: how many, which, when.")
    .argument("<id>", "object id")
    .requiredOption("--role <file>", "JSON of a role: as for az cosmosdb sql role definition create --body")
    .option("--scope <scope...>", "where it would be assigned: /, /dbs/D or /dbs/D/colls/C", scopes, [])
    .action(async (id: string, own: { role: string; scope: readonly Scope[] }, self: Command) => {
      const { read, replayOne } = await import("./run-principals.ts");
      process.exitCode = await read(self.optsWithGlobals<PrincipalsFlags>(), (known) =>
        replayOne(id.toLowerCase(), own, known),
      );
    });
  return command.addCommand(show.exitOverride()).addCommand(replay.exitOverride());
}

const withInput = (command: Command): Command =>
  command
    .option("--in <paths...>", "log files, role lists and folders of them; - for standard input")
    .option("--json", "print JSON on standard output")
    .option("--account <arm-ids...>", "also ask Azure for the roles of these accounts, as DefaultAzureCredential")
    .option("--endpoint <url>", "the management interface of another cloud")
    .option("--exceptions <file>", "YAML or JSON of grants that somebody answers for");

function scopes(text: string, before: readonly Scope[]): readonly Scope[] {
  const scope = parseScope(text);
  if (scope === undefined) throw new InvalidArgumentError("/, /dbs/D or /dbs/D/colls/C");
  return [...before, scope];
}
