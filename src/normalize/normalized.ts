import { plainText } from "../lib/plain-text.ts";
import { redact, redactedPart } from "../lib/redact.ts";
import type { Event, Shape } from "../model/event.ts";
import type { InventoryRecord } from "../model/grant.ts";
import type { RawRecord, Reject } from "../model/record.ts";
import type { Instant } from "../model/time.ts";
import type { UseTotal } from "../model/use-total.ts";
import { asText, type Fields } from "./fields.ts";
import type { JoinPath } from "./join-path.ts";
import { parseInstant } from "./parse-time.ts";

/** What became of a record. */
export type Normalized =
  | { readonly kind: "event"; readonly event: Event; readonly category: string }
  /** A record of a list of roles, or of what a gateway's keys open: true now, of no time. */
  | { readonly kind: "role"; readonly role: InventoryRecord; readonly category: string }
  /** A row of a table of aggregated operations. */
  | { readonly kind: "total"; readonly total: UseTotal; readonly category: string }
  /** A category that Scopetrail has no use for, by its name. */
  | { readonly kind: "filtered"; readonly category: string }
  | { readonly kind: "reject"; readonly reject: Reject };

/** What stands in the way of an event: which field, and what to do. */
export interface Unreadable {
  readonly reason: string;
  readonly detail: string;
}

/** A record with what every category reads first. */
export interface Row {
  readonly record: RawRecord;
  readonly fields: Fields;
  readonly shape: Shape;
  readonly time: Instant;
  /** ARM id, lower-cased; "" when the record has none. */
  readonly resource: string;
  /** Leads to an id of the user's own in a gateway's record. */
  readonly joinBy: JoinPath | undefined;
}

export const isUnreadable = (value: object): value is Unreadable =>
  "reason" in value && "detail" in value && !("kind" in value);

/** Fields that tell the time, best first: one that is none does not cost the record where another is. */
const TIMES = [
  "time",
  "timegenerated",
  "timegenerated [utc]",
  "eventtimestring",
  "eventtimestamp",
  "eventtime",
  "timestamp",
  "createddatetime",
];

/** Reads time and resource; a record without a time is unreadable. */
export function readRow(record: RawRecord, fields: Fields, joinBy?: JoinPath): Row | Unreadable {
  const told = TIMES.map((name) => fields.top(name) ?? fields.any(name)).filter((value) => value !== undefined);
  const raw = told[0];
  const time = told.map(parseInstant).find((instant) => instant !== undefined);
  if (time === undefined) {
    const detail =
      raw === undefined
        ? "`time` (or `TimeGenerated`) is missing."
        : `\`time\` is ${shorten(asText(raw) ?? typeof raw)}, which is no time.`;
    return { reason: raw === undefined ? "no-time" : "bad-time", detail: `${detail} Check what writes the record.` };
  }
  return { record, fields, shape: shapeOf(fields), time, resource: resourceOf(fields), joinBy };
}

function shapeOf(fields: Fields): Shape {
  if (fields.nested) return "event-hub";
  const legacy = fields.has("resourceprovider") || fields.top("type") === "AzureDiagnostics";
  return legacy && fields.has("category") ? "azure-diagnostics" : "table";
}

const resourceOf = (fields: Fields): string =>
  resourceText(asText(fields.top("resourceid", "_resourceid", "resource")) ?? "");

/** An ARM id, lower-cased. */
export const resourceText = (text: string): string => text.slice(0, 512).toLowerCase().replace(/\/+$/, "");

/** The last segment of an ARM id, or the whole of a bare name. */
export const resourceName = (resource: string): string => resource.slice(resource.lastIndexOf("/") + 1);

const shorten = (text: string): string => `"${plainText(redactedPart(text, 120)).slice(0, 60)}"`;

const SAMPLE = 200;

export function normalizeReject(record: RawRecord, { reason, detail }: Unreadable): Reject {
  const text = Object.entries(record.value)
    .slice(0, 8)
    .map(([name, value]) => `${name}=${redactedPart(asText(value) ?? "…", 60)}`)
    .join(" ");
  return {
    stage: "normalize",
    reason,
    position: record.position,
    detail,
    sample: plainText(redact(text)).slice(0, SAMPLE),
  };
}
