import type { Growth, GrowthPoint, LiveRun, Results, Row } from "./results.ts";

/** A promise of the product beside what was measured. */
export interface Bar {
  readonly says: string;
  readonly measured: string;
  /** Undefined when the run was not the one that the bar speaks of. */
  readonly isMet: boolean | undefined;
}

const LARGEST = 10_000_000;
const FLAT_PERCENT = 15;
const MEMORY_MB = 400;
const LIVE_RATE = 20_000;
const LIVE_MS = 2_000;
/** A sender on a busy machine is a little behind its timetable. */
const RATE_SLACK = 0.99;

const OURS = "analyze-bodies";
const RATIOS = [
  { peer: "duckdb-bodies", least: 4 },
  { peer: "duckdb-split", least: 1.5 },
  { peer: "json-parse", least: 8 },
];

/** How many times the CPU time of `ours` another takes. */
export function ratio(
  rows: readonly Row[],
  peer: string,
  of: (row: Row) => number = (row) => row.microsPerRecord,
): number {
  const value = (id: string): number => {
    const row = rows.find((one) => one.id === id);
    return row === undefined ? Number.NaN : of(row);
  };
  return value(peer) / value(OURS);
}

/** In percent of the least: how far the cost of a record is from the same at all sizes. */
export function spread(points: readonly GrowthPoint[]): number {
  const costs = points.map(({ microsPerRecord }) => microsPerRecord);
  const least = costs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return (costs.reduce((a, b) => Math.max(a, b), 0) / least - 1) * 100;
}

/** Only of what was measured. */
export function barsOf({ comparison, growth, live }: Results): readonly Bar[] {
  return [
    ...(comparison === undefined ? [] : RATIOS.map((one) => ratioBar(comparison.value.rows, one))),
    ...(growth === undefined ? [] : growthBars(growth.value)),
    ...(live === undefined ? [] : [liveBar(live.value.asked)]),
  ];
}

function ratioBar(rows: readonly Row[], { peer, least }: (typeof RATIOS)[number]): Bar {
  const measured = ratio(rows, peer);
  const says = rows.find(({ id }) => id === peer)?.says ?? peer;
  return {
    says: `at least ${least} × per CPU second: ${says}`,
    measured: `${measured.toFixed(2)} ×`,
    isMet: measured >= least,
  };
}

function growthBars({ records, delaySeconds }: Growth): readonly Bar[] {
  const last = records.at(-1);
  if (last === undefined) return [];
  const isWhole = last.records === LARGEST;
  const percent = spread(records);
  const until = `${(last.records / 1e6).toFixed(1)} million`;
  return [
    {
      says: `memory under ${MEMORY_MB} MB at 10 million records that come up to ${delaySeconds / 60} minutes late`,
      measured: `${last.peakMb.toFixed(0)} MB at ${until}`,
      isMet: isWhole ? last.peakMb < MEMORY_MB : undefined,
    },
    {
      says: `cost of a record within ${FLAT_PERCENT} % from 0.1 to 10 million`,
      measured: `${percent.toFixed(0)} % until ${until}`,
      isMet: isWhole ? percent <= FLAT_PERCENT : undefined,
    },
  ];
}

function liveBar({ sentPerSecond, keptUp, findingMs, faults, lagMs }: LiveRun): Bar {
  const worst = findingMs.reduce((a, b) => Math.max(a, b), 0);
  const rate = `${Math.round(sentPerSecond)} records/s`;
  const isFast = keptUp && faults > 0 && findingMs.length === faults && worst < LIVE_MS && lagMs.p99 < LIVE_MS;
  return {
    says: `from hub to finding under ${LIVE_MS / 1_000} s at ${LIVE_RATE} records/s`,
    measured: keptUp
      ? `worst ${(worst / 1_000).toFixed(2)} s of ${findingMs.length} of ${faults} faults, p99 of a record ${(lagMs.p99 / 1_000).toFixed(2)} s at ${rate}`
      : `did not keep up with ${rate}`,
    isMet: keptUp && sentPerSecond < LIVE_RATE * RATE_SLACK ? undefined : isFast,
  };
}
