import { createHash } from "node:crypto";
import type { EpochMs } from "../model/time.ts";
import type { Delivery, Sink } from "./sink.ts";

/** The rows of the store that the outbox works on; a part of the store's interface. */
export interface OutboxStore {
  due(
    now: EpochMs,
    limit: number,
  ): readonly { readonly alertId: string; readonly target: string; readonly body: string; readonly attempts: number }[];
  sent(alertId: string, target: string): void;
  retry(alertId: string, target: string, next: EpochMs, because: string): void;
  dead(alertId: string, target: string, because: string): void;
}

export interface OutboxOptions {
  readonly now: () => EpochMs;
  readonly signal: AbortSignal;
  /** Told of each attempt that did not deliver. */
  readonly onTrouble: (target: string, because: string) => void;
}

/** Waits before the next attempt: the schedule of Standard Webhooks, 75.6 hours in all. */
const SCHEDULE_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000];
/** After a refusal of the target itself (401, 404 …) the next look is this late: somebody must mend it first. */
const BROKEN_MS = 300_000;
const BATCH = 20;
/** Between two alerts to one target: Slack takes one a second a channel. */
const SPACING_MS = 1_000;

/** The alert's id, from what it says: the same alert planned again has the same id. */
export const alertIdOf = (key: string): string =>
  `msg_${createHash("sha256").update(key).digest("base64url").slice(0, 27)}`;

/**
 * Sends what is due, once round: each target in order, at most one alert a second. What was committed is sent at least
 * once; nothing is sent that was not committed. Gives the number of alerts delivered.
 */
export async function sendDue(
  store: OutboxStore,
  sinks: ReadonlyMap<string, Sink>,
  options: OutboxOptions,
  lastSent: Map<string, number>,
): Promise<number> {
  let delivered = 0;
  for (const row of store.due(options.now(), BATCH)) {
    if (options.signal.aborted) break;
    const sink = sinks.get(row.target);
    if (sink === undefined) {
      store.dead(row.alertId, row.target, "the target is no longer configured");
      continue;
    }
    const wait = (lastSent.get(row.target) ?? 0) + SPACING_MS - options.now();
    if (wait > 0) continue;
    lastSent.set(row.target, options.now());
    const delivery = await sink.send(row.alertId, row.body, options.signal);
    if (options.signal.aborted && delivery.kind !== "delivered") break;
    settle(store, row, delivery, options);
    if (delivery.kind === "delivered") delivered += 1;
  }
  return delivered;
}

function settle(
  store: OutboxStore,
  row: { alertId: string; target: string; attempts: number },
  delivery: Delivery,
  { now, onTrouble }: OutboxOptions,
): void {
  if (delivery.kind === "delivered") {
    store.sent(row.alertId, row.target);
    return;
  }
  onTrouble(row.target, delivery.because);
  const planned = SCHEDULE_MS[row.attempts];
  if (planned === undefined) {
    store.dead(row.alertId, row.target, delivery.because);
    return;
  }
  const base = delivery.kind === "broken" ? Math.max(planned, BROKEN_MS) : planned;
  const asked = delivery.kind === "retry" ? delivery.afterMs : undefined;
  const wait = Math.min(2 * base, Math.max(base, asked ?? 0)) * jitter(row.alertId, row.attempts);
  store.retry(row.alertId, row.target, after(now(), wait), delivery.because);
}

// A time later than a time is a time.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const after = (now: EpochMs, ms: number): EpochMs => Math.round(now + ms) as EpochMs;

/** 0.8 to 1.2, the same for the same attempt. */
function jitter(alertId: string, attempt: number): number {
  const [byte = 0] = createHash("sha256").update(`${alertId}|${attempt}`).digest();
  return 0.8 + (byte / 255) * 0.4;
}
