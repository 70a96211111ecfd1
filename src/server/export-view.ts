import type { BundleLine } from "../model/bundle-line.ts";

/** Bundles of one folder, newest first. */
export interface BundleList {
  readonly folder: string;
  readonly lines: readonly BundleLine[];
  /** Older ones that are not listed. */
  readonly more: number;
  /** Why they cannot be listed. */
  readonly problem?: string;
}
