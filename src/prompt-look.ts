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
export const disorderIn = (lateness: DurationMs): DurationMs => Math.min(lateness, DISORDER_MS);

/** A joined call that is complete this soon is prompt enough. */
const SOON_MS: DurationMs = 30_000;
const HELD_EVENTS = 500_000;

/** Whether the joined calls are told of so soon that no look is needed. */
export const isPrompt = (lateness: DurationMs, joinWindow: DurationMs): boolean => lateness + joinWindow < SOON_MS;

/** A look at each log; none where the joined calls are as prompt. */
export const createLooks = (lateness: DurationMs, joinWindow: DurationMs): readonly Look[] =>
  isPrompt(lateness, joinWindow)
    ? []
    : [GATEWAY_KIND, OPERATION_KIND].map((kind) => ({
        kind,
        reorder: createReorder(disorderIn(lateness), HELD_EVENTS),
        detection: createDetection(),
      }));
