import { createHash } from "node:crypto";
import type { EpochMs } from "../model/time.ts";
import type { Delivery, Sink } from "./sink.ts";

/** One alert that is due at one target. */
interface Due {
  readonly alertId: string;
  readonly target: string;
  readonly body: string;
  readonly attempts: number;
}

/** The rows of the store that the outbox works on; a part of the store's interface. */
export interface OutboxStore {
  due(now: EpochMs, limit: number): readonly Due[];
  sent(alertId: string, target: string): void;
  retry(alertId: string, target: string, next: EpochMs, because: string): void;
  dead(alertId: string, target: string, because: string): void;
}

export interface OutboxOptions {
  readonly store: OutboxStore;
  readonly sinks: readonly Sink[];
  readonly now: () => EpochMs;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
  /** Told of each attempt that did not deliver. */
  readonly onTrouble: (target: string, because: string) => void;
  /** Told when what became of an alert could not be kept: it will be sent again. */
  readonly onFailure: (error: unknown) => void;
}

export interface Outbox {
  /** Starts sending what is due, to each target one alert at a time; does not wait for answers. */
  round(signal: AbortSignal): void;
  /** Ends when no answer is waited for. */
  settled(): Promise<void>;
}

/** Waits before the next attempt: the schedule of Standard Webhooks, 75.6 hours in all. */
const SCHEDULE_MS = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000];
/** After a refusal of the target itself (401, 404 …) the next look is this late: somebody must mend it first. */
const BROKEN_MS = 300_000;
/** Looked at in one round; many, as those of a target that is busy are passed over. */
const BATCH = 200;
/** Between two alerts to one target: Slack takes one a second a channel. */
const SPACING_MS = 1_000;

/** The alert's id, from what it says: the same alert planned again has the same id. */
export const alertIdOf = (key: string): string =>
  `msg_${createHash("sha256").update(key).digest("base64url").slice(0, 27)}`;

/**
 * Each target in order and at its own pace, at most one alert a second: one that hangs holds up no other. What was
 * committed is sent at least once; nothing is sent that was not committed.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { store, now, elapsed, onFailure } = options;
  const sinks = new Map(options.sinks.map((sink) => [sink.name, sink]));
  const busy = new Map<string, Promise<void>>();
  const free = new Map<string, number>();
  const gone = new Map<string, string>();

  async function send(sink: Sink, row: Due, signal: AbortSignal): Promise<void> {
    const delivery = await sink.send(row.alertId, row.body, signal);
    if (signal.aborted && delivery.kind !== "delivered") return;
    if (delivery.kind === "gone") gone.set(row.target, delivery.because);
    settle(row, delivery, options);
  }

  return {
    round(signal) {
      for (const row of store.due(now(), BATCH)) {
        const { target } = row;
        const sink = sinks.get(target);
        const never = sink === undefined ? "the target is no longer configured" : gone.get(target);
        if (sink === undefined || never !== undefined) store.dead(row.alertId, target, never ?? "");
        else if (!busy.has(target) && elapsed() >= (free.get(target) ?? 0)) {
          free.set(target, elapsed() + SPACING_MS);
          const sending = send(sink, row, signal).catch(onFailure);
          busy.set(
            target,
            sending.finally(() => busy.delete(target)),
          );
        }
      }
    },
    async settled() {
      await Promise.all(busy.values());
    },
  };
}

function settle(
  { alertId, target, attempts }: Due,
  delivery: Delivery,
  { store, now, onTrouble }: OutboxOptions,
): void {
  if (delivery.kind === "delivered") {
    store.sent(alertId, target);
    return;
  }
  onTrouble(target, delivery.because);
  const planned = SCHEDULE_MS[attempts];
  if (planned === undefined || delivery.kind === "gone") {
    store.dead(alertId, target, delivery.because);
    return;
  }
  const base = delivery.kind === "broken" ? Math.max(planned, BROKEN_MS) : planned;
  const asked = delivery.kind === "retry" ? delivery.afterMs : undefined;
  const wait = Math.max(base * jitter(alertId, attempts), Math.min(2 * base, asked ?? 0));
  store.retry(alertId, target, after(now(), wait), delivery.because);
}

// A time later than a time is a time.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const after = (now: EpochMs, ms: number): EpochMs => Math.round(now + ms) as EpochMs;

/** 0.8 to 1.2, the same for the same attempt. */
function jitter(alertId: string, attempt: number): number {
  const [byte = 0] = createHash("sha256").update(`${alertId}|${attempt}`).digest();
  return 0.8 + (byte / 255) * 0.4;
}
