import { Command } from "commander";
import type { VerifyPathFlags } from "./verify-plan.ts";

const HELP = `
Examples:
  scopetrail verify --url https://api.contoso.com/orders/1 --count 300 --header "Authorization: env:BEARER"
  scopetrail verify --url https://api.contoso.com/orders/1 --below 0.5 --in insights-logs/

  scopetrail verify --gateway-url "West Europe=https://weu.contoso.com" "North Europe=https://neu.contoso.com" \\
    --identity billing=env:BILLING reports=file:/run/token --operation "GET /orders/1" "GET /carts/1" --below 1

Each combination of gateway, identity and operation is verified by itself, with as many calls as all of them together need.

With --in, the logs are read until each call was found in them by its mark (the gateway must log the request header
x-scopetrail-mark), or --wait has passed.

Exit codes: 0 clean · 1 some were refused · 2 usage · 4 no answer · 5 some were not found in the logs · 70 a bug · 130 interrupted`;

/** `scopetrail verify`. What it runs is loaded when it runs. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description("Send marked calls through the gateway and say how clean the path is, with what confidence.")
    .option("--url <url>", "address to call; only read from it")
    .option("--gateway-url <region=url...>", "addresses of several gateways or regions, with names, instead of --url")
    .option("--identity <name=reference...>", "callers: env:NAME or file:/path of a bearer token each")
    .option("--operation <operation...>", 'as "GET /path", behind the address')
    .option("--count <n>", "calls to send of each combination; by default as many as --below needs")
    .option("--below <percent>", "refused share that is to be ruled out", "1")
    .option("--confidence <percent>", "with which it is ruled out, in all combinations together", "95")
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
