import { setTimeout as sleep } from "node:timers/promises";
import { alertFor, alertKey } from "../findings/alerts.ts";
import { steadyClock } from "../lib/steady-clock.ts";
import type { Finding } from "../model/finding.ts";
import type { EpochMs } from "../model/time.ts";
import { alertIdOf, createOutbox, type OutboxStore } from "../sinks/outbox.ts";
import type { Sink } from "../sinks/sink.ts";
import type { Commit, Store } from "../store/store.ts";
import type { Logger } from "../telemetry/log.ts";

const ROUND_MS = 1_000;
const LAST_ROUND_MS = 1_000;

/** Alerts that a finding's change calls for, one for each target, as each will be sent. */
export function planAlerts(sinks: readonly Sink[], before: Finding | undefined, after: Finding): Commit["outbox"] {
  const kind = alertFor(before, after);
  if (kind === undefined) return [];
  return sinks.map((sink) => {
    const id = alertIdOf(`${alertKey(kind, before, after)}|${sink.name}`);
    return { alertId: id, target: sink.name, body: sink.render({ id, kind, finding: after }), findingId: after.id };
  });
}

/**
 * Sends what was committed until `signal` aborts, then once more what is due by then, for a second at most.
 * `onFailure` is told when the store fails; what it did not take is sent again.
 */
export async function sendAlerts(
  {
    store,
    sinks,
    log,
  }: { readonly store: OutboxStore & Pick<Store, "findings">; readonly sinks: readonly Sink[]; readonly log: Logger },
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<void> {
  const elapsed = (): number => performance.now();
  // A time later than a time is a time.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const steady = steadyClock(now, elapsed) as () => EpochMs;
  const outbox = createOutbox({
    store,
    sinks,
    now: steady,
    elapsed,
    findingsOf(ids) {
      const wanted = new Set(ids);
      return store.findings().filter(({ id }) => wanted.has(id));
    },
    onTrouble: (target, because) => log.warn({ target, because }, "alert not delivered"),
    onFailure,
  });
  const round = (until: AbortSignal): void => {
    try {
      outbox.round(until);
    } catch (error) {
      onFailure(error);
    }
  };
  while (!signal.aborted) {
    round(signal);
    await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined);
  }
  await outbox.settled();
  round(AbortSignal.timeout(LAST_ROUND_MS));
  await outbox.settled();
}

// The clock is one of the places where a number becomes a time.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const now = (): EpochMs => Date.now() as EpochMs;
