import { Command } from "commander";
import type { ApiFlags } from "./api-client.ts";

/** `scopetrail mcp`: the Model Context Protocol on standard input and output. */
export function mcpCommand(): Command {
  return new Command("mcp")
    .description(
      "Let an assistant program read the findings of a running Scopetrail, by the Model Context Protocol over stdio.",
    )
    .option(
      "--url <address>",
      "a running Scopetrail with server.mcp; http://127.0.0.1:7433 or the variable SCOPETRAIL_URL without it",
    )
    .option("--token <reference>", "env:NAME or file:/path of an API token; or the variable SCOPETRAIL_TOKEN")
    .addHelpText(
      "after",
      `
Examples:
  {"mcpServers": {"scopetrail": {"command": "scopetrail", "args": ["mcp"]}}}

Exit codes: 0 the input ended · 2 usage`,
    )
    .action(async (flags: ApiFlags) => {
      process.exitCode = await (await import("./run-mcp.ts")).runMcp(flags);
    });
}
