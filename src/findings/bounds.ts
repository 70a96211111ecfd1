import { heaviest, type HeavyHitters } from "../lib/heavy-hitters.ts";
import type { BlindSpot } from "../model/finding.ts";

/** Parts of an analysis that keep within a limit, each with how often it was reached. */
export interface Bounds {
  readonly reorder: { readonly late: number; readonly crowded: number; readonly silent: number };
  readonly join: { readonly evicted: number; readonly overflow: number };
  readonly inferred: { readonly crowded: number };
  readonly seen: { readonly forgotten: number };
  readonly changes: { readonly dropped: number };
  readonly coverage: { readonly unnamed: number };
  readonly findings: { readonly forgotten: number };
  readonly detection: {
    readonly dictionaries: readonly { readonly beyond: number; readonly heavy: HeavyHitters | undefined }[];
    readonly unitsBeyond: number;
    readonly credibility: { readonly evicted: number };
    readonly symptomsRefused: number;
    readonly limits: { readonly forgotten: number };
    readonly probes: { readonly forgotten: number };
  };
}

type Reached = readonly [id: string, count: number, says: string, fix: string];

function ofDetection({
  dictionaries,
  unitsBeyond,
  credibility,
  symptomsRefused,
  limits,
  probes,
}: Bounds["detection"]): readonly Reached[] {
  const values = dictionaries.reduce((sum, { beyond }) => sum + beyond, unitsBeyond);
  return [
    ["values-limit", values, `${VALUES}${mostOf(dictionaries)}`, SPLIT],
    ["callers-limit", credibility.evicted, "callers were forgotten: their next refusals count as of strangers", SPLIT],
    ["symptoms-limit", symptomsRefused, "refusals with further reasons were not looked at", SPLIT],
    [
      "limits-limit",
      limits.forgotten,
      "containers that had reached a limit of Cosmos DB were forgotten: what it refuses may be told as a missing role",
      SPLIT,
    ],
    [
      "probes-limit",
      probes.forgotten,
      "addresses that asked for paths without an API were forgotten: what a scanner is refused may be told",
      SPLIT,
    ],
  ];
}

/** A blind spot for each limit that was reached. */
export function boundSpots(bounds: Bounds): readonly BlindSpot[] {
  const { reorder, join, inferred, seen, changes, coverage, findings, detection } = bounds;
  const reached: readonly Reached[] = [
    ["late-events", reorder.late, "events came later than they were waited for, so their order is not sure", LATENESS],
    [
      "reorder-limit",
      reorder.crowded,
      "events were let go before a partition that is far behind had caught up",
      BEHIND,
    ],
    [
      "silent-partitions",
      reorder.silent,
      "times a partition that is behind said nothing for a minute and was waited for no longer",
      SILENT,
    ],
    ["join-limit", join.evicted, "calls were closed early because too many waited for their operations", WINDOW],
    ["operations-limit", join.overflow, "operations were left out of calls that own more than 256", ONE_ID],
    [
      "inferred-limit",
      inferred.crowded,
      "calls that no id joins could not be weighed: too many others at the same time, or longer than a tenth of the wait",
      JOIN_ID,
    ],
    [
      "duplicate-memory",
      seen.forgotten,
      "times the memory of seen records was turned over: older repeats count again",
      SPAN,
    ],
    [
      "changes-limit",
      changes.dropped,
      "changes of the last two days were given up: a cause may lack its trigger",
      SPAN,
    ],
    [
      "names-limit",
      coverage.unnamed,
      "calls of further APIs, accounts and reasons have no blind spots of their own",
      SPLIT,
    ],
    ...ofDetection(detection),
    ["findings-limit", findings.forgotten, "old findings were given up because there were too many", SPAN],
  ];
  return reached
    .filter(([, count]) => count > 0)
    .map(([id, count, says, fix]) => ({ id, scope: "input", says: `${count} ${says}.`, fix }));
}

const VALUES = "values of busy dimensions are not compared: what differs may not be named";
const NAMED = 3;

/** The most frequent of the values that are not compared, as far as their counts are sure to be above those of others. */
function mostOf(dictionaries: Bounds["detection"]["dictionaries"]): string {
  const sure = dictionaries
    .flatMap(({ heavy }) => (heavy === undefined ? [] : heaviest(heavy, NAMED)))
    .filter(({ count, error }) => error < count / 10)
    .toSorted((a, b) => b.count - a.count)
    .slice(0, NAMED);
  return sure.length === 0 ? "" : ` (most often ${sure.map(({ text, count }) => `${text}: ${count}`).join(", ")})`;
}

const LATENESS = "Raise `lateness` in the configuration, or `longestDelay` where a log is slower than that.";
const BEHIND = "Let the source catch up, or give each hub a Scopetrail of its own.";
const SILENT = "Look at the log for what keeps its source from answering; what it holds is still read when it does.";
const WINDOW = "Analyze fewer APIs or a shorter span at once.";
const JOIN_ID = "Set the header x-ms-activity-id to the request id in the policy: then ids join them.";
const ONE_ID = "Use a fresh correlation id for each request: one that is reused joins what does not belong together.";
const SPAN = "Analyze a shorter span, or fewer sources at once.";
const SPLIT = "Analyze fewer APIs or accounts at once.";
