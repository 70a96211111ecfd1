import type { Instant } from "../model/time.ts";
import { dayOf } from "./ledger.ts";
import type { Loss } from "./losses.ts";

/** Days on which a grant was there and its account's log was, too. Days are UTC days since 1970, both ends included. */
export interface Exposure {
  readonly from: number;
  readonly to: number;
  /** Days between without any record of the account, or of which records were lost: nothing is known of them. */
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  /** Days with records and of which others were lost: they are not observed. */
  readonly lost: ReadonlyMap<number, Loss>;
  /** Days that were observed. */
  readonly days: number;
  /** Longest time between two days of one use, in days; 0 where no use came twice. */
  readonly longestPeriod: number;
  /** Whether the end of a calendar quarter is among the observed days: work that is done quarterly. */
  readonly quarterEnd: boolean;
}

const LEAST_DAYS = 30;
const CYCLES = 2;
/** Days in which a new grant is not judged. */
export const GRACE_DAYS = 14;

/** Days with records, and those of which records were lost. */
export interface Watched {
  readonly observed: ReadonlySet<number>;
  readonly lost: ReadonlyMap<number, Loss>;
}

/** Undefined where the account's log was never seen whole since the grants are as they are. */
export function exposureOf(
  { observed, lost }: Watched,
  since: Instant | undefined,
  longestPeriod: number,
): Exposure | undefined {
  const start = since === undefined ? Number.NEGATIVE_INFINITY : dayOf(since);
  const seen = [...observed].filter((day) => day >= start);
  const days = seen.filter((day) => !lost.has(day)).toSorted((a, b) => a - b);
  const from = days[0];
  const to = days.at(-1);
  if (from === undefined || to === undefined) return undefined;
  const gaps = days.slice(1).flatMap((day, i) => {
    const before = days[i] ?? day;
    return day - before > 1 ? [{ from: before + 1, to: day - 1 }] : [];
  });
  return {
    from,
    to,
    gaps,
    lost: new Map(seen.flatMap((day) => lostOn(lost, day))),
    days: days.length,
    longestPeriod,
    quarterEnd: days.some(isQuarterEnd),
  };
}

function lostOn(lost: Watched["lost"], day: number): readonly (readonly [number, Loss])[] {
  const loss = lost.get(day);
  return loss === undefined ? [] : [[day, loss]];
}

/** Longest time between two of the days, which are in order; 0 where there are not two. */
export function longestStep(days: Int32Array): number {
  let longest = 0;
  for (let i = 1; i < days.length; i++) longest = Math.max(longest, (days[i] ?? 0) - (days[i - 1] ?? 0));
  return longest;
}

const DAY_MS = 86_400_000;

function isQuarterEnd(day: number): boolean {
  const next = new Date((day + 1) * DAY_MS);
  return next.getUTCDate() === 1 && next.getUTCMonth() % 3 === 0;
}

/** Whether what was not used in that time is likely not to be used: two cycles of the longest period, and a quarter's end. */
export const isEnough = ({ days, longestPeriod, quarterEnd }: Exposure): boolean =>
  days >= Math.max(LEAST_DAYS, CYCLES * longestPeriod) && quarterEnd;
