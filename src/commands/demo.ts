import { Command } from "commander";
import type { EpochMs } from "../model/time.ts";
import { demoFeed } from "../simulate/demo.ts";
import { simulatedSource } from "../sources/simulated.ts";
import { createMemoryStore } from "../store/memory-store.ts";
import { createLogger } from "../telemetry/log.ts";
import { EXIT } from "./exit-codes.ts";
import { host } from "./host.ts";
import { stopSignal } from "./stop-signal.ts";

const PORT = 7_433;
const LATENESS_SECONDS = 8;

/** `scopetrail demo`, which is also `npm start`: the simulated tenant, nothing to configure and nothing kept. */
export function demoCommand(): Command {
  return new Command("demo")
    .description("Show the dashboard on a simulated tenant with live faults: no Azure, no configuration, nothing kept.")
    .option("--port <port>", "port of the dashboard on 127.0.0.1", process.env["PORT"] ?? String(PORT))
    .option("--seed <seed>", "seed of the simulated tenant", "7")
    .action(async (flags: { port: string; seed: string }) => {
      process.exitCode = await demo(Number(flags.port), Number(flags.seed));
      process.exit();
    });
}

async function demo(port: number, seed: number): Promise<number> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || !Number.isInteger(seed) || seed < 0) {
    process.stderr.write("demo: --port is 0 to 65535, --seed a whole number from 0\n");
    return EXIT.usage;
  }
  // The clock is where a number becomes a time.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const now = Date.now() as EpochMs;
  return await host({
    sources: [simulatedSource("demo", demoFeed({ seed, now }), { now: () => Date.now() })],
    store: createMemoryStore(),
    sinks: [],
    lateness: LATENESS_SECONDS,
    joinWindow: LATENESS_SECONDS,
    port,
    log: createLogger("warn"),
    signal: stopSignal(),
    onReady: (address) =>
      process.stderr.write(
        `Scopetrail is showing a simulated tenant: ${address}\nFaults begin and end while you watch. Press Ctrl+C to stop.\n`,
      ),
  });
}
