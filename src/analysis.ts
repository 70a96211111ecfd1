import { type Changes, createChanges } from "./correlate/changes.ts";
import { createJoin, type Join } from "./correlate/join.ts";
import { createReorder, type Reorder } from "./correlate/reorder.ts";
import { createSeen, type Seen } from "./correlate/seen.ts";
import { createDetection, type Detection } from "./detect/detection.ts";
import { type CallCounts, createCallCounts } from "./findings/call-counts.ts";
import { type Coverage, createCoverage } from "./findings/coverage.ts";
import { createTally, type Tally } from "./findings/input-counts.ts";
import { createFindings, type Findings } from "./findings/lifecycle.ts";
import { createNames, type Names } from "./model/names.ts";
import { type DurationMs, type Instant, instantFromMs } from "./model/time.ts";

/** Everything that is remembered between two batches. Plain data: a structured clone of it goes on the same way. */
export interface Analysis {
  readonly seen: Seen;
  readonly reorder: Reorder;
  readonly join: Join;
  readonly changes: Changes;
  readonly detection: Detection;
  readonly findings: Findings;
  readonly coverage: Coverage;
  readonly input: Tally;
  readonly calls: CallCounts;
  readonly names: Names;
  /** Newest event time that was followed. */
  now: Instant;
}

export interface AnalysisOptions {
  /** How long to wait for stragglers, in event time. */
  readonly lateness: DurationMs;
  /** How long a call waits for its operations, in event time; 150 s by default. */
  readonly joinWindow?: DurationMs;
  /** Seed of the fingerprints of seen records: not known to whoever writes the logs. */
  readonly seed: number;
}

const JOIN_WINDOW_MS: DurationMs = 150_000;
const OPEN_CALLS = 150_000;
const SEEN_SLOTS = 1 << 22;

export const createAnalysis = ({ lateness, seed, joinWindow = JOIN_WINDOW_MS }: AnalysisOptions): Analysis => ({
  seen: createSeen(SEEN_SLOTS, seed),
  reorder: createReorder(lateness),
  join: createJoin(joinWindow, OPEN_CALLS),
  changes: createChanges(),
  detection: createDetection(),
  findings: createFindings(),
  coverage: createCoverage(),
  input: createTally(),
  calls: createCallCounts(),
  names: createNames(seed),
  now: instantFromMs(0),
});
