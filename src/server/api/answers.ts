import type { MinuteCount } from "../../model/report.ts";
import { iso } from "../format.ts";
import type { Buckets, TimeRange } from "../range.ts";
import type { Answer } from "./route.ts";

export const one = (value: unknown): Answer => ({ kind: "one", value });
/** The answer for a range, nothing for one that ends before it begins, a fault for one that cannot be read. */
export function inRange({ fault, problem = "" }: TimeRange, answer: () => Answer, nothing: Answer): Answer {
  if (fault === "unreadable") return { kind: "fault", status: 400, says: `from, to: ${problem}` };
  return fault === "empty" ? nothing : answer();
}

export const noBuckets: Answer = { kind: "list", items: [], more: { bucketMinutes: 1 } };

export const buckets = ({ bucketMinutes, rows }: Buckets): Answer => ({
  kind: "list",
  items: rows.map(minuteJson),
  more: { bucketMinutes },
});

const minuteJson = ({ time, calls, refused401, refused403 }: MinuteCount) => ({
  time: iso(time),
  calls,
  refused401,
  refused403,
});
