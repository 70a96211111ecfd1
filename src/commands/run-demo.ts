import type { EpochMs } from "../model/time.ts";
import { demoFeed } from "../simulate/demo.ts";
import { simulatedSource } from "../sources/simulated.ts";
import { createMemoryAccessLog } from "../store/access-log.ts";
import { createMemoryCallLog } from "../store/call-log.ts";
import { createMemoryDecisions } from "../store/decision-log.ts";
import { createMemoryStore } from "../store/memory-store.ts";
import { createLogger } from "../telemetry/log.ts";
import { demoRoleSources } from "./demo-role-sources.ts";
import { DEMO_PORT } from "./demo-defaults.ts";
import { EXIT } from "./exit-codes.ts";
import { exportRows } from "./export-rows.ts";
import { host } from "./host.ts";
import { portOf } from "./port.ts";
import { exitCodeOf, stopSignal } from "./stop-signal.ts";

const LATENESS_SECONDS = 8;

/** The dashboard on the simulated tenant until stopped; gives the exit code. */
export async function demo(flags: { readonly port?: string; readonly seed: string }): Promise<number> {
  const port = portOf(flags.port, process.env["PORT"], DEMO_PORT);
  const { seed } = flags;
  if (!port.ok) return usage(port.error);
  if (!/^\d{1,9}$/.test(seed)) return usage(`--seed: "${seed}" is no whole number from 0 to 999999999`);
  // The clock is where a number becomes a time.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const now = Date.now() as EpochMs;
  const stop = stopSignal();
  const calls = createMemoryCallLog();
  const code = await host({
    sources: [
      simulatedSource("demo", demoFeed({ seed: Number(seed), now }), { now: () => Date.now() }),
      ...demoRoleSources(Number(seed), now),
    ],
    store: createMemoryStore(),
    calls,
    evidence: {
      accesses: createMemoryAccessLog(),
      rows: exportRows({ calls, folder: undefined, durable: () => 0 }),
    },
    sinks: [],
    decisions: createMemoryDecisions(),
    lateness: LATENESS_SECONDS,
    joinWindow: LATENESS_SECONDS,
    longestDelay: LATENESS_SECONDS,
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
