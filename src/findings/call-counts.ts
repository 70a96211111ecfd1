import type { CallRow } from "../correlate/call-row.ts";
import type { Call, Provenance } from "../model/call.ts";
import type { CorrelationCounts, IdentityCounts, MinuteCount } from "../model/report.ts";
import { epochMs, instantFromMs } from "../model/time.ts";

/** Calls by match, by identity provenance, and by minute of event time. */
export interface CallCounts {
  readonly match: { exact: number; inferred: number; gatewayOnly: number; dataPlaneOnly: number };
  readonly identity: { validated: number; key: number; claimed: number; unknown: number };
  /** Minute since the epoch → counts, in the order of time; the last `MINUTES`. */
  readonly minutes: Map<number, Minute>;
  /** The minute that was counted in last, one of `minutes`. */
  last: Minute;
  newest: number;
}

interface Minute {
  readonly minute: number;
  calls: number;
  refused401: number;
  refused403: number;
}

const MINUTES = 2_880;

const newMinute = (minute: number): Minute => ({ minute, calls: 0, refused401: 0, refused403: 0 });

export const createCallCounts = (): CallCounts => ({
  match: { exact: 0, inferred: 0, gatewayOnly: 0, dataPlaneOnly: 0 },
  identity: { validated: 0, key: 0, claimed: 0, unknown: 0 },
  minutes: new Map(),
  last: newMinute(Number.NaN),
  newest: Number.NEGATIVE_INFINITY,
});

export function countCall(counts: CallCounts, { match, provenance, time, call }: CallRow): void {
  countMatch(counts, match);
  countProvenance(counts, provenance);
  const minute = Math.floor(epochMs(time) / 60_000);
  const at = counts.last.minute === minute ? counts.last : minuteOf(counts, minute);
  at.calls += 1;
  if (call !== undefined) countRefusal(at, call);
}

function countMatch({ match: counted }: CallCounts, match: Call["match"]): void {
  if (match === "exact") counted.exact += 1;
  else if (match === "gateway-only") counted.gatewayOnly += 1;
  else if (match === "data-plane-only") counted.dataPlaneOnly += 1;
  else counted.inferred += 1;
}

function countProvenance({ identity }: CallCounts, provenance: Provenance): void {
  if (provenance === "validated") identity.validated += 1;
  else if (provenance === "key") identity.key += 1;
  else if (provenance === "claimed") identity.claimed += 1;
  else identity.unknown += 1;
}

function countRefusal(at: Minute, { outcome }: Call): void {
  if (outcome.kind === "refused" && outcome.status === 401) at.refused401 += 1;
  if (outcome.kind === "refused" && outcome.status === 403) at.refused403 += 1;
}

/** The counts of a minute, new ones where it has none. */
function minuteOf(counts: CallCounts, minute: number): Minute {
  const at = counts.minutes.get(minute) ?? addMinute(counts, minute);
  counts.last = at;
  return at;
}

/** The oldest minute makes room, even if it is the new one: that is counted in and not kept. */
function addMinute(counts: CallCounts, minute: number): Minute {
  const { minutes } = counts;
  const added = newMinute(minute);
  minutes.set(minute, added);
  if (minute > counts.newest) counts.newest = minute;
  else sortByTime(minutes);
  const [oldest = minute] = minutes.keys();
  if (minutes.size > MINUTES) minutes.delete(oldest);
  return added;
}

function sortByTime(minutes: Map<number, Minute>): void {
  const sorted = [...minutes.values()].toSorted((a, b) => a.minute - b.minute);
  minutes.clear();
  for (const one of sorted) minutes.set(one.minute, one);
}

export const correlationCounts = ({ match }: CallCounts): CorrelationCounts => ({
  calls: match.exact + match.inferred + match.gatewayOnly + match.dataPlaneOnly,
  ...match,
});

export const identityCounts = ({ identity }: CallCounts): IdentityCounts => ({ ...identity });

/** The last `limit` minutes, oldest first; minutes without calls are filled in with zeros. */
export function minuteCounts(counts: CallCounts, limit: number): readonly MinuteCount[] {
  if (counts.minutes.size === 0) return [];
  const minutes = [...counts.minutes.keys()];
  const last = minutes.reduce((a, b) => Math.max(a, b));
  const first = Math.max(
    last - limit + 1,
    minutes.reduce((a, b) => Math.min(a, b)),
  );
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const { calls = 0, refused401 = 0, refused403 = 0 } = counts.minutes.get(first + i) ?? {};
    return { time: instantFromMs((first + i) * 60_000), calls, refused401, refused403 };
  });
}
