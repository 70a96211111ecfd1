import type { Detection } from "../detect/detection.ts";
import type { Change } from "../model/event.ts";
import type { Window } from "./window.ts";

/** What one look at a symptom works on. */
export interface Context {
  readonly detection: Detection;
  readonly window: Window;
  readonly changes: readonly Change[];
  /** Rows that an earlier rise accounts for. */
  readonly claimed: Set<number>;
}
