import { Command } from "commander";
import { DEMO_PORT, DEMO_SEED } from "./demo-defaults.ts";

const HELP = `
Examples:
  scopetrail demo
  scopetrail demo --port 0       takes a free port and prints it
  PORT=8080 npm start            the same from the project's folder

Exit codes: 0 stopped · 2 usage, or the port is taken · 70 a bug · 130 interrupted`;

/** `scopetrail demo`, which is also `npm start`: the simulated tenant, nothing to configure and nothing kept. */
export function demoCommand(): Command {
  return new Command("demo")
    .description("Show the dashboard on a simulated tenant with live faults: no Azure, no configuration, nothing kept.")
    .option("--port <port>", `port of the dashboard on 127.0.0.1, also by the variable PORT; ${DEMO_PORT} unless told`)
    .option("--seed <seed>", "seed of the simulated tenant", String(DEMO_SEED))
    .addHelpText("after", HELP)
    .action(async (flags: { port?: string; seed: string }) => {
      const { demo } = await import("./run-demo.ts");
      process.exitCode = await demo(flags);
      process.exit();
    });
}
