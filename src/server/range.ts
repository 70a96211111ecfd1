import type { MinuteCount } from "../model/report.ts";
import { epochMs, type Instant, instantFromMs, msBetween, plusMs } from "../model/time.ts";
import { iso } from "./format.ts";

/** A span of event time that a page shows. */
export interface TimeRange {
  readonly from: Instant;
  readonly to: Instant;
  /** As the address has it: `now-3h`, or a time. */
  readonly asked: { readonly from: string; readonly to: string };
  /** Whether it moves on with the data. */
  readonly moves: boolean;
  /** Why the address was not followed, and as a sentence. */
  readonly fault?: "unreadable" | "empty" | "cut";
  readonly problem?: string;
}

const MINUTE_MS = 60_000;
/** Calls are counted by minute for two days. */
const LONGEST_MS = 2_880 * MINUTE_MS;
const UNITS: ReadonlyMap<string, number> = new Map([
  ["m", MINUTE_MS],
  ["h", 60 * MINUTE_MS],
  ["d", 1_440 * MINUTE_MS],
]);

export const RANGES = [
  ["now-1h", "Last hour"],
  ["now-3h", "Last 3 hours"],
  ["now-12h", "Last 12 hours"],
  ["now-1d", "Last 24 hours"],
  ["now-2d", "Last 2 days"],
] as const;

/**
 * The range of an address: `from` and `to` as times or as `now`, `now-90m`, `now-3h`, `now-2d`, where `now` is the newest
 * event time. Anything else falls back, and says so.
 */
export function rangeOf(query: (name: string) => string | undefined, newest: Instant, fallback: string): TimeRange {
  const asked = { from: query("from") ?? fallback, to: query("to") ?? "now" };
  const [from, to] = [pointOf(asked.from, newest), pointOf(asked.to, newest)];
  if (from === undefined || to === undefined || to <= from)
    return { ...rangeOf(() => undefined, newest, fallback), ...problemOf(from, to) };
  const moves = asked.to.startsWith("now");
  if (msBetween(to, from) <= LONGEST_MS) return { from, to, asked, moves };
  return { from: plusMs(to, -LONGEST_MS), to, asked, moves, ...CUT };
}

const CUT = { fault: "cut", problem: "The range is cut to its last two days." } as const;
const UNREADABLE = {
  fault: "unreadable",
  problem: "The times in the address cannot be read, so this is the usual range. Write now-3h or 2026-11-25T12:00:00Z.",
} as const;
const EMPTY = {
  fault: "empty",
  problem: "The range in the address ends before it begins, so this is the usual range.",
} as const;

const problemOf = (from: Instant | undefined, to: Instant | undefined): Pick<TimeRange, "fault" | "problem"> =>
  from === undefined || to === undefined ? UNREADABLE : EMPTY;

/** How a point in time is written in an address. */
export const POINT =
  /^(?:now(?:-\d{1,5}[mhd])?|[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,7})?)?Z?)$/;

function pointOf(text: string, newest: Instant): Instant | undefined {
  if (!POINT.test(text)) return undefined;
  const relative = /^now(?:-(\d{1,5})([mhd]))?$/.exec(text);
  if (relative !== null) return plusMs(newest, -Number(relative[1] ?? 0) * (UNITS.get(relative[2] ?? "m") ?? 0));
  const ms = Date.parse(text.endsWith("Z") ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : instantFromMs(ms);
}

/** The same range written with times, for a link that shows the same tomorrow. */
export const fixedRange = ({ from, to }: TimeRange): Readonly<Record<"from" | "to", string>> => ({
  from: minuteText(from),
  to: minuteText(plusMs(to, MINUTE_MS - 1)),
});

const minuteText = (at: Instant): string => `${iso(at).slice(0, 16)}:00Z`;

/** The range moved by a share of its length; one half keeps half of it in sight. */
export function movedRange({ from, to }: TimeRange, share: number): Readonly<Record<"from" | "to", string>> {
  const ms = Math.round((msBetween(to, from) * share) / MINUTE_MS) * MINUTE_MS;
  return { from: minuteText(plusMs(from, ms)), to: minuteText(plusMs(to, ms)) };
}

/** The range with as much before and after it. */
export function widerRange({ from, to }: TimeRange): Readonly<Record<"from" | "to", string>> {
  const ms = Math.max(MINUTE_MS, msBetween(to, from) / 2);
  return { from: minuteText(plusMs(from, -ms)), to: minuteText(plusMs(to, ms)) };
}

export interface Buckets {
  readonly bucketMinutes: number;
  readonly rows: readonly MinuteCount[];
}

const MOST_BUCKETS = 300;
const STEPS = [1, 2, 5, 10, 15, 30, 60];

/** Minutes of the range, summed so that a chart has at most 300 bars; a bar begins at a multiple of its minutes. */
export function bucketsOf(minutes: readonly MinuteCount[], { from, to }: Pick<TimeRange, "from" | "to">): Buckets {
  const span = msBetween(to, from) / MINUTE_MS;
  const bucketMinutes = STEPS.find((step) => span / step <= MOST_BUCKETS - 1) ?? 60;
  const first = Math.floor(epochMs(from) / MINUTE_MS);
  const byBucket = new Map<number, { calls: number; refused401: number; refused403: number }>();
  for (const { time, calls, refused401, refused403 } of minutes) {
    const minute = Math.floor(epochMs(time) / MINUTE_MS);
    if (minute < first || time >= to) continue;
    const bucket = Math.floor(minute / bucketMinutes) * bucketMinutes;
    const sum = byBucket.get(bucket) ?? { calls: 0, refused401: 0, refused403: 0 };
    sum.calls += calls;
    sum.refused401 += refused401;
    sum.refused403 += refused403;
    byBucket.set(bucket, sum);
  }
  const rows = [...byBucket].map(([bucket, sum]) => Object.assign({ time: instantFromMs(bucket * MINUTE_MS) }, sum));
  return { bucketMinutes, rows };
}
