import { type Changes, createChanges } from "./correlate/changes.ts";
import { createDelays, type Delays } from "./correlate/delays.ts";
import { createHeld, type Held, isSparse, packHeld } from "./correlate/held.ts";
import { type Closed, createJoin, type Join, movePlaces as moveJoined } from "./correlate/join.ts";
import { createInferred, type Inferred } from "./correlate/inferred.ts";
import { createReorder, movePlaces as moveWaiting, type Reorder } from "./correlate/reorder.ts";
import { createSeen, type Seen } from "./correlate/seen.ts";
import { forgetNames } from "./detect/detect.ts";
import { createDetection, type Detection } from "./detect/detection.ts";
import { type CallCounts, createCallCounts } from "./findings/call-counts.ts";
import { type Coverage, createCoverage, forgetCoveredNames } from "./findings/coverage.ts";
import { createTally, type Tally } from "./findings/input-counts.ts";
import { createFindings, type Findings } from "./findings/lifecycle.ts";
import { kindOf, textWordsOf, WORDS } from "./model/event-table.ts";
import { createNames, nameId, type Names } from "./model/names.ts";
import { type DurationMs, type Instant, instantFromMs } from "./model/time.ts";
import { createLooks, type Look } from "./prompt-look.ts";
import { atOnce, type InTurns } from "./lib/in-turns.ts";
import { createStanding, type Standing } from "./privileges/standing.ts";

/** Everything that is remembered between two batches. Plain data: a structured clone of it goes on the same way. */
export interface Analysis {
  /** Texts of the held rows; another one once it was renumbered. */
  names: Names;
  readonly seen: Seen;
  /** Rows that wait in `reorder` or in `join`. */
  readonly held: Held;
  readonly reorder: Reorder;
  /** How long the logs take to come. */
  readonly delays: Delays;
  /** Each log by itself, ahead of the joined calls; none where nobody is to be told early. */
  looks: readonly Look[];
  readonly join: Join;
  /** What no id joined. */
  readonly inferred: Inferred;
  /** The call that was closed last. */
  readonly closed: Closed;
  readonly changes: Changes;
  readonly detection: Detection;
  readonly findings: Findings;
  readonly standing: Standing;
  readonly coverage: Coverage;
  readonly input: Tally;
  readonly calls: CallCounts;
  /** Newest event time that was followed. */
  now: Instant;
}

export interface AnalysisOptions {
  /** How long to wait for stragglers, in event time. */
  readonly lateness: DurationMs;
  /** How long a call waits for its operations, in event time; 150 s by default. */
  readonly joinWindow?: DurationMs;
  /** How sure a match without an id has to be; 0.9 by default. */
  readonly joinProbability?: number | undefined;
  /** How long after its event a record may come and still be waited for; 15 min by default. */
  readonly longestDelay?: DurationMs;
  /** Whether each log is also looked at by itself, before the others have told of the same calls. */
  readonly prompt?: boolean;
  /** Seed of names, keys and the fingerprints of seen records: not known to whoever writes the logs. */
  readonly seed: number;
}

export const JOIN_PROBABILITY = 0.9;
export const JOIN_WINDOW_MS: DurationMs = 150_000;
export const LONGEST_DELAY_MS: DurationMs = 900_000;
/** Rows of 192 bytes: at 20,000 events a second, those of 100 s and of the calls of 50 s. */
const HELD_EVENTS = 2_000_000;
const OPEN_CALLS = 1_000_000;
const SEEN_SLOTS = 1 << 22;

export const createAnalysis = ({
  lateness,
  seed,
  joinWindow = JOIN_WINDOW_MS,
  joinProbability = JOIN_PROBABILITY,
  longestDelay = LONGEST_DELAY_MS,
  prompt = false,
}: AnalysisOptions): Analysis => ({
  names: createNames(seed),
  seen: createSeen(SEEN_SLOTS),
  held: createHeld(),
  reorder: createReorder(lateness, HELD_EVENTS),
  delays: createDelays(longestDelay),
  looks: prompt ? createLooks(lateness, joinWindow) : [],
  join: createJoin(joinWindow, OPEN_CALLS, seed),
  inferred: createInferred(joinProbability),
  closed: { gateway: -1, operations: [], entry: -1 },
  changes: createChanges(),
  detection: createDetection(),
  findings: createFindings(),
  standing: createStanding(),
  coverage: createCoverage(),
  input: createTally(),
  calls: createCallCounts(),
  now: instantFromMs(0),
});

/** Most names; beyond, those that no held row has are forgotten. */
const NAMES = 1 << 20;

/** Gives up names that nothing needs once there are many. */
export const keepBounded = (analysis: Analysis, most = NAMES): void => atOnce(keepBoundedInTurns(analysis, most));

/** Rows that are renumbered in one turn. */
const TURN_ROWS = 8_192;

export function* keepBoundedInTurns(analysis: Analysis, most = NAMES): InTurns<void> {
  if (analysis.names.texts.length <= most) return;
  const { held, names } = analysis;
  const fresh = createNames(names.seed);
  /** By the number of a name before: its number now, 0 where it has none yet. */
  const numbers = new Int32Array(names.texts.length);
  const { words } = held.table;
  const isFree = new Uint8Array(held.table.count);
  for (let i = 0; i < held.freeCount; i++) isFree[held.free[i] ?? 0] = 1;
  for (let place = 0; place < isFree.length; place++) {
    if (place % TURN_ROWS === TURN_ROWS - 1) yield;
    if (isFree[place] === 1) continue;
    for (const word of textWordsOf(kindOf(held.table, place))) {
      const at = WORDS * place + word;
      const before = words[at] ?? 0;
      if (before !== 0) words[at] = numbers[before] ||= nameId(fresh, names.texts[before]);
    }
  }
  analysis.names = fresh;
  for (const { detection } of [analysis, ...analysis.looks]) forgetNames(detection);
  forgetCoveredNames(analysis.coverage);
}

/** The same analysis, with the room that its held rows need. */
export function packed(analysis: Analysis): Analysis {
  if (!isSparse(analysis.held)) return analysis;
  const moved = packHeld(analysis.held);
  moveJoined(analysis.join, moved);
  for (const { reorder } of [analysis, ...analysis.looks]) moveWaiting(reorder, moved);
  return analysis;
}
