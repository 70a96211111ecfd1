import { createReorder, type Reorder } from "./correlate/reorder.ts";
import { createDetection, type Detection } from "./detect/detection.ts";
import { GATEWAY_KIND, OPERATION_KIND } from "./model/event-table.ts";
import type { DurationMs } from "./model/time.ts";

/**
 * One log looked at by itself: its refusals are told before the other logs have told of the same calls, and before any call
 * has waited for its operations.
 */
export interface Look {
  /** Of the events that it takes. */
  readonly kind: number;
  readonly reorder: Reorder;
  readonly detection: Detection;
}

/** Disorder within one log that is waited for. */
const DISORDER_MS: DurationMs = 15_000;
/** A joined call that is complete this soon is prompt enough. */
const SOON_MS: DurationMs = 30_000;
const HELD_EVENTS = 500_000;

/** A look at each log; none where the joined calls are as prompt. */
export const createLooks = (lateness: DurationMs, joinWindow: DurationMs): readonly Look[] =>
  lateness + joinWindow < SOON_MS
    ? []
    : [GATEWAY_KIND, OPERATION_KIND].map((kind) => ({
        kind,
        reorder: createReorder(Math.min(lateness, DISORDER_MS), HELD_EVENTS),
        detection: createDetection(),
      }));
