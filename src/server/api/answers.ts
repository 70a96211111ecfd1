import type { MinuteCount } from "../../model/report.ts";
import { iso } from "../format.ts";
import type { Buckets } from "../range.ts";
import type { Answer } from "./route.ts";

export const one = (value: unknown): Answer => ({ kind: "one", value });
export const badRange = (says: string): Answer => ({ kind: "fault", status: 400, says: `from, to: ${says}` });

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
