import { Command } from "commander";
import type { Result } from "../lib/result.ts";
import type { EpochMs } from "../model/time.ts";
import { DEMO_SEED, demoFeed } from "../simulate/demo.ts";
import { simulatedSource } from "../sources/simulated.ts";
import { createMemoryStore } from "../store/memory-store.ts";
import { createLogger } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { host } from "./host.ts";
import { portOf } from "./port.ts";
import { exitCodeOf, stopSignal } from "./stop-signal.ts";

const PORT = 7_433;
const LATENESS_SECONDS = 8;

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
    .option("--port <port>", `port of the dashboard on 127.0.0.1, also by the variable PORT; ${PORT} unless told`)
    .option("--seed <seed>", "seed of the simulated tenant", String(DEMO_SEED))
    .addHelpText("after", HELP)
    .action(async (flags: { port?: string; seed: string }) => {
      process.exitCode = await demo(portOf(flags.port, process.env["PORT"], PORT), flags.seed);
      process.exit();
    });
}

async function demo(port: Result<number, string>, seed: string): Promise<number> {
  if (!port.ok) return usage(port.error);
  if (!/^\d{1,9}$/.test(seed)) return usage(`--seed: "${seed}" is no whole number from 0 to 999999999`);
  // The clock is where a number becomes a time.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const now = Date.now() as EpochMs;
  const stop = stopSignal();
  const code = await host({
    sources: [simulatedSource("demo", demoFeed({ seed: Number(seed), now }), { now: () => Date.now() })],
    store: createMemoryStore(),
    sinks: [],
    lateness: LATENESS_SECONDS,
    joinWindow: LATENESS_SECONDS,
    port: port.value,
    log: createLogger("warn"),
    signal: stop,
    onReady: (address) =>
      process.stderr.write(
        `Scopetrail is showing a simulated tenant: ${address}\nFaults begin and end while you watch. Press Ctrl+C to stop.\n`,
      ),
    onFatal: usage,
  });
  return exitCodeOf(code, stop);
}

function usage(says: string): number {
  process.stderr.write(`demo: ${says}\n`);
  return EXIT.usage;
}
