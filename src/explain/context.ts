import type { Detection } from "../detect/detection.ts";
import type { Change, Sign } from "../model/event.ts";
import type { Window } from "./window.ts";

/** What one look at a symptom works on. */
export interface Context {
  readonly detection: Detection;
  readonly window: Window;
  readonly changes: readonly Change[];
  readonly signs: readonly Sign[];
  /** Rows that an earlier rise accounts for. */
  readonly claimed: Set<number>;
}
