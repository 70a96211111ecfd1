import type { EpochMs } from "../model/time.ts";
import type { TargetHealth } from "../server/view.ts";
import type { Delivery, Sink } from "../sinks/sink.ts";

export interface WatchedSinks {
  readonly sinks: readonly Sink[];
  /** What each target answered last, since the start. */
  readonly health: () => readonly TargetHealth[];
}

/** The sinks, with what came of their last attempts kept for the health page. */
export function watchSinks(sinks: readonly Sink[], now: () => EpochMs): WatchedSinks {
  const health = new Map<string, TargetHealth>(
    sinks.map(({ name, type = "" }) => [name, { name, type, delivered: 0, failed: 0, last: null }]),
  );
  const note = (name: string, delivery: Delivery): void => {
    const known = health.get(name);
    if (known === undefined) return;
    const isDelivered = delivery.kind === "delivered";
    health.set(name, {
      ...known,
      delivered: known.delivered + Number(isDelivered),
      failed: known.failed + Number(!isDelivered),
      last: { at: now(), kind: delivery.kind, says: isDelivered ? `answered ${delivery.status}` : delivery.because },
    });
  };
  const watched = sinks.map(
    (sink): Sink => ({
      ...sink,
      async send(alertId, body, signal) {
        const delivery = await sink.send(alertId, body, signal);
        if (!signal.aborted) note(sink.name, delivery);
        return delivery;
      },
    }),
  );
  return { sinks: watched, health: () => [...health.values()] };
}
