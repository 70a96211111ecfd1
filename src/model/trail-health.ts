/** What became, since the start, of checkpoints that a source keeps elsewhere for others. */
export interface TrailHealth {
  readonly written: number;
  /** Attempts. */
  readonly failed: number;
  /** Partitions whose newest commit is not there yet. */
  readonly behind: number;
}
