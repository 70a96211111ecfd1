import { z } from "zod";
import { DECISION_KINDS, MUTE_SCOPES } from "../../findings/decisions.ts";
import { DIMENSIONS } from "../../model/call.ts";
import { FACETS, LONGEST_SEARCH } from "../filter.ts";
import { CURSOR } from "../paging.ts";
import { POINT } from "../range.ts";
import { ExportHealthSchema } from "./export-health.ts";

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const instant = z.iso.datetime();

export const findingId = z
  .string()
  .min(1)
  .max(40)
  .meta({ description: "F- and ten letters or digits.", examples: ["F-7Q2KABCDEF"] });

/** RFC 9457. */
export const ProblemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
});

const point = z.string().regex(POINT).meta({
  description:
    "A time such as 2026-11-25T12:00:00Z, or now, now-90m, now-3h, now-2d, where now is the newest event time.",
});

export const RangeQuery = z.strictObject({ from: point.optional(), to: point.optional() });

const words = z.array(z.string().min(1).max(300)).max(20);
const facets = Object.fromEntries(
  FACETS.map(({ name, title }) => [name, words.optional().meta({ description: `${title}; any of those given.` })]),
);

export const FindingsQuery = z.strictObject({
  ...facets,
  q: z.string().max(LONGEST_SEARCH).optional().meta({ description: "Text in title, cause, subject or sample ids." }),
  from: point.optional(),
  to: point.optional(),
  limit: z
    .string()
    .regex(/^(?:[1-9]\d{0,2}|1000)$/, "a number from 1 to 1000")
    .transform(Number)
    .optional()
    .meta({ description: "Items on a page, 1 to 1000; 100 unless told." }),
  cursor: z.string().regex(CURSOR).optional().meta({ description: "`next` of the page before." }),
});

export const MinuteSchema = z.strictObject({
  time: instant.meta({ description: "Begin of the bucket." }),
  calls: count,
  refused401: count,
  refused403: count,
});
export const bucketMinutes = count.meta({ description: "Length of a bucket." });

export const DifferenceSchema = z.strictObject({
  dimension: z.enum(DIMENSIONS),
  value: z.string(),
  refused: share.meta({ description: "Share of the refused calls that have the value." }),
  succeeded: share.meta({ description: "Share of the same callers' calls that succeeded and have it." }),
  claimed: z.boolean().meta({ description: "Text of refused tokens, which nobody vouched for." }),
});

export const SampleSchema = z.strictObject({
  id: z.string(),
  time: instant,
  refused: z.boolean(),
  status: count,
  subStatus: z.string().optional(),
  caller: z.string(),
  operation: z.string(),
});

export const MatrixQuery = z.strictObject({ ...RangeQuery.shape, by: z.enum(["api", "caller"]).optional() });
export const MatrixRowSchema = z.strictObject({
  name: z.string(),
  calls: count,
  refused: count,
  cells: z.array(z.strictObject({ calls: count, refused: count })),
});

export const HealthSchema = z.strictObject({
  version: z.string(),
  waitingFor: z.array(z.string()),
  watermark: instant.nullable(),
  sources: z.array(
    z.strictObject({
      source: z.string(),
      partition: z.string(),
      records: count,
      rejected: count,
      newest: instant.nullable(),
    }),
  ),
  targets: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      delivered: count,
      failed: count,
      last: z
        .strictObject({ at: instant, kind: z.enum(["delivered", "retry", "broken", "gone"]), says: z.string() })
        .nullable(),
    }),
  ),
  exports: z.array(ExportHealthSchema),
  checkpoints: z
    .array(z.strictObject({ source: z.string(), written: count, failed: count, behind: count }))
    .meta({ description: "Checkpoints that sources keep in blobs, since the start." }),
});

export const KqlSchema = z.strictObject({ kql: z.string(), portal: z.string().nullable() });

export const DecisionSchema = z.strictObject({
  at: instant,
  by: z.string(),
  kind: z.enum(DECISION_KINDS),
  finding: z.string(),
  scope: z.enum(MUTE_SCOPES),
  about: z.string(),
  reason: z.string(),
  until: instant.nullable(),
});

/** At least one character that can be seen, by the rules of every language that reads the schema. */
const SEEN = /[!-~\u00a1-\uffff]/;
export const reason = z
  .string()
  .max(500)
  .regex(SEEN, "is needed")
  .meta({ description: "Why, for those who read it later." });

export const AcknowledgeBody = z.strictObject({ reason: reason.optional() });
export const MuteBody = z.strictObject({
  reason,
  scope: z.enum(MUTE_SCOPES).default("finding"),
  until: instant.nullable().default(null).meta({ description: "When the mute ends by itself; null for never." }),
});
export const UnmuteBody = z.strictObject({ reason, scope: z.enum(MUTE_SCOPES).default("finding") });
