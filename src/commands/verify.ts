import { Command } from "commander";
import type { VerifyPathFlags } from "./run-verify.ts";

const HELP = `
Examples:
  scopetrail verify --url https://api.contoso.com/orders/1 --count 300 --header "Authorization: env:BEARER"
  scopetrail verify --url https://api.contoso.com/orders/1 --below 0.5 --in insights-logs/

With --in, the logs are read until each call was found in them by its mark (the gateway must log the request header
x-scopetrail-mark), or --wait has passed.

Exit codes: 0 clean · 1 some were refused · 2 usage · 4 no answer · 5 some were not found in the logs · 70 a bug · 130 interrupted`;

/** `scopetrail verify`. What it runs is loaded when it runs. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("Send marked calls through the gateway and say how clean the path is, with what confidence.")
    .option("--url <url>", "address to call; only read from it")
    .option("--count <n>", "calls to send; by default as many as --below needs")
    .option("--below <percent>", "refused share that is to be ruled out at 95 %", "1")
    .option("--method <method>", "GET or HEAD", "GET")
    .option("--header <header...>", 'as "Name: value", or "Name: env:NAME" for what is secret')
    .option("--concurrency <n>", "most calls in flight", "4")
    .option("--in <path...>", "logs in which the calls are followed")
    .option("--wait <seconds>", "how long the logs may take", "600")
    .option("--json", "print JSON on standard output")
    .addHelpText("after", HELP)
    .action(async (flags: VerifyPathFlags) => {
      const { runVerify } = await import("./run-verify.ts");
      process.exitCode = await runVerify(flags);
    });
}
