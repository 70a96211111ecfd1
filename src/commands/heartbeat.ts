import type { Sink } from "../sinks/sink.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/log.ts";

/** One target that is told at intervals that all is well: its silence is the alarm. */
export interface Heartbeat {
  readonly target: string;
  readonly seconds: number;
}

export interface HeartbeatOptions {
  readonly heartbeats: readonly Heartbeat[];
  readonly sinks: readonly Sink[];
  readonly store: Pick<Store, "ledger">;
  /** What keeps the analyzer from its work. */
  readonly waitingFor: () => readonly string[];
  /** ms since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/** Sends heartbeats until `signal` aborts. One that fails is not tried again: the next comes soon, and its silence tells. */
export function sendHeartbeats(options: HeartbeatOptions, signal: AbortSignal): void {
  for (const { target, seconds } of options.heartbeats) {
    const sink = options.sinks.find(({ name }) => name === target);
    if (sink === undefined) continue;
    const timer = setInterval(() => void beat(sink, options, signal), seconds * 1_000);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }
}

async function beat(sink: Sink, { store, waitingFor, now, log }: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  try {
    const at = now();
    const body = { type: "heartbeat", timestamp: new Date(at).toISOString(), data: heartbeatOf(store, waitingFor()) };
    const delivery = await sink.send(`heartbeat_${at}`, JSON.stringify(body), signal);
    if (delivery.kind !== "delivered" && !signal.aborted)
      log.warn({ target: sink.name, because: delivery.because }, "heartbeat not delivered");
  } catch (error) {
    log.warn({ target: sink.name, err: error }, "heartbeat not delivered");
  }
}

const MOST_WAITS = 20;

function heartbeatOf(store: Pick<Store, "ledger">, waitingFor: readonly string[]): object {
  const totals = { records: 0, accepted: 0, duplicate: 0, filtered: 0, rejected: 0 };
  for (const partitions of store.ledger().values())
    for (const row of partitions.values()) {
      totals.records += row.records;
      totals.accepted += row.accepted;
      totals.duplicate += row.duplicate;
      totals.filtered += row.filtered;
      totals.rejected += row.rejected;
    }
  return { schemaVersion: 1, ledger: totals, waitingFor: waitingFor.slice(0, MOST_WAITS) };
}
