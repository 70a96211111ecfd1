import { type EventTable, GATEWAY_KIND, kindOf, OPERATION_KIND, timeOf } from "../model/event-table.ts";
import { type DurationMs, type EpochMs, epochMs } from "../model/time.ts";

/**
 * How long after their events the records of each log reach the broker, measured by the broker's clock: how far behind we
 * read makes no difference. What was measured counts half after ten minutes. Plain data: survives a structured clone.
 */
export interface Delays {
  /** Records that come later are not measured, and not waited for. */
  longest: DurationMs;
  /** Records by their delay: whole seconds up to a minute, tens of seconds beyond. */
  gateway: Float64Array;
  operation: Float64Array;
  /** What was measured is halved from then on. */
  halvedFrom: number;
}

const SECOND_MS: DurationMs = 1_000;
const FINE_STEPS = 60;
const COARSE_MS: DurationMs = 10_000;
const HALVED_MS: DurationMs = 600_000;

/** Of what a log delivers, one record in 200 may be later than what is waited for. */
const MOST = 0.995;
const FEW = 0.05;

export function createDelays(longest: DurationMs): Delays {
  const steps = stepOf(longest) + 1;
  return { longest, gateway: new Float64Array(steps), operation: new Float64Array(steps), halvedFrom: 0 };
}

/** From now on records are waited for so long at most; what was measured of those that still are, stays. */
export function waitAtMost(delays: Delays, longest: DurationMs): void {
  if (longest === delays.longest) return;
  const fresh = createDelays(longest);
  const { length } = fresh.gateway;
  fresh.gateway.set(delays.gateway.subarray(0, length));
  fresh.operation.set(delays.operation.subarray(0, length));
  delays.longest = longest;
  delays.gateway = fresh.gateway;
  delays.operation = fresh.operation;
}

const stepOf = (delay: DurationMs): number =>
  delay < FINE_STEPS * SECOND_MS
    ? Math.floor(delay / SECOND_MS)
    : FINE_STEPS + Math.floor((delay - FINE_STEPS * SECOND_MS) / COARSE_MS);

const stepStart = (step: number): DurationMs =>
  step <= FINE_STEPS ? step * SECOND_MS : FINE_STEPS * SECOND_MS + (step - FINE_STEPS) * COARSE_MS;

/** Counts the events of a batch, which reached the broker at `enqueued`. */
export function measure(delays: Delays, events: EventTable, enqueued: EpochMs): void {
  if (enqueued >= delays.halvedFrom) {
    if (delays.halvedFrom > 0) for (const steps of [delays.gateway, delays.operation]) halve(steps);
    delays.halvedFrom = enqueued + HALVED_MS;
  }
  for (let place = 0; place < events.count; place++) {
    const steps = stepsOf(delays, kindOf(events, place));
    if (steps === undefined) continue;
    const step = stepOf(Math.max(0, enqueued - epochMs(timeOf(events, place))));
    if (step < steps.length) steps[step] = (steps[step] ?? 0) + 1;
  }
}

function halve(steps: Float64Array): void {
  for (let step = 0; step < steps.length; step++) steps[step] = (steps[step] ?? 0) / 2;
}

function stepsOf({ gateway, operation }: Delays, kind: number): Float64Array | undefined {
  if (kind === GATEWAY_KIND) return gateway;
  return kind === OPERATION_KIND ? operation : undefined;
}

/** The first step below whose end a share of the records are; -1 where none was measured. */
function stepAt(steps: Float64Array, share: number): number {
  let total = 0;
  for (const count of steps) total += count;
  if (total === 0) return -1;
  let sum = 0;
  for (let step = 0; step < steps.length; step++) {
    sum += steps[step] ?? 0;
    if (sum >= share * total) return step;
  }
  return steps.length - 1;
}

/** Nearly all records of a log have come so long after their events; undefined where none was measured. */
export function delayOf(delays: Delays, kind: number): DurationMs | undefined {
  const step = stepAt(stepsOf(delays, kind) ?? new Float64Array(), MOST);
  return step < 0 ? undefined : stepStart(step + 1);
}

/** By the words that a finding has for what saw the refusals. */
export const delaysOf = (delays: Delays): readonly (readonly [log: "gateway" | "cosmos", delay: DurationMs])[] =>
  (
    [
      ["gateway", GATEWAY_KIND],
      ["cosmos", OPERATION_KIND],
    ] as const
  ).flatMap(([log, kind]) => {
    const delay = delayOf(delays, kind);
    return delay === undefined ? [] : [[log, delay] as const];
  });

/** How much longer than its promptest records those of a log may take. */
export interface Wait {
  /** After the newest event: the slowest log's delay, less what the promptest log needs at least. */
  readonly afterNewest: DurationMs;
  /** After the moment up to which the broker was read: the slowest log's delay; undefined where none was measured. */
  readonly afterArrival: DurationMs | undefined;
}

/** What must be waited for until all logs have told of a moment. */
export function waitForAll(delays: Delays): Wait {
  const slowest = Math.max(delayOf(delays, GATEWAY_KIND) ?? -1, delayOf(delays, OPERATION_KIND) ?? -1);
  if (slowest < 0) return { afterNewest: 0, afterArrival: undefined };
  const least = [delays.gateway, delays.operation].map((steps) => stepAt(steps, FEW)).filter((step) => step >= 0);
  return { afterNewest: slowest - stepStart(Math.min(...least)), afterArrival: slowest };
}

/** What must be waited for until one log has told of a moment, as far as what was read tells. */
export const waitForOne = (delays: Delays, kind: number): Wait => ({
  afterNewest: 0,
  afterArrival: delayOf(delays, kind),
});

/** How much sooner Cosmos DB's log must be than the gateway's to be told of alone. */
const AHEAD_MS: DurationMs = 30_000;

/**
 * Whether one log is told of before the others: the gateway's, as what it answered is what callers met; Cosmos DB's only
 * where the gateway's is not there or much later, as a refusal that was tried again with success harms nobody.
 */
export function isAhead(delays: Delays, kind: number): boolean {
  const [gateway, own] = [delayOf(delays, GATEWAY_KIND), delayOf(delays, kind)];
  return kind === GATEWAY_KIND || gateway === undefined || (own !== undefined && gateway > own + AHEAD_MS);
}
