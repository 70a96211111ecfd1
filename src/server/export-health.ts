import type { EpochMs } from "../model/time.ts";

/** What became of a schedule of exports since the start. */
export interface ExportHealth {
  readonly name: string;
  /** Where the exports are. */
  readonly to: string;
  readonly written: number;
  /** Attempts. */
  readonly failed: number;
  /** Whole hours that are due and have no digest yet. */
  readonly hoursBehind: number;
  readonly newest: {
    readonly sequence: number;
    readonly kind: "digest" | "export";
    /** ISO 8601; the end is not included. */
    readonly from: string;
    readonly to: string;
    readonly at: EpochMs;
  } | null;
  /** Why the last attempt failed; null where it did not. */
  readonly failure: { readonly at: EpochMs; readonly says: string } | null;
}
